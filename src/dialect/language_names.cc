// SPDX-License-Identifier: Apache-2.0
#include "dialect/language_names.h"

#include <utility>

namespace tutti::dialect {
namespace {

constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"af", "afrikaans"}, {"ar", "arabic"},     {"az", "azerbaijani"}, {"be", "belarusian"},
    {"bg", "bulgarian"}, {"bn", "bengali"},    {"bs", "bosnian"},     {"ca", "catalan"},
    {"cs", "czech"},     {"cy", "welsh"},      {"da", "danish"},      {"de", "german"},
    {"el", "greek"},     {"en", "english"},    {"es", "spanish"},     {"et", "estonian"},
    {"eu", "basque"},    {"fa", "persian"},    {"fi", "finnish"},     {"fr", "french"},
    {"gl", "galician"},  {"gu", "gujarati"},   {"he", "hebrew"},      {"hi", "hindi"},
    {"hr", "croatian"},  {"hu", "hungarian"},  {"hy", "armenian"},    {"id", "indonesian"},
    {"is", "icelandic"}, {"it", "italian"},    {"ja", "japanese"},    {"ka", "georgian"},
    {"kk", "kazakh"},    {"km", "khmer"},      {"kn", "kannada"},     {"ko", "korean"},
    {"lo", "lao"},       {"lt", "lithuanian"}, {"lv", "latvian"},     {"mk", "macedonian"},
    {"ml", "malayalam"}, {"mn", "mongolian"},  {"mr", "marathi"},     {"ms", "malay"},
    {"my", "burmese"},   {"ne", "nepali"},     {"nl", "dutch"},       {"no", "norwegian"},
    {"pa", "punjabi"},   {"pl", "polish"},     {"ps", "pashto"},      {"pt", "portuguese"},
    {"ro", "romanian"},  {"ru", "russian"},    {"si", "sinhala"},     {"sk", "slovak"},
    {"sl", "slovenian"}, {"so", "somali"},     {"sq", "albanian"},    {"sr", "serbian"},
    {"sv", "swedish"},   {"sw", "swahili"},    {"ta", "tamil"},       {"te", "telugu"},
    {"tg", "tajik"},     {"th", "thai"},       {"tl", "tagalog"},     {"tr", "turkish"},
    {"uk", "ukrainian"}, {"ur", "urdu"},       {"uz", "uzbek"},       {"vi", "vietnamese"},
    {"yo", "yoruba"},    {"yue", "cantonese"}, {"zh", "chinese"},
};

}  // namespace

std::string_view english_name_of(std::string_view tag) {
    const auto primary = tag.substr(0, tag.find('-'));
    for (const auto& [code, name] : kNames)
        if (code == primary) return name;
    return tag;
}

}  // namespace tutti::dialect

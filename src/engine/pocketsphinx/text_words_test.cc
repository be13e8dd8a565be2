// SPDX-License-Identifier: Apache-2.0
#include "engine/pocketsphinx/text_words.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tutti::engine {
namespace {

bool is_known(const std::string& entry) {
    static const std::set<std::string> kEntries{"the",  "plan",   "well", "known", "o'neil's",
                                                "a.m.", "e-mail", "mail", "'tis",  "e"};
    return kEntries.contains(entry);
}

// "spelling=entry+entry ..." and what is unknown behind a bar.
std::string told(std::string_view text) {
    std::string out;
    const auto reading = read_text(text, is_known);
    for (const auto& [spelling, entries] : reading.words) {
        out += out.empty() ? "" : " ";
        out += spelling + '=';
        for (const auto& entry : entries) out += (out.back() == '=' ? "" : "+") + entry;
    }
    for (const auto& spelling : reading.unknown) out += '|' + spelling;
    return out;
}

TEST(ReadText, FindsTheWordInItsSpelling) {
    struct Case {
        std::string_view text, expected;
    };
    const Case cases[] = {
        {"", ""},
        {" \t\r\n ", ""},
        {"the plan", "the=the plan=plan"},
        {"\nThe,  PLAN!\r\n", "The,=the PLAN!=plan"},
        {"\"(the) plan...\"", "\"(the)=the plan...\"=plan"},
        {"\xe2\x80\x9cthe plan\xe2\x80\xa6\xe2\x80\x9d",
         "\xe2\x80\x9cthe=the plan\xe2\x80\xa6\xe2\x80\x9d=plan"},
        {"\xc2\xabthe\xc2\xbb", "\xc2\xabthe\xc2\xbb=the"},
        {"O\xe2\x80\x99Neil\xe2\x80\x99s", "O\xe2\x80\x99Neil\xe2\x80\x99s=o'neil's"},
        {"'the 'Tis", "'the=the 'Tis='tis"},
        {"A.M. a.m.,", "A.M.=a.m. a.m.,=a.m."},
        {"e-mail", "e-mail=e-mail"},
        {"well-known the/plan", "well-known=well+known the/plan=the+plan"},
        {"well\xe2\x80\x94known", "well\xe2\x80\x94known=well+known"},
        {"the\xc2\xa0plan", "the\xc2\xa0plan=the+plan"},
        {"the - plan -- \xe2\x80\x94 ...", "the=the plan=plan"},
        {"the-", "the-=the"},
        {"42 the plan's xyz 42", "the=the|42|plan's|xyz"},
        {"well-xyz", "|well-xyz"},
        {"\xc3\xa9 \xe4\xbd\xa0", "|\xc3\xa9|\xe4\xbd\xa0"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(told(text), expected) << text;
}

TEST(ReadText, NamesTheFirstUnknownOnly) {
    std::string text;
    for (int n = 0; n < 20'000; ++n) text += 'x' + std::to_string(n) + ' ';
    const auto reading = read_text(text, is_known);
    EXPECT_TRUE(reading.words.empty());
    EXPECT_EQ(reading.unknown.size(), 20u);
    EXPECT_EQ(reading.unknown.back(), "x19");
}

TEST(ReadText, AnyBytesAreRead) {
    std::mt19937 random(7);
    const std::string_view alphabet = "the plan-/'.\xe2\x80\x99\xc2\xa0\xc3 \n";
    for (int n = 0; n < 5000; ++n) {
        std::string text;
        for (auto size = random() % 12; size > 0; --size)
            text += alphabet[random() % alphabet.size()];
        for (const auto& word : read_text(text, is_known).words)
            EXPECT_FALSE(word.entries.empty() || word.spelling.empty());
    }
}

}  // namespace
}  // namespace tutti::engine

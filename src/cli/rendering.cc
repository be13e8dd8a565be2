// SPDX-License-Identifier: Apache-2.0
#include "cli/rendering.h"

#include "base/log.h"
#include "dialect/json_text.h"
#include "dialect/subtitles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tutti::cli {
namespace {

using proto::Millis;

std::string text_member(const json::object& object, std::string_view name) {
    return std::string(dialect::find_string(object, name).value_or(""));
}

Millis time_member(const json::object& object, std::string_view name) {
    static constexpr double kLongest = 1e9;
    const auto* member = object.if_contains(name);
    if (!member || !member->is_number()) return Millis(0);
    const auto seconds = member->to_number<double>();
    if (!(seconds > 0)) return Millis(0);
    return Millis(std::llround(std::min(seconds, kLongest) * 1000));
}

template <class Item, class Make>
std::vector<Item> items_of(const json::object& object, std::string_view name, Make make) {
    std::vector<Item> out;
    const auto* member = object.if_contains(name);
    if (!member || !member->is_array()) return out;
    for (const auto& item : member->get_array())
        if (item.is_object()) out.push_back(make(item.get_object()));
    return out;
}

proto::Utterance utterance_of(const json::object& segment) {
    proto::Utterance out;
    out.text = text_member(segment, "text");
    out.start = time_member(segment, "start");
    out.end = time_member(segment, "end");
    return out;
}

proto::Word word_of(const json::object& word) {
    return {.text = text_member(word, "word"),
            .start = time_member(word, "start"),
            .end = time_member(word, "end")};
}

std::string render_json(const json::object& finished, std::string_view label) {
    json::object out;
    if (!label.empty()) out["file"] = label;
    for (const auto& member : finished) out[member.key()] = member.value();
    return dialect::to_text(out) + '\n';
}

std::string render_text(const json::object& finished, std::string_view label) {
    const auto text = text_member(finished, "text");
    if (label.empty()) return text + '\n';
    return fmt::format("== {}\n{}\n", log::printable(label), text);
}

}  // namespace

std::string_view name_of(Format format) {
    switch (format) {
        case Format::txt:
            return "txt";
        case Format::srt:
            return "srt";
        case Format::vtt:
            return "vtt";
        case Format::json:
            return "json";
    }
    return "txt";
}

proto::Transcript transcript_of(const json::object& finished) {
    proto::Transcript out;
    out.utterances = items_of<proto::Utterance>(finished, "segments", utterance_of);
    auto words = items_of<proto::Word>(finished, "words", word_of);
    if (out.utterances.empty()) {
        if (words.empty()) return out;
        out.utterances.push_back({.text = text_member(finished, "text"),
                                  .start = words.front().start,
                                  .end = words.back().end});
    }
    std::size_t at = 0;
    for (auto& word : words) {
        while (at + 1 < out.utterances.size() && out.utterances[at + 1].start <= word.start) ++at;
        out.utterances[at].words.push_back(std::move(word));
    }
    out.duration = out.utterances.back().end;
    return out;
}

std::string render(const json::object& finished, Format format, std::string_view label) {
    switch (format) {
        case Format::txt:
            return render_text(finished, label);
        case Format::srt:
            return dialect::render_srt(transcript_of(finished));
        case Format::vtt:
            return dialect::render_vtt(transcript_of(finished));
        case Format::json:
            return render_json(finished, label);
    }
    return {};
}

}  // namespace tutti::cli

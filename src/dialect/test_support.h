// SPDX-License-Identifier: Apache-2.0
// What this folder's tests share: small transcripts, queries, and JSON taken apart. Tests only.
#pragma once

#include "dialect/live.h"
#include "dialect/query.h"
#include "proto/transcript.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect::test {

inline boost::json::value parsed(std::string_view text) {
    return boost::json::parse(text);
}

inline boost::json::value sent(const Command& command) {
    const auto* text = std::get_if<SendText>(&command);
    if (!text) throw std::runtime_error("the command sends no text");
    return parsed(text->text);
}

inline Fields fields(std::initializer_list<std::pair<std::string, std::string>> items) {
    Fields out;
    for (const auto& [name, value] : items) out.add(name, value);
    return out;
}

// Words of 200 ms each, 100 ms apart, the first at `start`; the utterance covers 100 ms more on
// both sides.
inline proto::Utterance utterance(std::string_view text, Millis start) {
    proto::Utterance out;
    out.text = text;
    out.start = start - Millis(100);
    Millis at = start;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find(' ', begin), text.size());
        out.words.push_back(
            {std::string(text.substr(begin, end - begin)), at, at + Millis(200), 0.9f});
        at += Millis(300);
        begin = end + 1;
    }
    out.end = at;
    out.confidence = out.words.empty() ? 0 : 0.9f;
    return out;
}

inline proto::Transcript transcript() {
    proto::Transcript out;
    out.utterances = {utterance("good day", Millis(100)), utterance("to you all", Millis(4000))};
    out.duration = Millis(5250);
    out.model = "en-us";
    out.language = "en";
    return out;
}

inline std::string random_bytes(std::mt19937& random, std::size_t size) {
    std::string out(size, '\0');
    for (auto& c : out) c = static_cast<char>(random());
    return out;
}

// Control messages that have broken JSON readers elsewhere.
inline std::vector<std::string> hostile_json() {
    using namespace std::string_literals;
    return {std::string(100000, '['),
            std::string(100000, '{'),
            "{\"type\":" + std::string(100000, '[') + std::string(100000, ']') + "}",
            "{\"type\":1e999999}",
            "{\"type\":" + std::string(5000, '9') + "}",
            "{\"type\":NaN}",
            "{\"type\":\"\\ud800\"}",
            "{\"type\":\"a\0b\"}"s,
            "{\"type\":\"a\\u0000b\"}",
            "{\"type\":\"x\",\"type\":7}",
            "\0"s,
            "",
            "null",
            "\"type\"",
            "[{\"type\":\"CloseStream\"}]",
            "{\"type\":null}",
            "{}",
            "{\"type\":\"CloseStream\"} trailing"};
}

}  // namespace tutti::dialect::test

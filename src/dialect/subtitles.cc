// SPDX-License-Identifier: Apache-2.0
#include "dialect/subtitles.h"

#include "dialect/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace tutti::dialect {
namespace {

using proto::Millis;

constexpr std::size_t kLineWidth = 42;
constexpr std::size_t kLineLimit = 2;
constexpr Millis kLongestCue{7000};

struct Token {
    std::string text;
    Millis start;
    Millis end;
};

struct Cue {
    std::vector<std::string> lines;
    Millis start;
    Millis end;
};

std::vector<std::string_view> split_words(std::string_view text) {
    static constexpr std::string_view kSpace = " \t\r\n";
    std::vector<std::string_view> out;
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
        if (text.empty()) return out;
        const auto end = std::min(text.find_first_of(kSpace), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::string without_arrows(std::string_view text) {
    static constexpr std::string_view kArrow = "-->";
    std::string out(text);
    for (auto at = out.find(kArrow); at != std::string::npos; at = out.find(kArrow, at))
        out.replace(at, kArrow.size(), "\xe2\x86\x92");
    return out;
}

// The text's own words, which may carry punctuation, with the times of the recognised ones when
// both agree in number.
std::vector<Token> tokens_of(const proto::Utterance& utterance) {
    const auto texts = split_words(utterance.text);
    std::vector<Token> out;
    if (!utterance.words.empty() && utterance.words.size() != texts.size()) {
        for (const auto& word : utterance.words)
            for (const auto part : split_words(word.text))
                out.push_back({without_arrows(part), word.start, word.end});
        return out;
    }
    const auto count = static_cast<std::int64_t>(texts.size());
    const auto length = utterance.end - utterance.start;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (utterance.words.empty())
            out.push_back({without_arrows(texts[at]), utterance.start + length * i / count,
                           utterance.start + length * (i + 1) / count});
        else
            out.push_back(
                {without_arrows(texts[at]), utterance.words[at].start, utterance.words[at].end});
    }
    return out;
}

// Adds the token to the cue's text if it fits.
bool extend(Cue& cue, const Token& token) {
    if (token.end - cue.start > kLongestCue) return false;
    auto& line = cue.lines.back();
    if (character_count(line) + 1 + character_count(token.text) <= kLineWidth)
        line += ' ' + token.text;
    else if (cue.lines.size() < kLineLimit)
        cue.lines.push_back(token.text);
    else
        return false;
    cue.end = std::max(cue.end, token.end);
    return true;
}

std::vector<Cue> cues_of(const proto::Transcript& transcript) {
    std::vector<Cue> cues;
    for (const auto& utterance : transcript.utterances) {
        bool begins_cue = true;
        for (const auto& token : tokens_of(utterance)) {
            if (begins_cue || !extend(cues.back(), token))
                cues.push_back(
                    {{token.text}, token.start, std::max(token.end, token.start + Millis(1))});
            begins_cue = false;
        }
    }
    return cues;
}

std::string clock(Millis time, char decimal_mark) {
    const auto ms = time.count();
    return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                       decimal_mark, ms % 1000);
}

std::string escaped_for_vtt(std::string_view text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

std::string render_srt(const proto::Transcript& transcript) {
    std::string out;
    int number = 0;
    for (const auto& cue : cues_of(transcript)) {
        out += fmt::format("{}\n{} --> {}\n", ++number, clock(cue.start, ','), clock(cue.end, ','));
        for (const auto& line : cue.lines) out += line + '\n';
        out += '\n';
    }
    return out;
}

std::string render_vtt(const proto::Transcript& transcript) {
    std::string out = "WEBVTT\n\n";
    for (const auto& cue : cues_of(transcript)) {
        out += fmt::format("{} --> {}\n", clock(cue.start, '.'), clock(cue.end, '.'));
        for (const auto& line : cue.lines) out += escaped_for_vtt(line) + '\n';
        out += '\n';
    }
    return out;
}

}  // namespace tutti::dialect

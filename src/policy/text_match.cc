// SPDX-License-Identifier: Apache-2.0
#include "policy/text_match.h"

#include <algorithm>

namespace tutti::policy {
namespace {

constexpr std::string_view kWhite = " \t\r\n\f\v";

// How a cell of the table is reached best.
enum class Step : std::uint8_t { both, text_only, heard_only };

struct HeardWord {
    std::string text;
    std::size_t stretch;
};

// A dash or an ellipsis is no word.
bool is_spoken(std::string_view word) {
    return std::ranges::any_of(word, [](char c) {
        return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
               (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const auto begin = text.find_first_not_of(kWhite);
        if (begin == std::string_view::npos) return words;
        text.remove_prefix(begin);
        const auto end = std::min(text.find_first_of(kWhite), text.size());
        if (is_spoken(text.substr(0, end))) words.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::string bare(std::string_view word) {
    std::string out;
    for (const char c : word) {
        if (c >= 'A' && c <= 'Z')
            out += static_cast<char>(c | 0x20);
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out += c;
    }
    return out;
}

// The edit distance's table: row by word of the text, column by word heard.
class Table {
  public:
    Table(const std::vector<std::string>& text, const std::vector<HeardWord>& heard)
        : width_(heard.size() + 1), steps_((text.size() + 1) * width_, Step::heard_only) {
        std::vector<std::uint32_t> above(width_), row(width_);
        for (std::size_t j = 0; j < width_; ++j) above[j] = static_cast<std::uint32_t>(j);
        for (std::size_t i = 1; i <= text.size(); ++i) {
            row[0] = static_cast<std::uint32_t>(i);
            at(i, 0) = Step::text_only;
            for (std::size_t j = 1; j < width_; ++j) {
                const auto both = above[j - 1] + (text[i - 1] == heard[j - 1].text ? 0 : 1);
                row[j] = std::min({both, above[j] + 1, row[j - 1] + 1});
                at(i, j) = row[j] == both           ? Step::both
                           : row[j] == above[j] + 1 ? Step::text_only
                                                    : Step::heard_only;
            }
            std::swap(above, row);
        }
    }
    Step& at(std::size_t i, std::size_t j) { return steps_[i * width_ + j]; }

  private:
    std::size_t width_;
    std::vector<Step> steps_;
};

// For each word of the text, the stretch it belongs to. REQUIRES: something was heard.
std::vector<std::size_t> assign(const std::vector<std::string>& text,
                                const std::vector<HeardWord>& heard) {
    Table table(text, heard);
    std::vector<std::size_t> stretches(text.size());
    for (auto i = text.size(), j = heard.size(); i > 0;) {
        const auto step = table.at(i, j);
        if (step != Step::heard_only) {
            --i;
            stretches[i] = heard[j > 0 ? j - 1 : 0].stretch;
        }
        if (step != Step::text_only) --j;
    }
    return stretches;
}

void append_word(std::string& text, std::string_view word) {
    if (!text.empty()) text += ' ';
    text += word;
}

}  // namespace

std::vector<std::string> match_text(std::string_view text,
                                    const std::vector<std::vector<std::string>>& heard) {
    std::vector<std::string> pieces(heard.size());
    const auto words = words_of(text);
    std::vector<std::string> bare_words;
    for (const auto word : words) bare_words.push_back(bare(word));
    std::vector<HeardWord> bare_heard;
    for (std::size_t n = 0; n < heard.size(); ++n)
        for (const auto& word : heard[n]) bare_heard.push_back({bare(word), n});
    if (bare_heard.empty()) return pieces;
    const auto stretches = assign(bare_words, bare_heard);
    for (std::size_t n = 0; n < words.size(); ++n) append_word(pieces[stretches[n]], words[n]);
    return pieces;
}

std::size_t count_words(std::string_view text) {
    return words_of(text).size();
}

proto::Utterance spread_words(std::string_view piece, proto::Millis start, proto::Millis end) {
    proto::Utterance utterance{.text = {}, .words = {}, .start = start, .end = end};
    const auto words = words_of(piece);
    const auto border = [&](std::size_t n) {
        return start + (end - start) * static_cast<std::int64_t>(n) /
                           static_cast<std::int64_t>(std::max<std::size_t>(words.size(), 1));
    };
    for (std::size_t n = 0; n < words.size(); ++n) {
        append_word(utterance.text, words[n]);
        utterance.words.push_back({std::string(words[n]), border(n), border(n + 1), 0});
    }
    return utterance;
}

}  // namespace tutti::policy

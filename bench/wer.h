// SPDX-License-Identifier: Apache-2.0
// Word errors of a transcript against its reference: the fewest words to substitute, delete and
// insert that make one the other. Case and punctuation do not count.
//
//   count_word_errors("He was not.", "he is not so").rate()  ->  2 errors in 3 words
#pragma once

#include <cctype>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::bench {

// Lower-case runs of letters, digits and the apostrophes inside them. Bytes of UTF-8 beyond ASCII
// count as letters and are not folded.
inline std::vector<std::string> normalised_words(std::string_view text) {
    const auto is_letter = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 || std::isalnum(byte) != 0;
    };
    std::vector<std::string> words;
    bool in_word = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool joins =
            in_word && text[i] == '\'' && i + 1 < text.size() && is_letter(text[i + 1]);
        if (!is_letter(text[i]) && !joins) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    }
    return words;
}

struct WordErrors {
    int substitutions = 0;
    int deletions = 0;
    int insertions = 0;
    int reference_words = 0;

    int total() const { return substitutions + deletions + insertions; }
    // An empty reference has no rate; what was inserted there counts in a sum.
    double rate() const { return reference_words == 0 ? 0 : double(total()) / reference_words; }

    WordErrors& operator+=(const WordErrors& other) {
        substitutions += other.substitutions;
        deletions += other.deletions;
        insertions += other.insertions;
        reference_words += other.reference_words;
        return *this;
    }
    bool operator==(const WordErrors&) const = default;
};

inline WordErrors count_word_errors(std::string_view reference, std::string_view hypothesis) {
    const auto wanted = normalised_words(reference), heard = normalised_words(hypothesis);
    const auto fewer = [](const WordErrors& a, const WordErrors& b) {
        return a.total() < b.total();
    };

    // row[j]: the errors between the first i wanted words and the first j heard ones.
    std::vector<WordErrors> row(heard.size() + 1);
    for (std::size_t j = 0; j < heard.size(); ++j) {
        row[j + 1] = row[j];
        ++row[j + 1].insertions;
    }
    for (const auto& word : wanted) {
        WordErrors diagonal = row[0];
        ++row[0].deletions;
        for (std::size_t j = 0; j < heard.size(); ++j) {
            WordErrors substituted = diagonal, deleted = row[j + 1], inserted = row[j];
            substituted.substitutions += word != heard[j];
            ++deleted.deletions;
            ++inserted.insertions;
            diagonal = row[j + 1];
            row[j + 1] = std::min({substituted, deleted, inserted}, fewer);
        }
    }
    row.back().reference_words = static_cast<int>(wanted.size());
    return row.back();
}

}  // namespace tutti::bench

// SPDX-License-Identifier: Apache-2.0
// wer REFERENCE HYPOTHESIS: word errors of every file of the reference, and of all together. A
// file that has no hypothesis counts as one in which nothing was heard.
#include "base/error.h"
#include "base/exit_code.h"

#include "transcripts.h"
#include "wer.h"
#include <fmt/format.h>

#include <fstream>
#include <map>

namespace tutti::bench {
namespace {

using Texts = std::map<std::string, std::string>;

Result<Texts> load_transcripts(const char* path) {
    std::ifstream file(path);
    if (!file) return errno_error(fmt::format("open {}", path));
    Texts texts;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (trimmed(line).empty()) continue;
        auto entry = transcript_line(line);
        if (!entry)
            return Error(Errc::bad_request, fmt::format("{}:{}: no transcript", path, number));
        if (!texts.emplace(std::move(entry->name), std::move(entry->text)).second)
            return Error(Errc::bad_request, fmt::format("{}:{}: name used twice", path, number));
    }
    return texts;
}

void print(std::string_view name, const WordErrors& errors) {
    fmt::print("{}\twords {}\tsub {}\tdel {}\tins {}\tWER {:.2f} %\n", name, errors.reference_words,
               errors.substitutions, errors.deletions, errors.insertions, 100 * errors.rate());
}

void compare(const Texts& reference, const Texts& hypothesis) {
    WordErrors sum;
    for (const auto& [name, text] : reference) {
        const auto heard = hypothesis.find(name);
        if (heard == hypothesis.end()) fmt::print(stderr, "no hypothesis for {}\n", name);
        const auto errors =
            count_word_errors(text, heard == hypothesis.end() ? std::string() : heard->second);
        print(name, errors);
        sum += errors;
    }
    print("total", sum);
}

int run(int argc, char** argv) {
    if (argc != 3) {
        fmt::print(stderr, "usage: wer REFERENCE HYPOTHESIS\n");
        return exit_code::usage;
    }
    const auto reference = load_transcripts(argv[1]), hypothesis = load_transcripts(argv[2]);
    for (const auto* texts : {&reference, &hypothesis}) {
        if (*texts) continue;
        fmt::print(stderr, "{}\n", texts->error().message());
        return exit_code::failed;
    }
    compare(*reference, *hypothesis);
    return exit_code::ok;
}

}  // namespace
}  // namespace tutti::bench

int main(int argc, char** argv) {
    return tutti::bench::run(argc, argv);
}

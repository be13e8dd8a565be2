// SPDX-License-Identifier: Apache-2.0
// The command `tutti transcribe`.
//
//   TranscribeOptions options;
//   options.add_to(command);  // it must outlive the parsing
//   return run_transcribe(options, program_dir);
#pragma once

#include "cli/rendering.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tutti::cli {

struct TranscribeOptions {
    std::vector<std::string> files;
    std::optional<std::string> server;  // nullopt = the usual one if it is there, or one of our own
    Format format = Format::txt;
    std::string output;  // empty = standard output
    std::string model;   // empty = the server's default
    std::string language;

    void add_to(CLI::App& command);
};

// `program_dir` is where the programs of a server lie. Returns ok if every file was transcribed,
// failed if one was not, unavailable without a server, 128 + n when signal n ended it.
int run_transcribe(const TranscribeOptions& options, std::filesystem::path program_dir);

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
// Which file's text goes where.
//
//   auto jobs = plan_jobs(files, "subtitles/", Format::srt, OutputKind::folder);
//
// Pure but for asking whether an output is its own input. Errors (two inputs with one output, an
// input that would be overwritten) are Errc::bad_parameter.
#pragma once

#include "base/error.h"
#include "cli/rendering.h"

#include <filesystem>
#include <string>
#include <vector>

namespace tutti::cli {

struct Job {
    std::string input;             // as the user wrote it
    std::filesystem::path output;  // empty = standard output
    std::string label;             // tells it apart on a standard output it shares; else empty
};

enum class OutputKind { standard, file, folder };

// What -o means: a folder if it is one, ends in '/' or has to take several files.
OutputKind output_kind(const std::string& output, std::size_t file_count);

Result<std::vector<Job>> plan_jobs(const std::vector<std::string>& files, const std::string& output,
                                   Format format, OutputKind kind);

// Makes the folder, or checks that the file's is there, before anything is recognised.
Result<void> prepare_output(const std::string& output, OutputKind kind);

// To the job's file, or to standard output.
Result<void> write_output(const Job& job, const std::string& text);

}  // namespace tutti::cli

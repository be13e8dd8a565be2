// SPDX-License-Identifier: Apache-2.0
#include "cli/outputs.h"

#include "base/log.h"

#include <cerrno>
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <memory>

namespace tutti::cli {
namespace {

namespace fs = std::filesystem;

fs::path output_of(const std::string& input, const std::string& output, Format format,
                   OutputKind kind) {
    if (kind == OutputKind::standard) return {};
    if (kind == OutputKind::file) return output;
    auto name = fs::path(input).stem();
    name += '.';
    name += name_of(format);
    return fs::path(output) / name;
}

bool is_same_file(const fs::path& a, const fs::path& b) {
    std::error_code absent;
    return fs::equivalent(a, b, absent) && fs::is_regular_file(a, absent);
}

Error clash(const std::string& what) {
    return Error(Errc::bad_parameter, what);
}

Result<void> write_all(std::FILE* file, const std::string& text, const std::string& name) {
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (!is_written || std::fflush(file) != 0) return errno_error("cannot write " + name);
    return {};
}

}  // namespace

OutputKind output_kind(const std::string& output, std::size_t file_count) {
    if (output.empty()) return OutputKind::standard;
    std::error_code absent;
    const bool is_folder =
        output.ends_with('/') || file_count > 1 || fs::is_directory(output, absent);
    return is_folder ? OutputKind::folder : OutputKind::file;
}

Result<std::vector<Job>> plan_jobs(const std::vector<std::string>& files, const std::string& output,
                                   Format format, OutputKind kind) {
    std::vector<Job> jobs;
    std::map<fs::path, std::string> taken;
    for (const auto& input : files) {
        Job job{input, output_of(input, output, format, kind), {}};
        if (kind == OutputKind::standard) {
            if (files.size() > 1) job.label = input;
            jobs.push_back(std::move(job));
            continue;
        }
        if (is_same_file(job.output, input))
            return clash(fmt::format("{} would be overwritten by its own transcript",
                                     log::printable(input)));
        const auto [other, is_new] = taken.emplace(job.output, input);
        if (!is_new)
            return clash(fmt::format("{} and {} would both be written to {}",
                                     log::printable(other->second), log::printable(input),
                                     log::printable(job.output.string())));
        jobs.push_back(std::move(job));
    }
    return jobs;
}

Result<void> prepare_output(const std::string& output, OutputKind kind) {
    std::error_code failure;
    if (kind == OutputKind::folder) {
        fs::create_directories(output, failure);
        if (failure) return Error(failure, "cannot make the folder " + log::printable(output));
    } else if (kind == OutputKind::file) {
        const auto folder = fs::path(output).parent_path();
        if (!folder.empty() && !fs::is_directory(folder, failure))
            return Error(Errc::bad_parameter,
                         fmt::format("there is no folder {}", log::printable(folder.string())));
    }
    return {};
}

Result<void> write_output(const Job& job, const std::string& text) {
    if (job.output.empty()) return write_all(stdout, text, "standard output");
    const auto name = log::printable(job.output.string());
    std::FILE* const file = std::fopen(job.output.c_str(), "we");
    if (!file) return errno_error("cannot write " + name);
    const auto written = write_all(file, text, name);
    if (std::fclose(file) != 0 && written) return errno_error("cannot write " + name);
    return written;
}

}  // namespace tutti::cli

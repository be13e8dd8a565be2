// SPDX-License-Identifier: Apache-2.0
#include "cli/transcribe.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "cli/outputs.h"
#include "cli/transcribe_run.h"

#include <CLI/CLI.hpp>
#include <csignal>

#include <cstdio>
#include <map>

namespace tutti::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  tutti transcribe talk.mp3\n"
    "  tutti transcribe film.mkv --format srt -o film.srt\n"
    "  tutti transcribe *.wav --format json -o transcripts/\n"
    "  tutti transcribe --server http://speech.example:8000 --language en call.ogg\n"
    "\n"
    "Without --server, a server at http://127.0.0.1:8000 is used; if there is none, one is\n"
    "started for this run. Exit status: 0 all files done, 1 some failed, 69 no server.";

const std::map<std::string, Format> kFormats = {
    {"txt", Format::txt}, {"srt", Format::srt}, {"vtt", Format::vtt}, {"json", Format::json}};

int fail(const Error& error, int code) {
    std::fprintf(stderr, "tutti: %s\n", error.message().c_str());
    return code;
}

}  // namespace

void TranscribeOptions::add_to(CLI::App& command) {
    command.add_option("FILE", files, "Audio or video files")->required();
    command
        .add_option_function<std::string>(
            "-f,--format", [this](const std::string& name) { format = kFormats.at(name); },
            "txt, srt, vtt or json (words and segments with times)")
        ->check(CLI::IsMember(kFormats).description(""))
        ->type_name("FORMAT")
        ->default_str("txt");
    command.add_option("-o,--output", output, "File to write, or folder for several")
        ->type_name("PATH");
    command.add_option("-m,--model", model, "Model to use")->type_name("NAME");
    command.add_option("-l,--language", language, "Language that is spoken, as en or de")
        ->type_name("CODE");
    command.add_option("--server", server, "Server to use")
        ->type_name("URL")
        ->envname("TUTTI_SERVER");
    command.footer(kExamples);
}

int run_transcribe(const TranscribeOptions& options, std::filesystem::path program_dir) {
    log::init("transcribe", "error");
    // A reader of our output that goes away is an error to report: we may have a server to end.
    std::signal(SIGPIPE, SIG_IGN);
    const auto address = parse_server_address(options.server.value_or(kUsualServer));
    if (!address) return fail(address.error(), exit_code::usage);
    const auto kind = output_kind(options.output, options.files.size());
    auto jobs = plan_jobs(options.files, options.output, options.format, kind);
    if (!jobs) return fail(jobs.error(), exit_code::usage);
    if (auto ready = prepare_output(options.output, kind); !ready)
        return fail(ready.error(), exit_code::failed);
    TranscribeRun run({.options = options,
                       .address = *address,
                       .jobs = std::move(*jobs),
                       .program_dir = std::move(program_dir)});
    return run.run();
}

}  // namespace tutti::cli

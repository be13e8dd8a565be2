// SPDX-License-Identifier: Apache-2.0
#include "cli/models.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "cli/human_units.h"
#include "cli/models_report.h"
#include "cli/progress_line.h"
#include "cli/status_line.h"
#include "config/load.h"

#include "depot/pull.h"
#include "depot/verify.h"
#include <csignal>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

namespace tutti::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kSignalExit = 128;

volatile std::sig_atomic_t interrupted_by = 0;

void note_signal(int signal) {
    interrupted_by = signal;
}

// Work is ended in order: a pull keeps what it has for the next one.
void catch_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction now {};
        // What a shell or nohup has us ignore stays so.
        if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler == SIG_IGN) continue;
        struct sigaction ours {};
        ours.sa_handler = note_signal;
        ::sigaction(signal, &ours, nullptr);
    }
}

int fail(const Error& error, int code) {
    std::fprintf(stderr, "tutti: %s\n", error.message().c_str());
    return code;
}

int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) == 0) return exit_code::ok;
    return fail(errno_error("standard output"), exit_code::failed);
}

Stage stage_of(depot::Stage stage) {
    if (stage == depot::Stage::downloading) return Stage::downloading;
    return stage == depot::Stage::unpacking ? Stage::unpacking : Stage::verifying;
}

// Work that shows itself on the terminal's last line and ends with a signal.
depot::Work watched(StatusLine& status, const std::string& name) {
    return {.on_progress =
                [&status, name](depot::Stage stage, std::uint64_t done, std::uint64_t total) {
                    if (!status.is_due()) return;
                    const Progress at{stage_of(stage), static_cast<double>(done),
                                      static_cast<double>(total)};
                    status.show(progress_line(name, at, status.width()));
                },
            .on_remark =
                [&status](const std::string& text) {
                    status.clear();
                    std::fprintf(stderr, "tutti: %s\n", text.c_str());
                },
            .is_canceled = [] { return interrupted_by != 0; }};
}

class Command {
  public:
    Command(const ModelsOptions& options, fs::path dir) : options_(options), dir_(std::move(dir)) {}

    int list() const;
    int verify();
    int pull();
    int remove();

  private:
    Result<depot::Catalogue> catalogue() const;
    int list_available() const;
    bool verify_one(const models::ModelFolder& folder);
    int code_of(const Error& error) const;
    bool is_confirmed(const models::ModelFolder& folder) const;

    const ModelsOptions& options_;
    fs::path dir_;
    StatusLine status_;
};

Result<depot::Catalogue> Command::catalogue() const {
    if (options_.catalogue.empty()) return depot::built_in_catalogue();
    std::ifstream in(options_.catalogue);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) return errno_error("read " + log::printable(options_.catalogue));
    return depot::parse_catalogue(text, log::printable(options_.catalogue));
}

int Command::list_available() const {
    const auto known = catalogue();
    if (!known) return fail(known.error(), exit_code::bad_config);
    std::set<std::string> present;
    if (const auto folders = models::find_folders(dir_))
        for (const auto& folder : *folders) present.insert(folder.id());
    return print(options_.is_json ? catalogue_json(*known, present)
                                  : catalogue_text(*known, present));
}

int Command::list() const {
    if (options_.is_available) return list_available();
    const auto models = depot::list_models(dir_);
    if (!models) return fail(models.error(), exit_code::failed);
    return print(options_.is_json ? models_json(*models) : models_text(*models, dir_.string()));
}

bool Command::verify_one(const models::ModelFolder& folder) {
    const auto id = log::printable(folder.id());
    if (!folder.card) {
        std::fprintf(stderr, "tutti: %s: %s\n", id.c_str(), folder.card.error().context.c_str());
        return false;
    }
    const auto faults = depot::find_faults(*folder.card, folder.path, watched(status_, id));
    status_.clear();
    if (!faults) return false;
    for (const auto& fault : *faults)
        std::fprintf(stderr, "tutti: %s: %s\n", id.c_str(), fault.c_str());
    if (!faults->empty()) return false;
    std::uint64_t bytes = 0;
    for (const auto& file : folder.card->files) bytes += file.size;
    print(fmt::format("{}: ok, {} files, {}\n", id, folder.card->files.size(),
                      short_size(static_cast<double>(bytes))));
    return true;
}

int Command::verify() {
    const auto folders = models::find_folders(dir_);
    if (!folders) return fail(folders.error(), exit_code::failed);
    bool is_well = true;
    for (const auto& id : options_.ids)
        if (std::ranges::count(*folders, id, &models::ModelFolder::id) == 0) {
            std::fprintf(stderr, "tutti: there is no model '%s' in %s\n",
                         log::printable(id).c_str(), dir_.c_str());
            is_well = false;
        }
    for (const auto& folder : *folders) {
        if (!options_.ids.empty() && std::ranges::count(options_.ids, folder.id()) == 0) continue;
        if (interrupted_by == 0 && !verify_one(folder)) is_well = false;
    }
    if (interrupted_by != 0) return kSignalExit + interrupted_by;
    return is_well ? exit_code::ok : exit_code::failed;
}

int Command::code_of(const Error& error) const {
    switch (error.errc()) {
        case Errc::bad_parameter:
            return exit_code::usage;
        case Errc::bad_config:
            return exit_code::bad_config;
        case Errc::unavailable:
            return exit_code::unavailable;
        default:
            return exit_code::failed;
    }
}

int Command::pull() {
    const auto known = catalogue();
    if (!known) return fail(known.error(), exit_code::bad_config);
    if (auto ready = depot::prepare(dir_); !ready)
        return fail(ready.error(), exit_code::cannot_create);
    depot::PullRequest request{
        .models_dir = dir_, .what = options_.what, .sha256 = options_.sha256};
    for (const auto& model : config::Config().known_models)
        request.reserved_ids.push_back(model.id);
    if (options_.most_bytes > 0) request.download_limits.bytes = options_.most_bytes;
    if (options_.stall_seconds > 0)
        request.download_limits.stall =
            std::chrono::milliseconds(static_cast<std::int64_t>(options_.stall_seconds * 1000));
    const auto pulled = depot::pull(request, *known, watched(status_, options_.what));
    status_.clear();
    if (!pulled && interrupted_by != 0) {
        std::fprintf(stderr,
                     "tutti: interrupted; what was downloaded is kept, and the same "
                     "command goes on from there\n");
        return kSignalExit + interrupted_by;
    }
    if (!pulled) return fail(pulled.error(), code_of(pulled.error()));
    if (!pulled->note.empty()) std::fprintf(stderr, "tutti: note: %s\n", pulled->note.c_str());
    return print(fmt::format("{}: {} in {}\n", pulled->id,
                             short_size(static_cast<double>(pulled->bytes)),
                             log::printable(pulled->folder.string(), 1000)));
}

bool Command::is_confirmed(const models::ModelFolder& folder) const {
    if (options_.is_sure) return true;
    std::fprintf(stderr, "Remove %s, %s? [y/N] ", log::printable(folder.id()).c_str(),
                 log::printable(folder.path.string(), 1000).c_str());
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

int Command::remove() {
    if (!options_.is_sure && ::isatty(STDIN_FILENO) == 0)
        return fail(Error(Errc::bad_parameter, "nobody can be asked here; say --yes"),
                    exit_code::usage);
    int code = exit_code::ok;
    for (const auto& id : options_.ids) {
        const auto folder = depot::find_model(dir_, id);
        if (!folder) {
            code = fail(folder.error(), exit_code::failed);
            continue;
        }
        const bool is_wanted = is_confirmed(*folder);
        if (interrupted_by != 0) return kSignalExit + interrupted_by;
        if (!is_wanted) {
            print(log::printable(id) + ": kept\n");
            continue;
        }
        if (auto done = depot::take_out(*folder, dir_); !done)
            code = fail(done.error(), exit_code::failed);
        else
            print(log::printable(id) + ": removed\n");
    }
    return code;
}

// Where `tutti serve` with the same file and environment has its models.
Result<fs::path> models_dir(const ModelsOptions& options) {
    if (!options.models_dir.empty()) return fs::absolute(options.models_dir);
    config::Sources sources{.environment = environ,
                            .usual_models_dir = models::usual_models_dir(),
                            .leaves_models_out = true};
    if (!options.config_file.empty()) sources.file = options.config_file;
    const auto config = config::load(sources);
    if (!config) return config.error();
    return fs::absolute(config->models_dir);
}

}  // namespace

int run_models(const ModelsOptions& options) {
    log::init("models", "warn");
    catch_signals();
    const auto dir = models_dir(options);
    if (!dir) return fail(dir.error(), exit_code::bad_config);
    Command command(options, *dir);
    switch (options.verb) {
        case ModelsOptions::Verb::list:
            return command.list();
        case ModelsOptions::Verb::verify:
            return command.verify();
        case ModelsOptions::Verb::pull:
            return command.pull();
        case ModelsOptions::Verb::remove:
            return command.remove();
    }
    return exit_code::internal;
}

}  // namespace tutti::cli

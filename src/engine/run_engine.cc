// SPDX-License-Identifier: Apache-2.0
#include "engine/run_engine.h"

#include "base/crash.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "engine/host.h"
#include "engine/silero_vad.h"
#include "runtime/privileges.h"
#include "runtime/readable.h"
#include "runtime/worker.h"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace tutti::engine {
namespace {

using Descriptor = asio::posix::stream_descriptor;

constexpr int kMostThreads = 1024;
constexpr std::string_view kInstalled = "installed";

struct Settings {
    std::size_t slot = 0;
    std::string model;
    int cores = 0;
    int live_threads = 0;
    int whole_threads = 0;
    std::size_t live_limit = 0;
    std::string log_level = "info";
    std::string log_file;
    std::string run_as;
    std::string vad;
};

void declare_flags(CLI::App& app, Settings& settings, const Backend& backend) {
    app.set_version_flag("--version", backend.name + " " + backend.version);
    app.add_option("--slot", settings.slot, "Scoreboard slot")->required();
    app.add_option("--model", settings.model, "Id of the model, as logs show it")
        ->default_val(backend.name);
    app.add_option("--cores", settings.cores, "Cores this process is to use")
        ->default_val(settings.cores)
        ->check(CLI::Range(1, 1024));
    app.add_option("--live-threads", settings.live_threads,
                   "Decode threads for live streams; by default as many as the cores are good for")
        ->check(CLI::Range(1, kMostThreads));
    app.add_option("--whole-threads", settings.whole_threads,
                   "Decode threads for files; by default the same")
        ->check(CLI::Range(1, kMostThreads));
    app.add_option("--live-limit", settings.live_limit, "Live streams accepted at once")
        ->default_val(settings.live_limit);
    app.add_option("--log-level", settings.log_level, "Least level that is logged")
        ->default_val(settings.log_level)
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    app.add_option("--log-file", settings.log_file, "File to append the log to; empty = stderr");
    app.add_option("--vad", settings.vad,
                   "File or folder of the Silero model that live streams are heard with; "
                   "\"installed\" = the one that is; empty = by energy");
    app.add_option("--run-as", settings.run_as)->group("");  // UID:GID
    for (const auto& flag : backend.flags)
        app.add_option(flag.name, *flag.value, flag.help)->default_val(*flag.value);
}

// Threads nobody asked for: as the cores allow, and as many more live ones as files have more.
void complete(Settings& settings, const Backend& backend) {
    const auto bounded = [](int n) { return std::clamp(n, 1, kMostThreads); };
    if (settings.whole_threads == 0)
        settings.whole_threads = bounded(settings.cores * backend.whole_threads_per_core);
    if (settings.live_threads == 0)
        settings.live_threads = bounded(settings.whole_threads * backend.live_threads_per_core /
                                        backend.whole_threads_per_core);
}

// Throws when what tells speech cannot be loaded.
Hearing load_hearing(const Settings& settings, const Backend& backend) {
    auto hearing = backend.hearing ? backend.hearing() : Hearing();
    if (!hearing.make_detector && !settings.vad.empty()) {
        hearing.endpoints.start_speech = hearing.endpoints.click = SileroVad::kSure;
        load_silero({.model = settings.vad == kInstalled ? std::string() : settings.vad}, hearing);
    }
    return hearing;
}

// Null when the model cannot be used.
std::unique_ptr<Host> load_host(asio::io_context& loop, runtime::Worker& worker,
                                const Settings& settings, const Backend& backend,
                                Nursery* nursery) {
    auto load_recognizer = backend.load_recognizer;
    const auto whole =
        backend.whole_traits ? backend.whole_traits() : WholeTraits{.takes_text = backend.aligns};
    try {
        if (nursery) {
            nursery->wait_until_loaded();
            load_recognizer = [nursery](proto::StreamMode mode) {
                return std::make_unique<ForkedRecognizer>(*nursery, mode);
            };
        }
        auto hearing = load_hearing(settings, backend);
        return std::make_unique<Host>(
            loop, runtime::inherited_unix_listener(loop), worker.slot(),
            HostOptions{.decode = {.load_recognizer = load_recognizer,
                                   .live_threads = settings.live_threads,
                                   .whole_threads = settings.whole_threads,
                                   .streams_per_thread = backend.streams_per_thread,
                                   .on_news = {}},
                        .live_limit = settings.live_limit,
                        .whole = whole,
                        .hearing = std::move(hearing)});
    } catch (const std::exception& e) {
        log::error("model={} cannot be loaded: {}", settings.model, e.what());
        return nullptr;
    }
}

asio::awaitable<void> serve(Host& host, runtime::Worker& worker, Descriptor& nursery_end) {
    co_await host.run();
    worker.shut_down();
    nursery_end.close();
}

// Without its nursery the engine can replace no worker. It ends at once, and says nothing to its
// streams: they are sent again to the successor.
asio::awaitable<void> watch_nursery(Descriptor& nursery_end) {
    const auto error = co_await runtime::wait_readable(nursery_end);
    if (error) co_return;
    log::error("the nursery of decode workers is gone");
    std::_Exit(exit_code::internal);
}

int run_worker(const Settings& settings, const Backend& backend, Nursery* nursery) {
    asio::io_context loop(1);
    runtime::Worker worker(loop, proto::Role::engine, settings.slot);
    const auto host = load_host(loop, worker, settings, backend, nursery);
    if (!host) return exit_code::model_failed;

    worker.oldest_work = [&] { return host->oldest_decode(); };
    int code = exit_code::ok;
    worker.on_drain = [&](const proto::Drain& drain) { host->drain(drain.limit); };
    worker.on_lost_parent = [&] {
        log::error("the supervisor is gone");
        code = exit_code::lost_parent;
        host->stop();
    };
    Descriptor nursery_end(loop);
    {
        runtime::TaskGroup tasks(loop);
        tasks.spawn("worker", worker.run());
        tasks.spawn("host", serve(*host, worker, nursery_end));
        if (nursery) {
            nursery_end.assign(::fcntl(nursery->ended_fd(), F_DUPFD_CLOEXEC, 0));
            tasks.spawn("nursery", watch_nursery(nursery_end));
        }
        worker.post_ready({.live_limit = static_cast<std::uint32_t>(settings.live_limit),
                           .whole_slots = static_cast<std::uint32_t>(settings.whole_threads),
                           .engine_version = backend.name + " " + backend.version,
                           .aligns = backend.aligns});
        log::info("ready model={} live_threads={} whole_threads={}", settings.model,
                  settings.live_threads, settings.whole_threads);
        loop.run();
    }
    // A decode cannot be interrupted, and nobody waits for its result any more.
    if (host->is_decoding()) std::_Exit(code);
    return code;
}

}  // namespace

int run_engine(int argc, char** argv, const Backend& backend) {
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    Settings settings{.cores = cores, .live_limit = backend.live_limit};
    CLI::App app("Recognition engine of Tutti, backend '" + backend.name +
                 "'. Started by the supervisor, which passes descriptors 3 to 5.");
    declare_flags(app, settings, backend);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
    }
    complete(settings, backend);
    try {
        runtime::restrict_self(settings.run_as).value();
        log::init("engine", settings.log_level, settings.log_file);
    } catch (const std::exception& e) {
        log::error("model={}: {}", settings.model, e.what());
        return exit_code::cannot_create;
    }
    crash::install();
    try {
        // Before anything that starts a thread or takes over a descriptor.
        std::optional<Nursery> nursery;
        if (backend.load_model) nursery.emplace(backend.load_model);
        return run_worker(settings, backend, nursery ? &*nursery : nullptr);
    } catch (const std::exception& e) {
        log::error("model={}: {}", settings.model, e.what());
        return exit_code::os_error;
    }
}

}  // namespace tutti::engine

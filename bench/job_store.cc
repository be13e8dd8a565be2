// SPDX-License-Identifier: Apache-2.0
// What it costs to accept a job for good: submissions a second, each acknowledged after a sync, by
// one submitter and by many at once; with and without sharing of transactions.
//
//   job_store [--folder /var/tmp] [--submitters 64] [--seconds 5] [--jobs 0]
//
// --jobs N prints also how long the store of N jobs takes to open after a crash. Exit code 1 when
// the crowd gets fewer than 200 a second, or the p95 of the crowd or of one alone is above 20 ms.
#include "base/ids.h"
#include "store/sqlite_store.h"
#include "store/wait.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace {

using namespace tutti::store;
using tutti::Result;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Load {
    std::string folder = "/var/tmp";
    int submitters = 64;
    int seconds = 5;
    int jobs = 0;
};

struct Figures {
    double per_second = 0;
    double p50 = 0;  // ms
    double p95 = 0;
};

struct Folder {
    explicit Folder(const std::string& parent)
        : path(std::filesystem::path(parent) / ("tutti-bench-" + tutti::random_hex(6))) {
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

std::unique_ptr<JobStore> open_store(const Folder& folder, std::size_t max_batch) {
    auto store = load_sqlite_store(
        {.path = folder.path / "jobs.db", .reserve_bytes = 0, .max_batch = max_batch}, read_now());
    if (store) return *std::move(store);
    fmt::print(stderr, "{}\n", store.error().message());
    std::exit(2);
}

NewJob make_job() {
    NewJob job;
    job.request = std::string(300, 'r');
    job.audio = {"/var/lib/tutti/spool/" + tutti::random_hex(16), 1'000'000, tutti::random_hex(32)};
    job.idempotency =
        IdempotencyKey{.route = "/v1/jobs", .key = tutti::random_hex(16), .fingerprint = "f"};
    return job;
}

double at_rank(const std::vector<double>& sorted, double rank) {
    return sorted[static_cast<std::size_t>(rank * static_cast<double>(sorted.size() - 1))];
}

void submit_until(JobStore& store, Clock::time_point end, std::vector<double>& waits) {
    while (Clock::now() < end) {
        const auto begun = Clock::now();
        const auto made =
            wait<Submission>([&](auto then) { store.submit(make_job(), read_now(), then); });
        if (!made) {
            fmt::print(stderr, "{}\n", made.error().message());
            std::exit(2);
        }
        waits.push_back(Milliseconds(Clock::now() - begun).count());
    }
}

Figures measure(const Load& load, int submitters, std::size_t max_batch) {
    const Folder folder(load.folder);
    const auto store = open_store(folder, max_batch);
    std::vector<std::vector<double>> waits(static_cast<std::size_t>(submitters));
    const auto end = Clock::now() + std::chrono::seconds(load.seconds);
    std::vector<std::thread> threads;
    for (auto& own : waits) threads.emplace_back([&] { submit_until(*store, end, own); });
    for (auto& thread : threads) thread.join();
    std::vector<double> all;
    for (const auto& own : waits) all.insert(all.end(), own.begin(), own.end());
    std::sort(all.begin(), all.end());
    return {static_cast<double>(all.size()) / load.seconds, at_rank(all, 0.5), at_rank(all, 0.95)};
}

// What the disk itself takes: a block written and synced, again and again.
Figures measure_disk(const Load& load) {
    const Folder folder(load.folder);
    const std::string block(4096, 'x');
    const int file = ::open((folder.path / "block").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    std::vector<double> waits;
    for (const auto end = Clock::now() + std::chrono::seconds(1); Clock::now() < end;) {
        const auto begun = Clock::now();
        if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) std::exit(2);
        waits.push_back(Milliseconds(Clock::now() - begun).count());
    }
    ::close(file);
    std::sort(waits.begin(), waits.end());
    return {static_cast<double>(waits.size()), at_rank(waits, 0.5), at_rank(waits, 0.95)};
}

// Renewals of one lease, one after another: what needs no sync.
Figures measure_renewals(const Load& load) {
    const Folder folder(load.folder);
    const auto store = open_store(folder, 256);
    (void)wait<Submission>([&](auto then) { store->submit(make_job(), read_now(), then); });
    const auto job = wait<std::optional<Job>>([&](auto then) {
                         store->lease_next({.worker = {"bench"}}, read_now(), then);
                     }).value();
    const Lease lease{job->id, job->epoch};
    std::vector<double> waits;
    for (const auto end = Clock::now() + std::chrono::seconds(1); Clock::now() < end;) {
        const auto begun = Clock::now();
        (void)wait<Hold>([&](auto then) { store->renew(lease, {}, read_now(), then); });
        waits.push_back(Milliseconds(Clock::now() - begun).count());
    }
    std::sort(waits.begin(), waits.end());
    return {static_cast<double>(waits.size()), at_rank(waits, 0.5), at_rank(waits, 0.95)};
}

void print(const std::string& what, const Figures& figures) {
    fmt::print("{:<44} {:>9.0f}/s   p50 {:>7.2f} ms   p95 {:>7.2f} ms\n", what, figures.per_second,
               figures.p50, figures.p95);
}

void fill(JobStore& store, int jobs) {
    for (int made = 0; made < jobs;) {
        std::vector<std::future<void>> told;
        for (int i = 0; i < 1000 && made < jobs; ++i, ++made) {
            auto done = std::make_shared<std::promise<void>>();
            told.push_back(done->get_future());
            store.submit(make_job(), read_now(),
                         [done](const Result<Submission>&) { done->set_value(); });
        }
        for (auto& one : told) one.wait();
    }
}

// A copy of the files of a store that is open looks like one whose processes were all killed.
void measure_opening(const Load& load) {
    const Folder folder(load.folder);
    const Folder copy(load.folder);
    const auto store = open_store(folder, 256);
    fill(*store, load.jobs);
    for (const char* name : {"jobs.db", "jobs.db-wal"})
        std::filesystem::copy_file(folder.path / name, copy.path / name);
    for (const char* what : {"after a crash", "after an orderly end"}) {
        const auto begun = Clock::now();
        open_store(copy, 256);
        fmt::print("opening {} jobs {}: {:.0f} ms\n", load.jobs, what,
                   Milliseconds(Clock::now() - begun).count());
    }
}

bool is_good(const Figures& figures) {
    return figures.per_second >= 200 && figures.p95 <= 20;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("What accepting a job costs");
    Load load;
    app.add_option("--folder", load.folder, "Where the store lies; a real disk");
    app.add_option("--submitters", load.submitters, "Of the crowd");
    app.add_option("--seconds", load.seconds, "For each measurement");
    app.add_option("--jobs", load.jobs, "How many jobs a store to open has; 0 = do not measure");
    CLI11_PARSE(app, argc, argv);

    print("the disk: 4 KiB written and synced", measure_disk(load));
    const Figures alone = measure(load, 1, 256);
    print("1 submitter", alone);
    const Figures crowd = measure(load, load.submitters, 256);
    print(fmt::format("{} submitters, shared transactions", load.submitters), crowd);
    const Figures single = measure(load, load.submitters, 1);
    print(fmt::format("{} submitters, a transaction for each", load.submitters), single);
    print("renewals of one lease (no sync)", measure_renewals(load));
    fmt::print("sharing is worth a factor of {:.1f}\n", crowd.per_second / single.per_second);
    if (load.jobs > 0) measure_opening(load);
    return is_good(crowd) && alone.p95 <= 20 ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// What the tests of the store share: a real file in a folder of its own, calls that block, and a
// clock that tests set.
#pragma once

#include "base/ids.h"
#include "store/sqlite_store.h"
#include "store/wait.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace tutti::store {

inline Now at(std::chrono::milliseconds since_start) {
    return {WallTime(std::chrono::hours(500'000) + since_start),
            BootTime(std::chrono::hours(10) + since_start)};
}
inline const Now kStart = at({});

inline const TenantId kTenant{kOnlyTenant};
inline const WorkerId kWorker{"worker-1"};

struct TempFolder {
    TempFolder() { std::filesystem::create_directories(path); }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("tutti-store-" + random_hex(8));
    std::string file() const { return path / "jobs.db"; }
};

// Calls that wait for their answer.
class Caller {
  public:
    explicit Caller(std::unique_ptr<JobStore> store) : store_(std::move(store)) {}
    JobStore& operator*() { return *store_; }
    void close() { store_.reset(); }

    Result<Submission> try_submit(NewJob job, Now now = kStart) {
        return call<Submission>(&JobStore::submit, std::move(job), now);
    }
    Job submit(NewJob job = {}, Now now = kStart) {
        auto made = try_submit(std::move(job), now).value();
        EXPECT_EQ(made.outcome, Submission::Outcome::accepted);
        return *std::move(made.job);
    }
    Lookup look_up(const JobId& id, const TenantId& tenant = kTenant) {
        return call<Lookup>(&JobStore::find, tenant, id).value();
    }
    Job find(const JobId& id) { return look_up(id).job.value(); }
    JobState state_of(const JobId& id) { return find(id).state(); }

    std::optional<Job> lease(Now now = kStart, const WorkerId& worker = kWorker) {
        return call<std::optional<Job>>(&JobStore::lease_next, LeaseRequest{.worker = worker}, now)
            .value();
    }
    Ending finish(const Job& leased, const std::string& result = "text", Now now = kStart) {
        return call<Ending>(&JobStore::finish, Lease{leased.id, leased.epoch}, result, now).value();
    }
    Ending fail(const Job& leased, Failure failure, Now now = kStart) {
        return call<Ending>(&JobStore::fail, Lease{leased.id, leased.epoch}, failure, now).value();
    }
    Command cancel(const JobId& id, Now now = kStart) {
        return call<Command>(&JobStore::cancel, kTenant, id, now).value();
    }

    // Any call: its arguments without the last.
    template <class T, class... Params, class... Args>
    Result<T> call(void (JobStore::*function)(Params...), Args&&... args) {
        return wait<T>([&](auto then) { (*store_.*function)(args..., then); });
    }

  private:
    std::unique_ptr<JobStore> store_;
};

class StoreTest : public testing::Test {
  protected:
    SqliteOptions options() const {
        return {.path = folder_.file(), .rules = rules_, .reserve_bytes = 0, .boot_id = "boot-1"};
    }
    Result<std::unique_ptr<JobStore>> try_open() { return load_sqlite_store(options(), kStart); }
    Caller open() { return Caller(try_open().value()); }

    TempFolder folder_;
    StoreRules rules_{.render_event = {}, .random = [] { return 0.5; }};
};

inline Lease lease_of(const Job& job) {
    return {job.id, job.epoch};
}

}  // namespace tutti::store

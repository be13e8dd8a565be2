// SPDX-License-Identifier: Apache-2.0
// What the store does when its disk is full, read-only, or fails to sync; and how often it syncs.
#include "store/faulty_disk.h"

#include "store/store_fixture.h"

#include <cerrno>
#include <csignal>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>
#include <mutex>

namespace tutti::store {
namespace {

// The usual layer has one table of functions for databases and one for the files beside them, told
// by the open file only. Ours differ from them in two entries.
struct Methods {
    const sqlite3_io_methods* real = nullptr;
    sqlite3_io_methods ours{};
    std::once_flag is_made;
};
Methods database_methods;
Methods log_methods;

// Read through SQLite: opening the file once more would drop the locks of this process.
std::string contents_of(sqlite3_file* file) {
    sqlite3_int64 size = 0;
    file->pMethods->xFileSize(file, &size);
    std::string bytes(static_cast<std::size_t>(size), '\0');
    file->pMethods->xRead(file, bytes.data(), static_cast<int>(size), 0);
    return bytes;
}

// Taken before the sync: what is written during it may be left out. Writer and checkpointer may
// sync the log at the same time; the later look must stay.
void remember(sqlite3_file* file, const std::string& name) {
    const std::scoped_lock lock(FaultyDisk::mutex);
    FaultyDisk::synced[name] = contents_of(file);
}

int sync_counted(sqlite3_file* file, int flags) {
    ++FaultyDisk::syncs;
    const bool is_log = file->pMethods == &log_methods.ours;
    if (is_log) ++FaultyDisk::log_syncs;
    if (FaultyDisk::fails_sync) return SQLITE_IOERR_FSYNC;
    if (FaultyDisk::is_remembering) remember(file, is_log ? "jobs.db-wal" : "jobs.db");
    return (is_log ? log_methods : database_methods).real->xSync(file, flags);
}

int write_checked(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
    const int error = FaultyDisk::write_errno;
    if (error == ENOSPC) return SQLITE_FULL;
    if (error != 0) return SQLITE_IOERR_WRITE;
    const bool is_log = file->pMethods == &log_methods.ours;
    return (is_log ? log_methods : database_methods).real->xWrite(file, bytes, size, at);
}

void wrap(Methods& methods, sqlite3_file* file) {
    std::call_once(methods.is_made, [&] {
        methods.real = file->pMethods;
        methods.ours = *file->pMethods;
        methods.ours.xSync = sync_counted;
        methods.ours.xWrite = write_checked;
    });
    file->pMethods = &methods.ours;
}

int open_wrapped(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* real = static_cast<sqlite3_vfs*>(vfs->pAppData);
    const int opened = real->xOpen(real, name, file, flags, out);
    if (opened != SQLITE_OK) return opened;
    if ((flags & SQLITE_OPEN_WAL) != 0) wrap(log_methods, file);
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) wrap(database_methods, file);
    return opened;
}

}  // namespace

void FaultyDisk::install() {
    static sqlite3_vfs vfs;
    if (sqlite3_vfs_find(kName) != nullptr) return;
    sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
    vfs = *real;
    vfs.zName = kName;
    vfs.pNext = nullptr;
    vfs.pAppData = real;
    vfs.xOpen = open_wrapped;
    sqlite3_vfs_register(&vfs, 0);
}

void FaultyDisk::write_synced(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    const std::scoped_lock lock(mutex);
    for (const auto& [name, bytes] : synced)
        std::ofstream(folder / name, std::ios::binary) << bytes;
}

namespace {

class DiskFaults : public FaultyDiskTest {
  protected:
    // Submits `count` jobs while the writer is busy with another, and waits for all. The syncs of
    // the log that these took.
    static int syncs_of_crowd(Caller& store, int count) {
        std::promise<void> go;
        std::promise<void> is_held;
        (*store).submit({}, kStart, [&](const Result<Submission>&) {
            is_held.set_value();
            go.get_future().wait();
        });
        is_held.get_future().wait();
        const int before = FaultyDisk::log_syncs;
        std::vector<std::future<bool>> answers;
        for (int i = 0; i < count; ++i) {
            auto answer = std::make_shared<std::promise<bool>>();
            answers.push_back(answer->get_future());
            (*store).submit({}, kStart, [answer](const Result<Submission>& made) {
                answer->set_value(made.has_value());
            });
        }
        go.set_value();
        for (auto& answer : answers) EXPECT_TRUE(answer.get());
        return FaultyDisk::log_syncs - before;
    }
};

TEST_F(DiskFaults, WhatWaitsTogetherIsSyncedOnce) {
    Caller store = open_faulty();
    EXPECT_EQ(syncs_of_crowd(store, 100), 1);
}

TEST_F(DiskFaults, WithoutSharingEachSubmissionIsSynced) {
    SqliteOptions options = faulty();
    options.max_batch = 1;
    Caller store(load_sqlite_store(options, kStart).value());
    EXPECT_EQ(syncs_of_crowd(store, 20), 20);
}

TEST_F(DiskFaults, OnlyWhatIsPromisedForAPowerCutIsSynced) {
    Caller store = open_faulty();
    const auto syncs_of = [&](auto&& call) {
        const int before = FaultyDisk::syncs;
        call();
        return FaultyDisk::syncs - before;
    };
    store.submit();
    Job leased;
    EXPECT_EQ(syncs_of([&] { store.submit(); }), 1);
    EXPECT_EQ(syncs_of([&] { leased = *store.lease(); }), 1);
    EXPECT_EQ(
        syncs_of([&] {
            store.call<Hold>(&JobStore::renew, lease_of(leased), Progress{}, kStart).value();
            store.call<Hold>(&JobStore::checkpoint, lease_of(leased), Segment{0, "s"}).value();
            store.call<std::vector<WebhookEvent>>(&JobStore::take_due, DueRequest{}, kStart)
                .value();
        }),
        0);
    EXPECT_EQ(syncs_of([&] { store.finish(leased); }), 1);
    EXPECT_EQ(syncs_of([&] {
                  store.call<Expired>(&JobStore::expire, kStart, 10u).value();  // nothing to do
                  store.look_up(leased.id);
              }),
              0);
}

void expect_recovers(Caller& store, int write_errno, Errc expected) {
    const Job before = store.submit();
    const Job leased = *store.lease();
    FaultyDisk::write_errno = write_errno;
    EXPECT_EQ(store.try_submit({}).error().errc(), expected);
    const auto finish =
        store.call<Ending>(&JobStore::finish, lease_of(leased), std::string("text"), kStart);
    EXPECT_EQ(finish.error().errc(), expected);
    EXPECT_EQ(store.state_of(before.id), JobState::running);
    FaultyDisk::write_errno = 0;
    EXPECT_TRUE(store.try_submit({}));
    EXPECT_EQ(store.finish(leased).state, JobState::succeeded);
}

TEST_F(DiskFaults, AFullDiskRefusesWritesUntilThereIsRoom) {
    Caller store = open_faulty();
    expect_recovers(store, ENOSPC, Errc::no_space);
}

TEST_F(DiskFaults, AReadOnlyDiskRefusesWritesUntilItIsNot) {
    Caller store = open_faulty();
    expect_recovers(store, EROFS, Errc::unavailable);
}

TEST_F(DiskFaults, AfterAFailedSyncNothingIsWrittenUntilARestart) {
    Caller store = open_faulty();
    const Job before = store.submit();
    FaultyDisk::fails_sync = true;
    EXPECT_EQ(store.try_submit({}).error().errc(), Errc::unavailable);
    FaultyDisk::fails_sync = false;
    const int syncs = FaultyDisk::syncs;
    const auto refused = store.try_submit({});
    EXPECT_EQ(refused.error().errc(), Errc::unavailable);
    EXPECT_NE(refused.error().context.find("restart"), std::string::npos);
    EXPECT_EQ(store.state_of(before.id), JobState::queued);
    store.close();
    EXPECT_EQ(FaultyDisk::syncs, syncs);
    Caller again = open_faulty();
    EXPECT_EQ(again.state_of(before.id), JobState::queued);
    EXPECT_TRUE(again.try_submit({}));
}

TEST_F(DiskFaults, AStateAndItsEventAreWrittenTogetherOrNotAtAll) {
    rules_.render_event = [](const Job& job) -> std::optional<std::string> {
        return std::string(policy::name_of(job.state()));
    };
    Caller store = open_faulty();
    const Job job = store.submit({.endpoints = {"a"}});
    const Job leased = *store.lease();
    const auto pending = [&] {
        return store.call<StoreStats>(&JobStore::load_stats)->pending_events;
    };
    EXPECT_EQ(pending(), 2);
    FaultyDisk::write_errno = ENOSPC;
    EXPECT_FALSE(
        store.call<Ending>(&JobStore::finish, lease_of(leased), std::string("text"), kStart));
    FaultyDisk::write_errno = 0;
    EXPECT_EQ(pending(), 2);
    EXPECT_EQ(store.state_of(job.id), JobState::running);
    store.finish(leased);
    EXPECT_EQ(pending(), 3);
}

// Raised again when it goes out of scope.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        signal_ = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit lowered{bytes, before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &lowered), 0);
    }
    ~FileSizeLimit() { lift(); }
    void lift() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, signal_);
    }

  private:
    rlimit before_{};
    void (*signal_)(int) = SIG_DFL;
};

std::vector<JobId> submit_until_refused(Caller& store, Errc& refusal) {
    std::vector<JobId> accepted;
    const NewJob large{.request = std::string(20'000, 'x')};
    for (int i = 0; i < 1000; ++i) {
        auto made = store.try_submit(large);
        if (!made) {
            refusal = made.error().errc();
            return accepted;
        }
        accepted.push_back(made->job->id);
    }
    refusal = Errc::ok;
    return accepted;
}

void expect_serves_reads_and_recovers(Caller& store, const std::function<void()>& make_room) {
    Errc refusal = Errc::ok;
    const auto accepted = submit_until_refused(store, refusal);
    EXPECT_EQ(refusal, Errc::no_space);
    ASSERT_FALSE(accepted.empty());
    for (const JobId& id : accepted) EXPECT_EQ(store.state_of(id), JobState::queued);
    make_room();
    EXPECT_TRUE(store.try_submit({.request = std::string(20'000, 'x')}));
    EXPECT_EQ(store.lease()->id, accepted.front());
}

TEST_F(DiskFaults, AFileThatMayNotGrowIsAFullDisk) {
    Caller store = open();
    FileSizeLimit limit(1 << 20);
    expect_serves_reads_and_recovers(store, [&] { limit.lift(); });
}

// A file system of its own; needs the right to mount.
class SmallDisk {
  public:
    explicit SmallDisk(const std::string& at) : at_(at) {
        is_mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=2m") == 0;
    }
    ~SmallDisk() {
        if (is_mounted_) ::umount2(at_.c_str(), MNT_DETACH);
    }
    bool is_mounted() const { return is_mounted_; }
    bool make_read_only() const {
        return ::mount(nullptr, at_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    }

  private:
    std::string at_;
    bool is_mounted_ = false;
};

TEST_F(DiskFaults, ARealFullFileSystemIsSurvived) {
    const SmallDisk disk(folder_.path);
    if (!disk.is_mounted()) GTEST_SKIP() << "may not mount a file system";
    const auto ballast = folder_.path / "ballast";
    std::ofstream(ballast) << std::string(1 << 20, 'b');
    Caller store = open();
    expect_serves_reads_and_recovers(store, [&] { std::filesystem::remove(ballast); });
    store.close();
}

TEST_F(DiskFaults, ADiskThatIsNearlyFullAcceptsNothingNewButFinishes) {
    SqliteOptions options = this->options();
    Caller roomy(load_sqlite_store(options, kStart).value());
    const Job job = roomy.submit();
    roomy.close();
    options.reserve_bytes = std::uint64_t{1} << 60;
    Caller store(load_sqlite_store(options, kStart).value());
    EXPECT_EQ(store.try_submit({}).error().errc(), Errc::no_space);
    EXPECT_EQ(store.finish(*store.lease()).state, JobState::succeeded);
    EXPECT_EQ(store.state_of(job.id), JobState::succeeded);
}

TEST_F(DiskFaults, AReadOnlyFileSystemIsNamedAtTheStart) {
    const SmallDisk disk(folder_.path);
    if (!disk.is_mounted()) GTEST_SKIP() << "may not mount a file system";
    open().submit();
    ASSERT_TRUE(disk.make_read_only());
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("Read-only"), std::string::npos)
        << refused.error().message();
}

}  // namespace
}  // namespace tutti::store

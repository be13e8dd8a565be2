// SPDX-License-Identifier: Apache-2.0
// What the store accepts as its file, and what the first to open it does.
#include "store/sqlite_open.h"

#include "store/sqlite_schema.h"
#include "store/store_fixture.h"

#include <sys/file.h>

#include <fstream>

namespace tutti::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class OpenStore : public StoreTest {
  protected:
    // Changes the file behind the store's back; nobody has it open.
    void change_file(const std::string& sql) {
        Database(folder_.file(), Database::Access::write).execute(sql);
    }
    std::string contents() {
        std::ifstream file(folder_.file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
};

TEST_F(OpenStore, ANewerFileIsRefusedAndLeftAlone) {
    open().submit();
    change_file("INSERT INTO migrations VALUES (99, 0)");
    const std::string before = contents();
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errc(), Errc::bad_config);
    EXPECT_NE(refused.error().context.find("schema 99"), std::string::npos);
    EXPECT_EQ(contents(), before);
}

TEST_F(OpenStore, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
    change_file("CREATE TABLE theirs (x)");
    const std::string before = contents();
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errc(), Errc::bad_config);
    EXPECT_EQ(contents(), before);
}

TEST_F(OpenStore, WhatIsNoDatabaseIsRefused) {
    std::ofstream(folder_.file()) << std::string(10'000, 'x');
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errc(), Errc::io);
    EXPECT_EQ(contents(), std::string(10'000, 'x'));
}

TEST_F(OpenStore, AFolderThatIsNotThereIsNamed) {
    SqliteOptions options = this->options();
    options.path = folder_.path / "none" / "jobs.db";
    const auto refused = load_sqlite_store(options, kStart);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("none/jobs.db"), std::string::npos);
}

TEST_F(OpenStore, WhoComesFirstAfterAllOthersExpiresTheirLeases) {
    Caller first = open();
    const Job job = first.submit();
    first.lease();
    Caller beside = open();
    EXPECT_EQ(beside.call<Expired>(&JobStore::expire, kStart, 10u)->leases, 0u);
    beside.close();
    first.close();
    Caller after = open();
    EXPECT_EQ(after.call<Expired>(&JobStore::expire, kStart, 10u)->leases, 1u);
    EXPECT_EQ(after.lease()->course.attempts, 2);
}

TEST_F(OpenStore, ABootEndsBackOffsButNoAppointments) {
    Caller before = open();
    const Job later = before.submit({.not_before = at(hours(1)).wall});
    const Job failed = before.submit();
    before.fail(*before.lease(), {Failure::Kind::transient, "x", ""});
    before.close();
    SqliteOptions options = this->options();
    const Now soon{kStart.wall, BootTime(seconds(1))};
    Caller same_boot(load_sqlite_store(options, soon).value());
    EXPECT_FALSE(same_boot.lease(soon));
    same_boot.close();
    options.boot_id = "boot-2";
    Caller next_boot(load_sqlite_store(options, soon).value());
    EXPECT_EQ(next_boot.lease(soon)->id, failed.id);
    EXPECT_FALSE(next_boot.lease(soon));
    EXPECT_EQ(next_boot.state_of(later.id), JobState::queued);
}

TEST_F(OpenStore, ADamagedJobIsSetAsideAndNeverRun) {
    Caller before = open();
    const Job bad = before.submit({.request = "original"});
    const Job good = before.submit();
    before.close();
    change_file("UPDATE jobs SET request = CAST('0riginal' AS BLOB) WHERE row = 1");
    Caller after = open();
    const auto found = after.call<Lookup>(&JobStore::find, kTenant, bad.id);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().errc(), Errc::io);
    EXPECT_EQ(after.lease()->id, good.id);
    EXPECT_EQ(after.find(bad.id).state(), JobState::dead);
    EXPECT_EQ(after.find(bad.id).reason, "damaged");
}

TEST_F(OpenStore, ADamagedResultIsNotTold) {
    Caller before = open();
    const Job job = before.submit();
    before.finish(*before.lease(), "the text");
    before.close();
    change_file("UPDATE results SET payload = CAST('the test' AS BLOB)");
    const auto result = open().call<ResultLookup>(&JobStore::load_result, kTenant, job.id);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().errc(), Errc::io);
}

TEST_F(OpenStore, TheSchemaOfThisVersionIsMadeOnce) {
    open().close();
    open().close();
    Database db(folder_.file(), Database::Access::write);
    Query versions(db, "SELECT count(*), max(version) FROM migrations");
    ASSERT_TRUE(versions.step());
    EXPECT_EQ(versions.integer(0), kSchemaVersion);
    EXPECT_EQ(versions.integer(1), kSchemaVersion);
}

TEST_F(OpenStore, AFileBeingCheckedByAnotherIsWaitedForUpToALimit) {
    open().close();
    const auto held = load_store_file({.path = folder_.file(), .boot_id = "b"}, kStart);
    ASSERT_TRUE(held);
    ASSERT_EQ(::flock(held->lock.get(), LOCK_EX), 0);
    const auto refused = load_store_file(
        {.path = folder_.file(), .boot_id = "b", .patience = std::chrono::milliseconds(1)}, kStart);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errc(), Errc::busy);
}

}  // namespace
}  // namespace tutti::store

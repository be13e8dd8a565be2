// SPDX-License-Identifier: Apache-2.0
// Processes that share the file, processes that are killed, and files that were torn.
#include "store/store_fixture.h"
#include "store/test_child.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

namespace tutti::store {
namespace {

using std::chrono::hours;
using Ids = std::vector<std::string>;

class Crash : public StoreTest {
  protected:
    // Starts a child, kills it after so many acknowledged submissions, and tells all that it
    // acknowledged, in order.
    Ids run_and_kill(const std::string& mode, int lines) {
        TestChild child(mode, folder_.file());
        Ids acknowledged;
        while (static_cast<int>(acknowledged.size()) < lines)
            acknowledged.push_back(child.read_line().value());
        child.kill();
        while (const auto line = child.read_line()) acknowledged.push_back(*line);
        child.wait();
        return acknowledged;
    }
};

// Oldest first.
std::vector<Job> all_jobs(Caller& store) {
    std::vector<Job> jobs;
    JobFilter filter{.limit = kMaxPage};
    do {
        const auto page = store.call<JobPage>(&JobStore::list, kTenant, filter).value();
        jobs.insert(jobs.end(), page.jobs.begin(), page.jobs.end());
        filter.cursor = page.cursor;
    } while (!filter.cursor.empty());
    std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.row < b.row; });
    return jobs;
}

Ids ids_of(const std::vector<Job>& jobs) {
    Ids ids;
    for (const Job& job : jobs) ids.push_back(job.id.value);
    return ids;
}

TEST_F(Crash, AllThatWasAcknowledgedSurvivesAKill) {
    std::mt19937 random(20261121);
    std::set<std::string> acknowledged;
    for (int round = 0; round < 6; ++round) {
        const int lines = std::uniform_int_distribution<int>(1, 60)(random);
        const Ids ids = run_and_kill(round % 2 == 0 ? "crowd" : "submit", lines);
        acknowledged.insert(ids.begin(), ids.end());
        Caller store = open();
        const Ids found = ids_of(all_jobs(store));
        EXPECT_THAT(found, testing::IsSupersetOf(acknowledged)) << "round " << round;
        for (const Job& job : all_jobs(store)) EXPECT_EQ(job.state(), JobState::queued);
    }
}

struct Report {
    std::set<std::string> submitted;
    std::map<std::string, int> leases;  // of each job
};

bool read_report(TestChild& child, Report& report) {
    const auto line = child.read_line();
    if (!line) return false;
    std::istringstream words(*line);
    std::string kind;
    std::string id;
    words >> kind >> id;
    if (kind == "S") report.submitted.insert(id);
    if (kind == "L") ++report.leases[id];
    EXPECT_THAT(kind, testing::AnyOf("S", "L")) << *line;
    return true;
}

TEST_F(Crash, TwoProcessesLeaseEachJobOnce) {
    constexpr int kEach = 60;
    Report report;
    TestChild a("work", folder_.file(), kEach);
    TestChild b("work", folder_.file(), kEach);
    // Each leases at least once for each that it submits, so both go on until they have submitted.
    for (TestChild* child : {&a, &b}) child->end_input();
    for (TestChild* child : {&a, &b})
        while (read_report(*child, report)) {
        }
    EXPECT_EQ(a.wait(), 0);
    EXPECT_EQ(b.wait(), 0);
    EXPECT_EQ(report.submitted.size(), 2u * kEach);
    Caller store = open();
    int left = 0;
    for (const Job& job : all_jobs(store)) {
        if (job.state() == JobState::queued) ++left;
        EXPECT_EQ(job.epoch, job.state() == JobState::queued ? 0 : 1);
    }
    for (const auto& [id, count] : report.leases) EXPECT_EQ(count, 1) << id;
    EXPECT_EQ(report.leases.size() + static_cast<std::size_t>(left), 2u * kEach);
}

TEST_F(Crash, AKilledProcessLosesNothingAndItsJobsComeBack) {
    Report killed;
    Report other;
    TestChild victim("work", folder_.file(), 1000);
    TestChild survivor("work", folder_.file(), 20);
    while (killed.submitted.size() < 25) ASSERT_TRUE(read_report(victim, killed));
    victim.kill();
    while (read_report(victim, killed)) {
    }
    victim.wait();
    survivor.end_input();
    while (read_report(survivor, other)) {
    }
    EXPECT_EQ(survivor.wait(), 0);

    Caller store = open();
    const std::vector<Job> jobs = all_jobs(store);
    std::set<std::string> submitted = killed.submitted;
    submitted.insert(other.submitted.begin(), other.submitted.end());
    EXPECT_THAT(ids_of(jobs), testing::IsSupersetOf(submitted));
    std::map<std::string, int> leases = killed.leases;
    for (const auto& [id, count] : other.leases) leases[id] += count;
    for (const Job& job : jobs) {
        // The last lease of the killed one may be written and not yet told.
        const int told = leases.contains(job.id.value) ? leases.at(job.id.value) : 0;
        EXPECT_LE(told, job.epoch) << job.id.value;
        EXPECT_LE(job.epoch, 1) << job.id.value;
    }
    // Nobody is alive: everything left comes back and can be leased once more, and no more.
    store.call<Expired>(&JobStore::expire, read_now(), 10'000u).value();
    std::set<std::string> again;
    while (const auto leased = store.lease(read_now())) again.insert(leased->id.value);
    EXPECT_EQ(again.size(), jobs.size());
}

// A copy of the files, without the lock.
std::string copy_files(const std::string& from, const std::filesystem::path& to) {
    std::filesystem::create_directories(to);
    for (const char* suffix : {"", "-wal"})
        if (std::filesystem::exists(from + suffix))
            std::filesystem::copy_file(from + suffix, (to / "jobs.db").string() + suffix);
    return to / "jobs.db";
}

// How many of the acknowledged jobs are there, in full and in order; nullopt = called damaged.
std::optional<std::size_t> open_torn(const SqliteOptions& options, const Ids& acknowledged,
                                     const std::string& what) {
    auto opened = load_sqlite_store(options, read_now());
    if (!opened) {
        EXPECT_EQ(opened.error().errc(), Errc::io) << what;
        EXPECT_NE(opened.error().context.find("damaged"), std::string::npos) << what;
        return std::nullopt;
    }
    Caller store(*std::move(opened));
    const Ids found = ids_of(all_jobs(store));
    const std::size_t common = std::min(found.size(), acknowledged.size());
    EXPECT_TRUE(std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(common),
                           acknowledged.begin()))
        << what << ": not a beginning of what was acknowledged";
    EXPECT_LE(found.size(), acknowledged.size() + 1) << what;
    for (const auto& id : found) EXPECT_EQ(store.state_of({id}), JobState::queued) << what;
    EXPECT_TRUE(store.try_submit({}, read_now())) << what;
    return found.size();
}

class Torn : public Crash {
  protected:
    // A life that ended in order, so that the file has its jobs and the log has not, and one that
    // was killed.
    Ids run_in_two_lives() {
        run_and_kill("submit", 60);
        Caller between = open();
        // With the one that was written and not acknowledged any more, if there is one.
        Ids acknowledged = ids_of(all_jobs(between));
        between.close();
        const Ids later = run_and_kill("submit", 40);
        acknowledged.insert(acknowledged.end(), later.begin(), later.end());
        return acknowledged;
    }

    void copy_log_and_keep_it() {
        Database db(folder_.file(), Database::Access::write);
        db.keep_log_on_close();
        EXPECT_TRUE(db.checkpoint());
    }

    // Opens `times` copies that `tear` has changed, each with its own seed.
    void tear_copies(
        const Ids& acknowledged, int times,
        const std::function<std::string(const std::string& file, std::mt19937&)>& tear) {
        for (int seed = 0; seed < times; ++seed) {
            std::mt19937 random(static_cast<unsigned>(seed));
            const auto copy = folder_.path / ("copy-" + std::to_string(seed));
            SqliteOptions options = this->options();
            options.path = copy_files(folder_.file(), copy);
            const std::string what = tear(options.path, random) + ", seed " + std::to_string(seed);
            const auto found = open_torn(options, acknowledged, what);
            if (!found)
                ++damaged_;
            else if (*found < acknowledged.size())
                ++shortened_;
            else
                ++whole_;
            std::filesystem::remove_all(copy);
        }
    }
    void TearDown() override {
        RecordProperty("damaged", damaged_);
        RecordProperty("shortened", shortened_);
        RecordProperty("whole", whole_);
    }
    int damaged_ = 0;
    int shortened_ = 0;
    int whole_ = 0;
};

std::string cut(const std::string& file, std::mt19937& random) {
    const auto size = std::filesystem::file_size(file);
    const auto length = std::uniform_int_distribution<std::uintmax_t>(0, size)(random);
    std::filesystem::resize_file(file, length);
    return std::filesystem::path(file).filename().string() + " cut at " + std::to_string(length);
}

TEST_F(Torn, ALogThatWasCutGivesABeginning) {
    const Ids acknowledged = run_and_kill("submit", 60);
    tear_copies(acknowledged, 25,
                [](const std::string& file, auto& random) { return cut(file + "-wal", random); });
    EXPECT_GT(shortened_, 0);
}

TEST_F(Torn, ALogThatWasCutBehindACopyIsABeginningOrDamaged) {
    const Ids acknowledged = run_in_two_lives();
    copy_log_and_keep_it();
    tear_copies(acknowledged, 25,
                [](const std::string& file, auto& random) { return cut(file + "-wal", random); });
    // Its pages are of one time and the file's of another.
    EXPECT_GT(damaged_ + shortened_, 0);
}

TEST_F(Torn, AFileThatWasCutIsWholeOrDamaged) {
    const Ids acknowledged = run_in_two_lives();
    tear_copies(acknowledged, 25,
                [](const std::string& file, auto& random) { return cut(file, random); });
    EXPECT_EQ(shortened_, 0);
    EXPECT_GT(damaged_, 0);
}

TEST_F(Torn, ALogWithoutItsFileIsDamage) {
    run_and_kill("submit", 5);
    std::filesystem::resize_file(folder_.file(), 0);
    EXPECT_EQ(open_torn(options(), {}, "empty file"), std::nullopt);
    std::filesystem::remove(folder_.file());
    EXPECT_EQ(open_torn(options(), {}, "no file"), std::nullopt);
    EXPECT_TRUE(std::filesystem::exists(folder_.file() + "-wal"));
}

TEST_F(Torn, AChangeThatIsYoungerThanTheLogIsDamage) {
    const Ids acknowledged = run_and_kill("submit", 5);
    {
        Database db(folder_.file(), Database::Access::write);
        db.keep_log_on_close();
        db.execute("UPDATE counters SET change = 3");
    }
    EXPECT_EQ(open_torn(options(), acknowledged, "counters of an earlier time"), std::nullopt);
}

TEST_F(Torn, ABlockThatTheDiskLostIsHarmlessOrDamage) {
    const Ids acknowledged = run_in_two_lives();
    const auto lose_block = [](const std::string& file, std::mt19937& random) {
        const auto blocks = std::filesystem::file_size(file) / 4096;
        const auto block = std::uniform_int_distribution<std::uintmax_t>(0, blocks - 1)(random);
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp(static_cast<std::streamoff>(block * 4096));
        bytes << std::string(4096, '\0');
        return "block " + std::to_string(block) + " of zeros";
    };
    tear_copies(acknowledged, 25, lose_block);
    EXPECT_EQ(shortened_, 0);
    EXPECT_GT(damaged_, 0);
}

}  // namespace
}  // namespace tutti::store

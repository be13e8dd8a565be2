// SPDX-License-Identifier: Apache-2.0
// What is left of the store when of every file only what was synced is there.
#include "store/faulty_disk.h"

namespace tutti::store {
namespace {

class PowerCut : public FaultyDiskTest {};

// One round of work of every grade, and what was acknowledged for good in it.
struct Promised {
    std::vector<JobId> submitted;
    std::vector<JobId> leased;
    std::vector<JobId> finished;
};

void do_some_work(Caller& store, int number, Promised& promised) {
    const NewJob job{.request = std::string(static_cast<std::size_t>(number % 5) * 9000 + 10, 'x')};
    promised.submitted.push_back(store.submit(job).id);
    if (number % 3 != 0) return;
    const Job leased = *store.lease();
    promised.leased.push_back(leased.id);
    for (int segment = 0; segment < 3; ++segment) {
        const Segment part{segment, std::string(5000, 's')};
        store.call<Hold>(&JobStore::checkpoint, lease_of(leased), part).value();
        store.call<Hold>(&JobStore::renew, lease_of(leased), Progress{}, kStart).value();
    }
    if (number % 2 != 0) return;
    store.finish(leased, "result " + leased.id.value);
    promised.finished.push_back(leased.id);
}

void expect_kept(Caller& store, const Promised& promised, const std::string& what) {
    for (const JobId& id : promised.submitted) EXPECT_TRUE(store.look_up(id).job) << what;
    for (const JobId& id : promised.leased) EXPECT_EQ(store.find(id).course.attempts, 1) << what;
    for (const JobId& id : promised.finished)
        EXPECT_EQ(store.call<ResultLookup>(&JobStore::load_result, kTenant, id)->result,
                  "result " + id.value)
            << what;
}

void copy_log(const std::string& path) {
    Database db(path, Database::Access::write, FaultyDisk::kName);
    db.keep_log_on_close();
    db.checkpoint();
}

TEST_F(PowerCut, APowerCutTakesNothingThatWasPromised) {
    FaultyDisk::is_remembering = true;
    Caller store = open_faulty();
    Promised promised;
    for (int round = 0; round < 12; ++round) {
        // 13, so that the last before the cut is of each kind in turn.
        for (int i = 0; i < 13; ++i) do_some_work(store, round * 13 + i, promised);
        const auto folder = folder_.path / ("cut-" + std::to_string(round));
        FaultyDisk::write_synced(folder);
        SqliteOptions options = this->options();
        options.path = folder / "jobs.db";
        auto after = load_sqlite_store(options, kStart);
        ASSERT_TRUE(after) << "round " << round << ": " << after.error().message();
        Caller opened(*std::move(after));
        expect_kept(opened, promised, "round " + std::to_string(round));
        opened.close();
        // From time to time the log is copied into the file, and begun again by the next commit.
        if (round % 3 == 2) copy_log(folder_.file());
    }
}

}  // namespace
}  // namespace tutti::store

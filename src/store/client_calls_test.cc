// SPDX-License-Identifier: Apache-2.0
// What clients ask of the store.
#include "store/store_fixture.h"

#include <gmock/gmock.h>

namespace tutti::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using Outcome = Submission::Outcome;

class ClientCalls : public StoreTest {};

NewJob with_key(const std::string& key, const std::string& fingerprint) {
    NewJob job;
    job.idempotency = IdempotencyKey{.route = "/v1/jobs", .key = key, .fingerprint = fingerprint};
    return job;
}

std::vector<std::string> ids_of(const std::vector<Job>& jobs) {
    std::vector<std::string> ids;
    for (const Job& job : jobs) ids.push_back(job.id.value);
    return ids;
}

TEST_F(ClientCalls, WhatWasSubmittedIsFoundAsItWas) {
    Caller store = open();
    NewJob wanted;
    wanted.job_class = JobClass::interactive;
    wanted.request = std::string("{\"a\":\"\0\xff\"}", 10);
    wanted.audio = {"spool/1", 12345, "sha256:00"};
    wanted.audio_duration = milliseconds(61'500);
    wanted.not_before = at(seconds(5)).wall;
    wanted.deadline = at(hours(1)).wall;
    const Job made = store.submit(wanted);
    const Job found = store.find(made.id);
    EXPECT_EQ(made.id.value.size(), 32u);
    EXPECT_EQ(found.state(), JobState::queued);
    EXPECT_EQ(found.request, wanted.request);
    EXPECT_EQ(found.audio.place, "spool/1");
    EXPECT_EQ(found.audio.bytes, 12345u);
    EXPECT_EQ(found.audio.digest, "sha256:00");
    EXPECT_EQ(found.audio_duration, wanted.audio_duration);
    EXPECT_EQ(found.job_class, JobClass::interactive);
    EXPECT_EQ(found.not_before, wanted.not_before);
    EXPECT_EQ(found.deadline, wanted.deadline);
    EXPECT_EQ(found.created, kStart.wall);
    EXPECT_EQ(found.finished, std::nullopt);
    EXPECT_EQ(found.change, made.change);
}

TEST_F(ClientCalls, JobsAreStillThereAfterTheStoreWasClosed) {
    Caller first = open();
    const Job made = first.submit();
    first.close();
    EXPECT_FALSE(std::filesystem::exists(folder_.file() + "-wal"));
    EXPECT_EQ(open().state_of(made.id), JobState::queued);
}

TEST_F(ClientCalls, AnotherTenantsJobIsLikeNone) {
    Caller store = open();
    const Job job = store.submit({.tenant = {"a"}});
    const Lookup foreign = store.look_up(job.id, {"b"});
    EXPECT_FALSE(foreign.job);
    EXPECT_FALSE(foreign.is_gone);
    const auto cancel = store.call<Command>(&JobStore::cancel, TenantId{"b"}, job.id, kStart);
    EXPECT_EQ(cancel->outcome, Command::Outcome::missing);
    const auto page = store.call<JobPage>(&JobStore::list, TenantId{"b"}, JobFilter{});
    EXPECT_TRUE(page->jobs.empty());
    EXPECT_TRUE(store.look_up(job.id, {"a"}).job);
}

TEST_F(ClientCalls, TheSameKeyAndFingerprintGiveTheSameJob) {
    Caller store = open();
    const Job first = store.submit(with_key("k", "f"));
    const auto again = store.try_submit(with_key("k", "f")).value();
    EXPECT_EQ(again.outcome, Outcome::replayed);
    EXPECT_EQ(again.job->id, first.id);
    EXPECT_EQ(store.try_submit(with_key("k", "other"))->outcome, Outcome::conflict);
    NewJob elsewhere = with_key("k", "f");
    elsewhere.tenant = {"b"};
    EXPECT_EQ(store.try_submit(elsewhere)->outcome, Outcome::accepted);
    NewJob other_route = with_key("k", "f");
    other_route.idempotency->route = "/v1/other";
    EXPECT_EQ(store.try_submit(other_route)->outcome, Outcome::accepted);
}

TEST_F(ClientCalls, AHundredEqualSubmissionsAtOnceAreOneJob) {
    Caller store = open();
    std::vector<std::future<Result<Submission>>> answers;
    for (int i = 0; i < 100; ++i) {
        auto answer = std::make_shared<std::promise<Result<Submission>>>();
        answers.push_back(answer->get_future());
        (*store).submit(with_key("k", "f"), kStart,
                        [answer](Result<Submission> made) { answer->set_value(std::move(made)); });
    }
    int accepted = 0;
    int replayed = 0;
    for (auto& answer : answers) {
        const auto outcome = answer.get().value().outcome;
        if (outcome == Outcome::accepted) ++accepted;
        if (outcome == Outcome::replayed) ++replayed;
    }
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(replayed, 99);
}

TEST_F(ClientCalls, AKeyThatWaitsForTheResultIsInFlightUntilThen) {
    Caller store = open();
    NewJob job = with_key("k", "f");
    job.idempotency->answered_when = IdempotencyKey::Answer::finished;
    store.submit(job);
    EXPECT_EQ(store.try_submit(job)->outcome, Outcome::in_flight);
    store.finish(*store.lease());
    EXPECT_EQ(store.try_submit(job)->outcome, Outcome::replayed);
}

TEST_F(ClientCalls, AKeyIsFreeAgainAfterItsLifetime) {
    Caller store = open();
    const Job first = store.submit(with_key("k", "f"));
    EXPECT_EQ(store.try_submit(with_key("k", "g"), at(hours(23)))->outcome, Outcome::conflict);
    const Job second = store.submit(with_key("k", "g"), at(hours(24)));
    EXPECT_NE(second.id, first.id);
}

TEST_F(ClientCalls, WhatBreaksALimitIsRefusedByName) {
    Caller store = open();
    const NewJob bad[] = {{.tenant = {""}},
                          {.request = std::string(kMaxRequestBytes + 1, 'x')},
                          {.endpoints = std::vector<std::string>(kMaxEndpoints + 1, "e")},
                          with_key("", "f"),
                          with_key(std::string(256, 'k'), "f")};
    for (const NewJob& job : bad)
        EXPECT_EQ(store.try_submit(job).error().errc(), Errc::bad_parameter);
    EXPECT_TRUE(store.try_submit(with_key(std::string(255, 'k'), "f")));
}

TEST_F(ClientCalls, ListsNewestFirstPageByPage) {
    Caller store = open();
    std::vector<std::string> made;
    // Two of each time: the cursor must not lose the second at a border.
    for (int i = 0; i < 7; ++i) made.push_back(store.submit({}, at(seconds(i / 2))).id.value);
    std::vector<std::string> listed;
    JobFilter filter{.limit = 3};
    int pages = 0;
    do {
        const auto page = store.call<JobPage>(&JobStore::list, kTenant, filter).value();
        for (const auto& id : ids_of(page.jobs)) listed.push_back(id);
        filter.cursor = page.cursor;
        ++pages;
        if (pages == 1) store.submit({}, at(hours(1)));  // newer ones do not shift the pages
    } while (!filter.cursor.empty());
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(listed, std::vector<std::string>(made.rbegin(), made.rend()));
}

TEST_F(ClientCalls, ListsByStateAndTime) {
    Caller store = open();
    const Job a = store.submit({}, at(seconds(1)));
    const Job b = store.submit({}, at(seconds(2)));
    const Job c = store.submit({}, at(seconds(3)));
    store.cancel(b.id);
    const auto ids = [&](JobFilter filter) {
        return ids_of(store.call<JobPage>(&JobStore::list, kTenant, filter)->jobs);
    };
    EXPECT_THAT(ids({.state = JobState::queued}), ElementsAre(c.id.value, a.id.value));
    EXPECT_THAT(ids({.state = JobState::cancelled}), ElementsAre(b.id.value));
    EXPECT_THAT(ids({.created_after = at(seconds(1)).wall}), ElementsAre(c.id.value, b.id.value));
    EXPECT_THAT(ids({.created_before = at(seconds(3)).wall}), ElementsAre(b.id.value, a.id.value));
}

TEST_F(ClientCalls, FiltersAndPagesGoTogether) {
    Caller store = open();
    std::vector<std::string> expected;
    for (int i = 0; i < 12; ++i) {
        const Job job = store.submit({}, at(seconds(i)));
        if (i % 2 == 0) store.cancel(job.id);
        if (i % 2 == 0 && i > 1 && i < 9) expected.insert(expected.begin(), job.id.value);
    }
    JobFilter filter{.state = JobState::cancelled,
                     .created_after = at(seconds(1)).wall,
                     .created_before = at(seconds(9)).wall,
                     .limit = 3};
    std::vector<std::string> listed;
    do {
        const auto page = store.call<JobPage>(&JobStore::list, kTenant, filter).value();
        for (const auto& id : ids_of(page.jobs)) listed.push_back(id);
        filter.cursor = page.cursor;
    } while (!filter.cursor.empty());
    EXPECT_EQ(listed, expected);
}

TEST_F(ClientCalls, ACursorThatIsNoneIsRefused) {
    Caller store = open();
    for (const char* cursor : {"x", "1", "1-", "-1", "1-2-3", "99999999999999999999-1", "1-x"})
        EXPECT_EQ(store.call<JobPage>(&JobStore::list, kTenant, JobFilter{.cursor = cursor})
                      .error()
                      .errc(),
                  Errc::bad_parameter)
            << cursor;
    EXPECT_FALSE(store.call<JobPage>(&JobStore::list, kTenant, JobFilter{.limit = 0}));
    EXPECT_FALSE(store.call<JobPage>(&JobStore::list, kTenant, JobFilter{.limit = kMaxPage + 1}));
}

TEST_F(ClientCalls, AWaitingJobIsCancelledAtOnceAndAgain) {
    Caller store = open();
    const Job job = store.submit();
    for (int i = 0; i < 2; ++i) {
        const Command command = store.cancel(job.id, at(seconds(i)));
        EXPECT_EQ(command.outcome, Command::Outcome::done);
        EXPECT_EQ(command.state, JobState::cancelled);
    }
    const Job ended = store.find(job.id);
    EXPECT_EQ(ended.reason, "cancelled");
    EXPECT_EQ(ended.finished, kStart.wall);  // the repeated cancel changed nothing
    EXPECT_FALSE(store.lease());
    EXPECT_EQ(store.cancel({"nobody"}).outcome, Command::Outcome::missing);
}

TEST_F(ClientCalls, AFinishedJobIsNotCancelled) {
    Caller store = open();
    const Job job = store.submit();
    store.finish(*store.lease());
    const Command command = store.cancel(job.id);
    EXPECT_EQ(command.outcome, Command::Outcome::refused);
    EXPECT_EQ(command.state, JobState::succeeded);
}

TEST_F(ClientCalls, ARetryBeginsAfreshWithoutItsDeadline) {
    Caller store = open();
    const Job job = store.submit({.deadline = at(seconds(1)).wall});
    store.fail(*store.lease(), {Failure::Kind::permanent, "undecodable_audio", "no audio"});
    const auto again =
        store.call<Command>(&JobStore::retry, kTenant, job.id, at(seconds(2))).value();
    EXPECT_EQ(again.outcome, Command::Outcome::done);
    const auto leased = store.lease(at(seconds(2)));
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->course.attempts, 1);
    EXPECT_EQ(leased->epoch, 2);
    EXPECT_EQ(leased->reason, "");
    EXPECT_EQ(leased->finished, std::nullopt);
    store.finish(*leased);
    EXPECT_EQ(store.call<Command>(&JobStore::retry, kTenant, job.id, kStart)->outcome,
              Command::Outcome::refused);
}

TEST_F(ClientCalls, ARemovedJobIsGoneAndItsAudioIsGarbage) {
    Caller store = open();
    const Job job = store.submit({.audio = {"spool/9", 1, ""}});
    const auto remove = [&] {
        return store.call<Command>(&JobStore::remove, kTenant, job.id, kStart)->outcome;
    };
    EXPECT_EQ(remove(), Command::Outcome::refused);
    store.finish(*store.lease());
    EXPECT_EQ(remove(), Command::Outcome::done);
    EXPECT_EQ(remove(), Command::Outcome::gone);
    EXPECT_TRUE(store.look_up(job.id).is_gone);
    const auto result = store.call<ResultLookup>(&JobStore::load_result, kTenant, job.id).value();
    EXPECT_TRUE(result.is_gone);
    EXPECT_FALSE(result.result);
    using Places = std::vector<std::string>;
    EXPECT_THAT(store.call<Places>(&JobStore::list_garbage, 10u).value(), ElementsAre("spool/9"));
    store.call<std::size_t>(&JobStore::forget_garbage, Places{"spool/9", "other"}).value();
    EXPECT_TRUE(store.call<Places>(&JobStore::list_garbage, 10u)->empty());
}

}  // namespace
}  // namespace tutti::store

// SPDX-License-Identifier: Apache-2.0
#include "scribe/scribe.h"

#include "scribe/scribe_fixture.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

namespace tutti::scribe {
namespace {

using runtime::Metric;

asio::awaitable<void> transcribe(Node& node, const DigitFile& file, std::uint32_t engines) {
    co_await node.start_engines(engines);
    auto client = node.submit(wav_file(file.samples));
    co_await client.finish();
    expect_digits(client, file);
    EXPECT_EQ(client.progress.back().recognised, file.duration());
    EXPECT_EQ(client.progress.back().decoded, file.duration());
    EXPECT_EQ(client.progress.back().duration, file.duration());
    EXPECT_EQ(node.slot.get(Metric::jobs_done), 1);
    EXPECT_EQ(node.slot.get(Metric::job_audio_samples),
              static_cast<std::int64_t>(file.samples.size()));
}

TEST(Scribe, AFileComesBackInOrderWithTimesOfItsOwn) {
    Node node;
    const DigitFile file(40);
    node.run(transcribe(node, file, 2));
}

asio::awaitable<void> transcribe_one_long_segment(Node& node) {
    co_await node.start_engines(1);
    std::vector<std::int16_t> samples;
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        append_digits(samples, "49", proto::Millis(0));
        expected += i ? " 4 9" : "4 9";
    }
    auto client = node.submit(wav_file(samples));
    co_await client.finish();
    EXPECT_TRUE(client.done);
    std::string text;
    for (const auto& utterance : client.utterances)
        text += (text.empty() ? "" : " ") + utterance.text;
    EXPECT_EQ(text, expected);
    EXPECT_LE(client.utterances.size(), 2u) << "24 s without a pause are one or two segments";
}

TEST(Scribe, ASegmentLongerThanTheCreditWindowIsSentAsItIsCredited) {
    Node node;
    node.run(transcribe_one_long_segment(node));
}

asio::awaitable<void> kill_engines_again_and_again(Node& node, const DigitFile& file) {
    co_await node.start_engines(2);
    auto client = node.submit(wav_file(file.samples));
    for (std::size_t seen = 0, kills = 0;;) {
        const auto message = co_await client.next();
        if (!message) break;
        if (client.utterances.size() < seen + 30) continue;
        seen = client.utterances.size();
        co_await node.kill_and_restart(*node.engines[kills++ % 2]);
    }
    expect_digits(client, file);
}

TEST(Scribe, EnginesKilledMidwayLoseAndDoubleNothing) {
    Node node;
    const DigitFile file(200);
    node.run(kill_engines_again_and_again(node, file));
}

asio::awaitable<void> reject_noise(Node& node) {
    std::string bytes;
    for (int i = 0; i < 20'000; ++i) bytes += static_cast<char>(i * i / 7 + 200);
    auto client = node.submit(memory_file(bytes));
    co_await client.finish();
    EXPECT_TRUE(client.rejected);
    if (!client.rejected) co_return;
    EXPECT_EQ(client.rejected->cause, Errc::undecodable_audio);
    EXPECT_EQ(client.rejected->why, "not audio of a kind that can be read");
    EXPECT_EQ(node.slot.get(Metric::jobs_failed), 1);
}

TEST(Scribe, WhatIsNoAudioIsRejectedWithTheReason) {
    Node node;
    node.run(reject_noise(node));
}

asio::awaitable<void> reject_too_long(Node& node) {
    auto client = node.submit(wav_file({}, std::chrono::seconds(20)), std::chrono::seconds(5));
    co_await client.finish();
    EXPECT_TRUE(client.rejected && client.rejected->cause == Errc::too_long);
}

TEST(Scribe, AudioLongerThanAllowedIsTooLong) {
    Node node;
    node.run(reject_too_long(node));
}

asio::awaitable<void> reject_alignments(Node& node) {
    co_await node.start_engines(1);
    const DigitFile file(2);
    auto unable = node.submit_with_text(wav_file(file.samples), "one two");
    co_await unable.finish();
    EXPECT_TRUE(unable.rejected && unable.rejected->cause == Errc::unavailable);
    auto endless =
        node.submit_with_text(wav_file(file.samples), std::string(proto::kMaxText + 1, 'a'));
    co_await endless.finish();
    EXPECT_TRUE(endless.rejected && endless.rejected->cause == Errc::bad_request);
    auto noise = node.submit_with_text(memory_file("no audio"), "one two");
    co_await noise.finish();
    EXPECT_TRUE(noise.rejected && noise.rejected->cause == Errc::undecodable_audio);
    auto too_long = node.submit_with_text(wav_file({}, std::chrono::minutes(11)), "one two");
    co_await too_long.finish();
    EXPECT_TRUE(too_long.rejected && too_long.rejected->cause == Errc::too_long);
    auto silent = node.submit_with_text(wav_file({}, std::chrono::seconds(40)), "one two");
    co_await silent.finish();
    EXPECT_TRUE(silent.rejected && silent.rejected->cause == Errc::bad_request);
    auto unable_long = node.submit_with_text(wav_file(DigitFile(40).samples), "one two");
    co_await unable_long.finish();
    EXPECT_TRUE(unable_long.rejected && unable_long.rejected->cause == Errc::unavailable);
    auto plain = node.submit(wav_file(file.samples));
    co_await plain.finish();
    expect_digits(plain, file);
}

TEST(Scribe, AnAlignmentThatCannotBeIsRejectedWithTheReason) {
    Node node;
    node.run(reject_alignments(node));
}

asio::awaitable<void> transcribe_silence(Node& node) {
    const auto begun = std::chrono::steady_clock::now();
    auto client = node.submit(wav_file({}, std::chrono::hours(2)));
    co_await client.finish();
    EXPECT_TRUE(client.done && client.done->duration == std::chrono::hours(2));
    EXPECT_TRUE(client.utterances.empty());
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_LT(took, std::chrono::seconds(50));
    EXPECT_LE(client.progress.size(), static_cast<std::size_t>(took / proto::Millis(200)) + 2);
    EXPECT_TRUE(std::ranges::is_sorted(client.progress, {}, &proto::Progress::recognised));
}

TEST(Scribe, TwoHoursOfSilenceNeedNoEngineAndEndInBoundedTime) {
    Node node;
    node.run(transcribe_silence(node));
}

asio::awaitable<void> reject_without_engine(Node& node) {
    auto client = node.submit(wav_file(DigitFile(2).samples));
    co_await client.finish();
    EXPECT_TRUE(client.rejected && client.rejected->cause == Errc::unavailable);
}

TEST(Scribe, WithoutAnEngineAJobIsRejectedAfterTheWait) {
    Node node;
    node.config.engine_wait = std::chrono::seconds(0);
    node.run(reject_without_engine(node));
}

asio::awaitable<void> hang_up_midway(Node& node) {
    co_await node.start_engines(1);
    auto client = node.submit(wav_file(DigitFile(400).samples));
    while (client.utterances.empty()) co_await client.next();
    EXPECT_EQ(node.slot.get(Metric::jobs_running), 1);
    client.hang_up();
    co_await node.until([&] {
        return node.slot.get(Metric::jobs_running) == 0 &&
               node.board.slot(0).get(Metric::engine_streams) == 0;
    });
    EXPECT_EQ(node.slot.get(Metric::jobs_done) + node.slot.get(Metric::jobs_failed), 0);
    const DigitFile next(3);
    auto other = node.submit(wav_file(next.samples));
    co_await other.finish();
    expect_digits(other, next);
}

TEST(Scribe, AGatewayThatHangsUpCancelsItsJobAtOnce) {
    Node node;
    node.run(hang_up_midway(node));
}

asio::awaitable<void> submit_short_after_long(Node& node) {
    co_await node.start_engines(1);
    auto slow = node.submit(wav_file(DigitFile(2000).samples));  // of an hour: many seconds of work
    while (slow.utterances.empty()) co_await slow.next();
    const DigitFile brief(4);
    auto fast = node.submit(wav_file(brief.samples));
    co_await fast.finish();
    expect_digits(fast, brief);
    EXPECT_EQ(node.slot.get(Metric::jobs_done), 1) << "the long job was not finished first";
    slow.hang_up();
    co_await node.until([&] { return node.slot.get(Metric::jobs_running) == 0; });
}

TEST(Scribe, AShortJobDoesNotWaitForALongOne) {
    Node node;
    node.run(submit_short_after_long(node));
}

asio::awaitable<void> drain_with_jobs(Node& node) {
    const auto places = std::max(2u, std::thread::hardware_concurrency());
    const DigitFile file(2);
    std::vector<Client> running;
    for (unsigned i = 0; i < places; ++i) running.push_back(node.submit(wav_file(file.samples)));
    co_await node.until([&] { return node.slot.get(Metric::jobs_running) == places; });
    auto waiting = node.submit(wav_file(file.samples));
    auto told_nothing = node.submit(wav_file(file.samples));
    co_await node.until([&] { return node.scribe.job_count() == places + 2; });
    node.scribe.drain(proto::Millis(10'000));
    co_await waiting.finish();
    co_await told_nothing.finish();
    for (const auto& client : {std::cref(waiting), std::cref(told_nothing)}) {
        EXPECT_FALSE(client.get().done);
        EXPECT_TRUE(client.get().rejected && client.get().rejected->cause == Errc::canceled);
    }
    EXPECT_FALSE(node.has_ended);
    co_await node.start_engines(1);
    for (auto& client : running) {
        co_await client.finish();
        expect_digits(client, file);
    }
    co_await node.until([&] { return node.has_ended; });
}

TEST(Scribe, DrainFinishesRunningJobsAndHandsBackTheOthers) {
    Node node;
    node.run(drain_with_jobs(node));
}

asio::awaitable<void> drain_with_a_stuck_job(Node& node) {
    auto client = node.submit(wav_file(DigitFile(2).samples));
    co_await node.until([&] { return node.slot.get(Metric::jobs_running) == 1; });
    node.scribe.drain(proto::Millis(1000));
    co_await client.finish();
    EXPECT_FALSE(client.done || client.rejected);
    co_await node.until([&] { return node.has_ended; });
}

TEST(Scribe, DrainEndsAtTheLatestWithItsLimit) {
    Node node;
    node.run(drain_with_a_stuck_job(node));
}

asio::awaitable<void> send_garbage(Node& node) {
    runtime::UnixSocket socket(node.loop);
    socket.connect(asio::local::stream_protocol::endpoint(node.path));
    asio::write(socket, asio::buffer("garbage", 7));
    char byte = 0;
    const auto [error, n] = co_await socket.async_read_some(asio::buffer(&byte, 1), use_result);
    EXPECT_TRUE(error) << "closed without an answer";
    const DigitFile file(1);
    co_await node.start_engines(1);
    auto client = node.submit(wav_file(file.samples));
    co_await client.finish();
    expect_digits(client, file);
}

TEST(Scribe, AConnectionWithoutAJobIsClosedAndHurtsNobody) {
    Node node;
    node.run(send_garbage(node));
}

}  // namespace
}  // namespace tutti::scribe

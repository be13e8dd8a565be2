// SPDX-License-Identifier: Apache-2.0
#include "proto/wire.h"

#include "proto/engine_messages.h"
#include "proto/job_messages.h"
#include "proto/worker_messages.h"

#include <gtest/gtest.h>

#include <random>

namespace tutti::proto {
namespace {

Final some_final() {
    Final message;
    message.ref = {7, 3};
    message.utterance = {
        "good day",
        {{"good", Millis(10), Millis(200), 0.5f}, {"day", Millis(200), Millis(400), 1.f}},
        Millis(0),
        Millis(450),
        0.75f,
        "en"};
    message.cause = FinalCause::flush;
    message.consumed_up_to = 7200;
    return message;
}

std::string body_of(const auto& message) {
    std::string frame;
    append_frame(frame, message);
    EXPECT_EQ(frame_size(frame), frame.size());
    return frame.substr(kFrameHeader);
}

TEST(Wire, AFinalComesBackAsItWasSent) {
    const auto decoded = decode<FromEngine>(body_of(some_final()));
    ASSERT_TRUE(decoded);
    const auto& message = std::get<Final>(*decoded);
    EXPECT_EQ(message.ref, (StreamRef{7, 3}));
    EXPECT_EQ(message.utterance, some_final().utterance);
    EXPECT_EQ(message.cause, FinalCause::flush);
    EXPECT_EQ(message.consumed_up_to, 7200);
}

TEST(Wire, ARosterComesBackAsItWasSent) {
    const Roster roster{{{1, Role::engine, true, "en-us", "/run/e1", 100, 2},
                         {2, Role::scribe, false, "", "/run/s1", 0, 0}}};
    const auto decoded = decode<FromSupervisor>(body_of(roster));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(std::get<Roster>(*decoded).peers, roster.peers);
}

TEST(Wire, AudioIsAViewIntoTheFrame) {
    const std::string pcm(640, 'x');
    const auto body = body_of(Audio{{1, 1}, 160, pcm});
    const auto decoded = decode<ToEngine>(body);
    ASSERT_TRUE(decoded);
    const auto view = std::get<Audio>(*decoded).pcm;
    EXPECT_EQ(view, pcm);
    EXPECT_GE(view.data(), body.data());
    EXPECT_LT(view.data(), body.data() + body.size());
}

TEST(Wire, EveryCutOfAMessageIsRefused) {
    const auto body = body_of(some_final());
    for (std::size_t size = 0; size < body.size(); ++size)
        EXPECT_FALSE(decode<FromEngine>(body.substr(0, size))) << size;
    EXPECT_FALSE(decode<FromEngine>(body + 'x'));
}

TEST(Wire, ADeclaredCountCostsNoMemory) {
    std::string body = body_of(Roster{});
    body.replace(1, 4, "\xff\xff\xff\xff");
    EXPECT_FALSE(decode<FromSupervisor>(body));
}

TEST(Wire, RandomBytesNeverCrash) {
    std::mt19937 random(1);
    for (int round = 0; round < 20000; ++round) {
        std::string body = round % 2 ? body_of(some_final()) : std::string(random() % 64, '\0');
        for (int i = 0; i < 4 && !body.empty(); ++i)
            body[random() % body.size()] = static_cast<char>(random());
        (void)decode<FromEngine>(body);
        (void)decode<ToEngine>(body);
        (void)decode<FromScribe>(body);
        (void)decode<FromSupervisor>(body);
    }
}

TEST(Transcript, ItsLanguageIsTheOneInWhichMostWasSaid) {
    Transcript transcript;
    transcript.language = "en";
    EXPECT_EQ(transcript.heard_language(), "en");
    const auto say = [&](const char* language, int seconds) {
        transcript.utterances.push_back(
            {.text = "a", .words = {}, .end = std::chrono::seconds(seconds), .language = language});
    };
    say("", 100);
    EXPECT_EQ(transcript.heard_language(), "en") << "nobody tells";
    say("zh", 3);
    say("de", 5);
    say("zh", 4);
    EXPECT_EQ(transcript.heard_language(), "zh");
}

TEST(Transcript, JoinsTextsAndSkipsEmptyOnes) {
    Transcript transcript;
    transcript.utterances = {{"a b", {}, {}, {}, 0}, {"", {}, {}, {}, 0}, {"c", {}, {}, {}, 0}};
    EXPECT_EQ(transcript.text(), "a b c");
}

}  // namespace
}  // namespace tutti::proto

// SPDX-License-Identifier: Apache-2.0
#include "audio/endpointer.h"

#include "audio/test_signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tutti::audio {
namespace {

using namespace std::chrono_literals;
using test::babble, test::joined, test::noise, test::Samples, test::silence, test::tone;
using Cause = SpeechEnd::Cause;
using Events = std::vector<Endpointer::Event>;

// Feeds everything in pieces and holds the endpointer to its promises on the way.
Events run(Endpointer& endpointer, std::span<const std::int16_t> samples, std::size_t piece) {
    Events all;
    while (!samples.empty()) {
        const auto size = std::min(piece, samples.size());
        const auto needed_since = endpointer.quiet_up_to();
        for (const auto& event : endpointer.process(samples.first(size))) {
            const auto at = std::visit([](const auto& e) { return e.at; }, event);
            EXPECT_GE(at, needed_since);
            EXPECT_LE(at, endpointer.position());
            all.push_back(event);
        }
        EXPECT_GE(endpointer.quiet_up_to(), needed_since);
        samples = samples.subspan(size);
    }
    return all;
}

Events events_of(const Samples& samples, EndpointerOptions options = {}, std::size_t piece = 1600) {
    Endpointer endpointer(options);
    return run(endpointer, samples, piece);
}

// Hears speech in frames of 32 ms whose first sample is not zero.
class Marks final : public FrameDetector {
  public:
    std::size_t frame_samples() const override { return 512; }
    bool is_speech(std::span<const std::int16_t> frame) override { return frame[0] != 0; }
};

// Speech and silence of so many frames of Marks, in turns.
Samples marked(std::initializer_list<int> frames) {
    Samples samples;
    bool is_speech = false;
    for (const int count : frames) {
        samples.insert(samples.end(), static_cast<std::size_t>(count) * 512, is_speech ? 1 : 0);
        is_speech = !is_speech;
    }
    return samples;
}

struct Span {
    Millis start, end;
};

// Starts and ends must alternate and never overlap.
std::vector<Span> utterances(const Events& events) {
    std::vector<Span> spans;
    Millis last_end{};
    for (std::size_t i = 0; i + 1 < events.size(); i += 2) {
        const auto start = proto::to_millis(std::get<SpeechStart>(events[i]).at);
        const auto end = proto::to_millis(std::get<SpeechEnd>(events[i + 1]).at);
        EXPECT_LE(last_end, start);
        EXPECT_LT(start, end);
        spans.push_back({start, end});
        last_end = end;
    }
    return spans;
}

void expect_near(Millis actual, Millis expected, Millis tolerance) {
    EXPECT_LE(std::chrono::abs(actual - expected), tolerance)
        << actual.count() << " for " << expected.count();
}

TEST(Endpointer, FindsAnUtteranceWithItsSurroundings) {
    const auto spans = utterances(events_of(joined({silence(2s), babble(3s, -25), silence(2s)})));
    ASSERT_EQ(spans.size(), 1u);
    expect_near(spans[0].start, 1700ms, 10ms);
    expect_near(spans[0].end, 5200ms, 100ms);
}

TEST(Endpointer, FindsUtterancesInNoise) {
    const auto clean =
        joined({silence(3s), babble(2s, -25, 2), silence(2s), babble(1s, -25, 3), silence(2s)});
    const auto spans = utterances(events_of(test::mixed(clean, noise(10s, -48))));
    ASSERT_EQ(spans.size(), 2u);
    expect_near(spans[0].start, 2700ms, 30ms);
    expect_near(spans[0].end, 5200ms, 100ms);
    expect_near(spans[1].start, 6700ms, 30ms);
}

TEST(Endpointer, TellsTheStartWhileSpeechGoesOnAndTheEndAfterTheSilence) {
    Endpointer endpointer;
    EXPECT_TRUE(run(endpointer, silence(1s), 160).empty());
    EXPECT_EQ(run(endpointer, tone(400, 50ms, -20), 160).size(), 1u);
    EXPECT_TRUE(endpointer.in_speech());
    run(endpointer, tone(400, 450ms, -20), 160);
    EXPECT_TRUE(run(endpointer, silence(690ms), 160).empty());
    EXPECT_TRUE(endpointer.in_speech());
    EXPECT_EQ(run(endpointer, silence(30ms), 160).size(), 1u);
    EXPECT_FALSE(endpointer.in_speech());
}

TEST(Endpointer, PausesShorterThanTheSilenceDoNotEnd) {
    const auto samples =
        joined({silence(1s), babble(960ms, -25), silence(500ms), babble(960ms, -25), silence(500ms),
                babble(960ms, -25), silence(1s)});
    EXPECT_EQ(utterances(events_of(samples)).size(), 1u);
    EXPECT_EQ(utterances(events_of(samples, {.end_silence = 300ms})).size(), 3u);
}

TEST(Endpointer, APrerollNeverReachesIntoTheUtteranceBefore) {
    const auto samples =
        joined({babble(960ms, -25), silence(350ms), babble(960ms, -25), silence(1s)});
    const auto spans = utterances(events_of(samples, {.end_silence = 200ms, .preroll = 300ms}));
    ASSERT_EQ(spans.size(), 2u);
    EXPECT_EQ(spans[1].start, spans[0].end);
}

TEST(Endpointer, HearsDtmfFromTheFirstDigitToTheLast) {
    Samples dial;
    for (int digit = 0; digit < 10; ++digit) {
        const auto tones = test::mixed(tone(697 + 73 * (digit % 4), 50ms, -16),
                                       tone(1209 + 127 * (digit % 3), 50ms, -16));
        dial = joined({dial, tones, silence(50ms)});
    }
    for (const auto lead : {0ms, 3ms, 1007ms}) {
        const auto spans = utterances(events_of(joined({silence(lead), dial, silence(1s)})));
        ASSERT_EQ(spans.size(), 1u);
        EXPECT_LE(spans[0].start, lead);
        EXPECT_GE(spans[0].end, lead + 950ms);
    }
}

TEST(Endpointer, ClicksAreNoSpeechAndDoNotKeepAnUtteranceOpen) {
    Samples clicks = silence(10s);
    for (std::size_t at = 8000; at < clicks.size(); at += 8000) clicks[at] = 20000;
    EXPECT_TRUE(events_of(clicks).empty());

    const auto spans = utterances(events_of(joined({babble(960ms, -25), clicks})));
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_LT(spans[0].end, 1300ms);
}

TEST(Endpointer, AnOffsetAndDitherAreSilence) {
    EXPECT_TRUE(events_of(joined({silence(1s), noise(5s, -85)})).empty());
    auto events = events_of(Samples(160000, 5000));
    EXPECT_LE(utterances(events).size(), 1u) << "at most the step at the beginning";
}

TEST(Endpointer, AHumThatStaysIsOneShortUtterance) {
    const auto spans = utterances(events_of(joined({silence(3s), tone(200, 20s, -20)})));
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_LT(spans[0].end, 5600ms);
}

TEST(Endpointer, LongSpeechIsCutWithoutLosingASample) {
    const auto events = events_of(joined({babble(70s, -25), silence(1s)}));
    const auto spans = utterances(events);
    ASSERT_EQ(spans.size(), 3u);
    EXPECT_EQ(spans[0].end - spans[0].start, 30s);
    EXPECT_EQ(spans[1].start, spans[0].end);
    EXPECT_EQ(spans[1].end - spans[1].start, 30s);
    EXPECT_EQ(spans[2].start, spans[1].end);
    EXPECT_EQ(std::get<SpeechEnd>(events[1]).cause, Cause::length);
    EXPECT_EQ(std::get<SpeechEnd>(events[5]).cause, Cause::silence);
}

TEST(Endpointer, CutsOfTheStreamDoNotChangeTheEvents) {
    const auto samples = joined({silence(1s), babble(2s, -30), silence(1s), babble(1s, -20),
                                 silence(777ms), tone(600, 40ms, -20), noise(1s, -50)});
    const auto expected = events_of(samples, {}, samples.size());
    ASSERT_GE(expected.size(), 4u);
    for (const std::size_t piece : {1u, 159u, 160u, 161u, 1600u, 5000u})
        EXPECT_EQ(events_of(samples, {}, piece), expected) << piece;
}

TEST(Endpointer, AnUtteranceEndedByTheCallerIsFollowedByAnother) {
    Endpointer endpointer;
    EXPECT_EQ(endpointer.end_utterance(), std::nullopt);
    run(endpointer, babble(1001ms, -25), 160);
    const auto end = endpointer.end_utterance();
    ASSERT_TRUE(end);
    EXPECT_FALSE(endpointer.in_speech());
    EXPECT_GT(*end, proto::to_samples(850ms));
    EXPECT_LE(*end, endpointer.position());
    const auto events = run(endpointer, babble(1s, -25), 160);
    EXPECT_THAT(events, testing::ElementsAre(SpeechStart{*end}));
}

TEST(Endpointer, SilenceIsSettledUpToThePreroll) {
    Endpointer endpointer;
    run(endpointer, silence(10s), 1600);
    EXPECT_EQ(endpointer.quiet_up_to(), proto::to_samples(9700ms));
    run(endpointer, babble(1s, -25), 1600);
    EXPECT_EQ(endpointer.quiet_up_to(), proto::to_samples(9700ms));
}

TEST(Endpointer, HearsWithTheDetectorItIsGiven) {
    const EndpointerOptions exact{.end_silence = 320ms, .preroll = 0ms, .tail = 0ms};
    for (const std::size_t piece : {100u, 512u, 1600u, 100000u}) {
        Endpointer endpointer(exact, std::make_unique<Marks>());
        EXPECT_EQ(run(endpointer, marked({10, 20, 30, 5, 10}), piece),
                  (Events{SpeechStart{10 * 512}, SpeechEnd{30 * 512, Cause::silence},
                          SpeechStart{60 * 512}, SpeechEnd{65 * 512, Cause::silence}}))
            << piece;
    }
}

TEST(Endpointer, AClickNeitherBeginsSpeechNorKeepsItGoing) {
    const EndpointerOptions exact{
        .end_silence = 320ms, .start_speech = 96ms, .preroll = 32ms, .tail = 0ms, .click = 64ms};
    Endpointer endpointer(exact, std::make_unique<Marks>());
    // Two frames begin nothing; behind speech they do not interrupt the silence, three do.
    EXPECT_EQ(run(endpointer, marked({10, 2, 10, 5, 4, 2, 10, 5, 4, 3, 20}), 1600),
              (Events{SpeechStart{21 * 512}, SpeechEnd{27 * 512, Cause::silence},
                      SpeechStart{42 * 512}, SpeechEnd{55 * 512, Cause::silence}}));
}

TEST(Endpointer, EndsAnUtteranceWithItsLastSoundWhenToldTo) {
    Endpointer endpointer({.preroll = 0ms, .tail = 0ms}, std::make_unique<Marks>());
    run(endpointer, marked({10, 20, 7}), 1600);
    EXPECT_EQ(endpointer.end_utterance(), 30 * 512);
    EXPECT_EQ(endpointer.end_utterance(), std::nullopt);
}

}  // namespace
}  // namespace tutti::audio

// SPDX-License-Identifier: Apache-2.0
#include "audio/segmenter.h"

#include "audio/test_signals.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tutti::audio {
namespace {

using namespace std::chrono_literals;
using test::babble, test::joined, test::noise, test::Samples, test::silence;
using Segments = std::vector<Segment>;

void drain(Segmenter& segmenter, Segments& into) {
    while (auto segment = segmenter.next()) into.push_back(std::move(*segment));
}

Segments segments_of(const Samples& samples, std::size_t piece = 8000) {
    Segmenter segmenter;
    Segments segments;
    for (std::span rest(samples); !rest.empty();) {
        const auto size = std::min(piece, rest.size());
        segmenter.push(rest.first(size));
        drain(segmenter, segments);
        rest = rest.subspan(size);
    }
    segmenter.finish();
    drain(segmenter, segments);
    return segments;
}

Millis start_of(const Segment& segment) {
    return proto::to_millis(segment.first_sample);
}
SamplePos end_position(const Segment& segment) {
    return segment.first_sample + static_cast<SamplePos>(segment.samples.size());
}
Millis end_of(const Segment& segment) {
    return proto::to_millis(end_position(segment));
}

// Every segment holds the very samples of its place, none is too long, and none overlaps another.
void expect_sound(const Segments& segments, const Samples& all) {
    SamplePos last_end = 0;
    for (const auto& segment : segments) {
        EXPECT_GE(segment.first_sample, last_end);
        EXPECT_LE(segment.samples.size(), test::count_of(30s));
        last_end = end_position(segment);
        ASSERT_LE(static_cast<std::size_t>(last_end), all.size());
        EXPECT_TRUE(std::equal(segment.samples.begin(), segment.samples.end(),
                               all.begin() + segment.first_sample));
    }
}

TEST(Segmenter, AnUtteranceComesWithItsContext) {
    const auto all = joined({silence(3s), babble(1840ms, -25), silence(3s)});
    const auto segments = segments_of(all);
    ASSERT_EQ(segments.size(), 1u);
    EXPECT_EQ(start_of(segments[0]), 2750ms);
    EXPECT_GE(end_of(segments[0]), 5080ms);
    EXPECT_LE(end_of(segments[0]), 5110ms);
    expect_sound(segments, all);
}

TEST(Segmenter, NeighboursAreMergedAndOthersAreNot) {
    const auto all = joined({silence(1s), babble(960ms, -25), silence(500ms), babble(960ms, -25),
                             silence(900ms), babble(960ms, -25), silence(1s)});
    const auto segments = segments_of(all);
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_LE(end_of(segments[0]), 3800ms);
    EXPECT_GE(start_of(segments[1]), 4s);
    expect_sound(segments, all);
}

TEST(Segmenter, SpeechPastTheTargetIsCutInItsLongestPause) {
    const auto all = joined({babble(3s, -25), silence(500ms), babble(6480ms, -25), silence(400ms),
                             babble(4800ms, -25), silence(300ms), babble(12s, -25), silence(1s)});
    const auto segments = segments_of(all);
    ASSERT_EQ(segments.size(), 2u);
    // Not in the 500 ms at 3 s: that would make a needlessly short one.
    EXPECT_GT(end_of(segments[0]), 9980ms);
    EXPECT_LT(end_of(segments[0]), 10380ms);
    EXPECT_EQ(segments[1].first_sample, end_position(segments[0]));
    expect_sound(segments, all);
}

TEST(Segmenter, ClicksDoNotKeepASegmentOpen) {
    auto all = joined({babble(960ms, -25), silence(5s)});
    for (auto at = test::count_of(1500ms); at < all.size(); at += 8000) all[at] = 20000;
    const auto segments = segments_of(all);
    ASSERT_EQ(segments.size(), 1u);
    EXPECT_LT(end_of(segments[0]), 1300ms);
}

TEST(Segmenter, WithoutAPauseItWaitsForTheNextOne) {
    const auto all = joined({babble(24s, -25), silence(300ms), babble(2880ms, -25), silence(1s)});
    const auto segments = segments_of(all);
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_GE(end_of(segments[0]), 23920ms);
    EXPECT_LE(end_of(segments[0]), 24300ms);
    expect_sound(segments, all);
}

TEST(Segmenter, SpeechWithoutPausesIsCutWhereItIsQuietestAndNothingIsLost) {
    const auto all = joined({babble(5min, -25), silence(1s)});
    const auto segments = segments_of(all);
    ASSERT_GE(segments.size(), 10u);
    EXPECT_EQ(segments[0].first_sample, 0);
    for (std::size_t i = 1; i < segments.size(); ++i)
        EXPECT_EQ(segments[i].first_sample, end_position(segments[i - 1]));
    EXPECT_GE(end_of(segments.back()), 5min - 80ms);
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        const auto in_syllable = end_position(segments[i]) % 3840;
        EXPECT_GE(in_syllable, 2560) << "cut inside a loud part";
        EXPECT_GE(segments[i].samples.size(), test::count_of(20s));
    }
    expect_sound(segments, all);
}

TEST(Segmenter, SteadyNoiseIsNeitherSpeechForLongNorLoud) {
    const auto all = noise(5min, -30);
    const auto segments = segments_of(all);
    ASSERT_LE(segments.size(), 1u) << "until the floor is learnt";
    for (const auto& segment : segments) EXPECT_LT(end_of(segment), 3s);
}

TEST(Segmenter, TwoHoursOfSilenceAreNothing) {
    Segmenter segmenter;
    const Samples minute = silence(1min);
    for (int i = 0; i < 120; ++i) {
        segmenter.push(minute);
        EXPECT_LT(segmenter.samples_kept(), test::count_of(2s));
        ASSERT_FALSE(segmenter.next());
    }
    segmenter.finish();
    EXPECT_FALSE(segmenter.next());
}

TEST(Segmenter, NeverKeepsMoreThanTheLongestSegment) {
    Segmenter segmenter;
    for (unsigned i = 0; i < 120; ++i) {
        segmenter.push(babble(1s, -25, i));
        while (segmenter.next()) continue;
        EXPECT_LE(segmenter.samples_kept(), test::count_of(30s));
    }
}

TEST(Segmenter, SpeechUpToTheLastSampleIsKept) {
    const auto all = joined({silence(1s), test::tone(300, 505ms, -20)});
    const auto segments = segments_of(all);
    ASSERT_EQ(segments.size(), 1u);
    EXPECT_EQ(end_position(segments[0]), static_cast<SamplePos>(all.size()));
    expect_sound(segments, all);
}

TEST(Segmenter, CutsOfTheStreamDoNotChangeTheSegments) {
    const auto all = joined({silence(1s), babble(25s, -25), silence(250ms), babble(9s, -30),
                             silence(2s), babble(1s, -20), noise(333ms, -50)});
    const auto whole = segments_of(all, all.size());
    ASSERT_GE(whole.size(), 3u);
    for (const std::size_t piece : {159u, 160u, 4321u}) {
        const auto pieces = segments_of(all, piece);
        ASSERT_EQ(pieces.size(), whole.size());
        for (std::size_t i = 0; i < whole.size(); ++i) {
            EXPECT_EQ(pieces[i].first_sample, whole[i].first_sample);
            EXPECT_EQ(pieces[i].samples, whole[i].samples);
        }
    }
}

TEST(Segmenter, AnEmptyFileHasNoSegments) {
    EXPECT_TRUE(segments_of({}).empty());
}

// Cut where it is told, with verdicts that come `lag` behind the audio.
Segments told_segments_of(const Samples& samples,
                          const std::vector<std::pair<Millis, Millis>>& speech, Millis lag) {
    Segmenter segmenter({}, Segmenter::Ears::told);
    Segments segments;
    auto next = speech.begin();
    constexpr std::size_t kPiece = 5000;
    for (std::size_t at = 0; at < samples.size(); at += kPiece) {
        const auto size = std::min(kPiece, samples.size() - at);
        segmenter.push(std::span(samples).subspan(at, size));
        auto known = static_cast<SamplePos>(at + size) - proto::to_samples(lag);
        for (; next != speech.end() && proto::to_samples(next->second) <= known; ++next)
            segmenter.note_speech(proto::to_samples(next->first), proto::to_samples(next->second));
        if (next != speech.end()) known = std::min(known, proto::to_samples(next->first));
        segmenter.judge_up_to(known);
        drain(segmenter, segments);
    }
    for (; next != speech.end(); ++next)
        segmenter.note_speech(proto::to_samples(next->first), proto::to_samples(next->second));
    segmenter.finish();
    drain(segmenter, segments);
    return segments;
}

TEST(Segmenter, ToldWhereSpeechIsItCutsThere) {
    // Noise all along: energy would find no silence in it.
    const auto all = noise(20s, -20);
    for (const auto lag : {0ms, 100ms, 900ms, 4000ms}) {
        const auto segments =
            told_segments_of(all, {{2000ms, 4000ms}, {4500ms, 6000ms}, {9000ms, 10000ms}}, lag);
        expect_sound(segments, all);
        ASSERT_EQ(segments.size(), 2u);
        EXPECT_EQ(start_of(segments[0]), 1750ms);
        EXPECT_EQ(end_of(segments[0]), 6250ms);
        EXPECT_EQ(start_of(segments[1]), 8750ms);
        EXPECT_EQ(end_of(segments[1]), 10250ms);
    }
}

TEST(Segmenter, ToldSpeechThatGoesOnIsCutWithoutALoss) {
    const auto all = noise(100s, -20);
    const auto segments = told_segments_of(all, {{1000ms, 31000ms}, {31000ms, 99000ms}}, 700ms);
    expect_sound(segments, all);
    ASSERT_GE(segments.size(), 4u);
    EXPECT_EQ(start_of(segments.front()), 750ms);
    EXPECT_GE(end_of(segments.back()), 99200ms);
    for (std::size_t i = 1; i < segments.size(); ++i)
        EXPECT_EQ(segments[i].first_sample, end_position(segments[i - 1]));
}

TEST(Segmenter, WhenNobodyTellsAnyMoreItGoesOnByEnergyFromWhatIsJudged) {
    const auto all =
        joined({silence(2s), babble(2s, -25), silence(2s), babble(2s, -25), silence(2s)});
    Segmenter segmenter({}, Segmenter::Ears::told);
    Segments segments;
    segmenter.push(std::span(all).first(test::count_of(7s)));
    segmenter.note_speech(proto::to_samples(2000ms), proto::to_samples(4000ms));
    segmenter.judge_up_to(proto::to_samples(5000ms));
    drain(segmenter, segments);
    EXPECT_EQ(segments.size(), 1u);
    segmenter.go_on_by_energy();
    segmenter.push(std::span(all).subspan(test::count_of(7s)));
    segmenter.finish();
    drain(segmenter, segments);
    expect_sound(segments, all);
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_LE(start_of(segments[1]), 6000ms);
    EXPECT_GE(end_of(segments[1]), 8000ms);
}

}  // namespace
}  // namespace tutti::audio

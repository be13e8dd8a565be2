// SPDX-License-Identifier: Apache-2.0
// The backend over models that hear tones as letters (tools/make_tone_model.py).
#include "engine/sherpa/sherpa_recognizer.h"

#include "engine/decode_loop.h"
#include "engine/sherpa/cut_point.h"
#include "engine/sherpa/sherpa_test_support.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;
using proto::StreamMode;
using testing::HasSubstr;

std::vector<std::string> some_letters(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) {
        std::string letters;
        for (std::size_t k = 0; k < 4 + i % 9; ++k)
            letters += static_cast<char>('a' + (i * 5 + k * 3 + k * k) % 8);
        all.push_back(letters);
    }
    return all;
}

class Sherpa : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
        make_recognizer_ = load_sherpa({.library = {}, .model_folder = model_folder(GetParam())});
        recognizer_ = make_recognizer_(StreamMode::live);
    }
    bool is_streaming() const { return std::string_view(GetParam()) == "streaming"; }

    RecognizerFactory make_recognizer_;
    std::unique_ptr<Recognizer> recognizer_;
};

TEST_P(Sherpa, HearsLettersAndTheirTimes) {
    const auto lead = Millis(300);
    const auto samples = speak_tones("abba cdefgh", lead);
    Utterance utterance(*recognizer_);
    for (std::size_t at = 0; at < samples.size(); at += 1600)
        utterance.hear(
            std::span(samples).subspan(at, std::min<std::size_t>(1600, samples.size() - at)));
    const auto outcome = utterance.end();
    EXPECT_EQ(outcome.hypothesis.text, "a b b a c d e f g h");
    EXPECT_EQ(outcome.settled, static_cast<SamplePos>(samples.size()));
    EXPECT_FALSE(outcome.carry.has_value());
    ASSERT_EQ(outcome.hypothesis.words.size(), 10u);
    const std::string_view spoken = "abba cdefgh";
    std::size_t word = 0;
    for (std::size_t i = 0; i < spoken.size(); ++i) {
        if (spoken[i] == ' ') continue;
        const auto& found = outcome.hypothesis.words[word++];
        const auto begun = lead + kLetterPeriod * static_cast<int>(i);
        EXPECT_EQ(found.text, std::string(1, spoken[i]));
        EXPECT_NEAR(static_cast<double>(found.start.count()), static_cast<double>(begun.count()),
                    81)
            << i;
        EXPECT_GT(found.end, found.start);
        EXPECT_LE(found.end, found.start + kLetterPeriod);
    }
}

TEST_P(Sherpa, PartialsGrowWhereTheModelStreams) {
    const auto samples = speak_tones("abcd");
    Utterance utterance(*recognizer_);
    utterance.hear(samples);
    if (is_streaming())
        EXPECT_THAT(utterance.stream().partial().text, testing::StartsWith("a b c"));
    else
        EXPECT_EQ(utterance.stream().partial(), Hypothesis{}) << "decodes what has ended";
    EXPECT_EQ(utterance.end().hypothesis.text, "a b c d");
}

TEST_P(Sherpa, ShortAndSilentUtterancesHaveNoWords) {
    for (const std::size_t length : {0, 1, 100, 1600, 48000}) {
        Utterance utterance(*recognizer_);
        utterance.hear(std::vector<std::int16_t>(length));
        const auto outcome = utterance.end();
        EXPECT_EQ(outcome.hypothesis, Hypothesis{}) << length;
        EXPECT_EQ(outcome.settled, static_cast<SamplePos>(length));
    }
}

TEST_P(Sherpa, ExtremeSamplesAreOnlySamples) {
    std::vector<std::int16_t> samples;
    for (int i = 0; i < 32000; ++i)
        samples.push_back(i % 2 ? std::numeric_limits<std::int16_t>::max()
                                : std::numeric_limits<std::int16_t>::min());
    Utterance(*recognizer_).hear(samples);
    Utterance after(*recognizer_);
    after.hear(speak_tones("hg"));
    EXPECT_EQ(after.end().hypothesis.text, "h g");
}

TEST_P(Sherpa, AStreamMayGoBeforeItsEnd) {
    Utterance kept(*recognizer_);
    {
        Utterance dropped(*recognizer_);
        dropped.hear(speak_tones("abc"));
        kept.hear(speak_tones("def"));
    }
    EXPECT_EQ(kept.end().hypothesis.text, "d e f");
}

// Wherever running speech is cut, each letter is told once, by the one utterance or the other.
TEST_P(Sherpa, ACutLosesDoublesAndBreaksNoLetter) {
    const std::string letters = "abcdefghgfedcba";
    const auto samples = speak_tones(letters);
    for (auto at = Millis(700); at < Millis(1500); at += Millis(20)) {
        const auto cut = static_cast<std::size_t>(proto::to_samples(at));
        Utterance first(*recognizer_);
        first.hear(std::span(samples).first(cut));
        auto before = first.end(Ending::cut);
        EXPECT_LE(before.settled, static_cast<SamplePos>(cut));
        EXPECT_GE(before.settled, static_cast<SamplePos>(cut) - kMostSetAside);
        Utterance second(*recognizer_, {.carry = before.carry, .continues = true});
        second.hear(std::span(samples).subspan(cut));
        const auto after = second.end();
        EXPECT_EQ(before.hypothesis.text + " " + after.hypothesis.text, spaced(letters))
            << "cut at " << at.count();
        ASSERT_FALSE(after.hypothesis.words.empty());
        const auto index = static_cast<int>(before.hypothesis.words.size());
        EXPECT_NEAR(static_cast<double>((after.hypothesis.words[0].start + at).count()),
                    static_cast<double>((kLetterPeriod * index).count()), 101)
            << "cut at " << at.count();
        EXPECT_EQ(after.settled, static_cast<SamplePos>(samples.size() - cut));
    }
}

TEST_P(Sherpa, NothingIsSetAsideInAPause) {
    const auto samples = speak_tones("abc  ");
    Utterance utterance(*recognizer_);
    utterance.hear(samples);
    const auto outcome = utterance.end(Ending::cut);
    EXPECT_EQ(outcome.hypothesis.text, "a b c");
    EXPECT_EQ(outcome.settled, static_cast<SamplePos>(samples.size()));
    EXPECT_FALSE(outcome.carry.has_value());
}

// Streams of different phase in one batch: each hears its own letters.
TEST_P(Sherpa, ManyStreamsInOneCallDoNotMix) {
    for (const std::size_t count : {1, 7, 8, 9, 32}) {
        const auto letters = some_letters(count);
        std::vector<std::unique_ptr<RecognizerStream>> streams;
        std::vector<std::vector<std::int16_t>> audio;
        std::vector<std::size_t> at(count);
        for (std::size_t i = 0; i < count; ++i) {
            streams.push_back(recognizer_->create_stream({}));
            audio.push_back(speak_tones(letters[i], Millis(37 * static_cast<int>(i))));
        }
        for (std::size_t open = count; open > 0;) {
            std::vector<RecognizerStream*> ready;
            for (std::size_t i = 0; i < count; ++i) {
                if (at[i] < audio[i].size()) {
                    const auto n = std::min<std::size_t>(1600, audio[i].size() - at[i]);
                    streams[i]->accept_audio(std::span(audio[i]).subspan(at[i], n));
                    at[i] += n;
                    if (at[i] == audio[i].size()) {
                        streams[i]->input_finished(Ending::complete);
                        --open;
                    }
                }
                if (streams[i]->is_ready()) ready.push_back(streams[i].get());
            }
            if (!ready.empty()) recognizer_->decode(ready);
        }
        for (std::size_t i = 0; i < count; ++i) {
            RecognizerStream* one = streams[i].get();
            while (one->is_ready()) recognizer_->decode({&one, 1});
            EXPECT_EQ(one->result().hypothesis.text, spaced(letters[i])) << i << " of " << count;
        }
    }
}

// As an engine does: two threads share the model, each with many streams.
TEST_P(Sherpa, DecodeThreadsShareTheModel) {
    constexpr std::size_t kStreams = 40;
    std::mutex mutex;
    std::condition_variable news;
    bool has_news = false;
    DecodeLoop loop({.load_recognizer = make_recognizer_,
                     .live_threads = 2,
                     .whole_threads = 2,
                     .streams_per_thread = 32,
                     .on_news = [&] {
                         std::lock_guard lock(mutex);
                         has_news = true;
                         news.notify_one();
                     }});
    const auto letters = some_letters(kStreams);
    std::map<JobId, std::string> wanted, heard;
    for (std::size_t i = 0; i < kStreams; ++i) {
        const auto mode = i % 3 == 0 ? StreamMode::whole : StreamMode::live;
        const auto job = loop.begin({.mode = mode, .wants_partials = true, .stream = {}});
        wanted[job] = spaced(letters[i]);
        const auto audio = speak_tones(letters[i]);
        const auto step = mode == StreamMode::whole ? audio.size() : 1000;
        for (std::size_t at = 0; at < audio.size(); at += step)
            loop.push(job, std::span(audio).subspan(at, std::min(step, audio.size() - at)));
        loop.finish(job, Ending::complete);
    }
    while (heard.size() < kStreams) {
        {
            std::unique_lock lock(mutex);
            news.wait(lock, [&] { return std::exchange(has_news, false); });
        }
        for (const auto& one : loop.take_news()) {
            ASSERT_FALSE(one.error) << one.error->context;
            if (one.outcome) heard[one.job] = one.outcome->hypothesis.text;
        }
    }
    EXPECT_EQ(heard, wanted);
}

// A model that takes 1 s at a time, as Whisper takes 29 s: the rest is heard too, and batches with
// utterances of one part.
TEST(SherpaClips, WhatIsTooLongForOneCallIsHeardInParts) {
    if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
    CopiedModel model("offline");
    model.change_card("family =", "longest_clip_ms = 1000\nfamily =");
    const auto recognizer =
        load_sherpa({.library = {}, .model_folder = model.folder()})(StreamMode::whole);
    const std::string_view spoken[] = {"abcdefghgfedcbaabcdefgh", "dead", "habebafacade"};
    std::vector<std::unique_ptr<RecognizerStream>> streams;
    for (const auto letters : spoken) {
        streams.push_back(recognizer->create_stream({}));
        streams.back()->accept_audio(speak_tones(letters));
        streams.back()->input_finished(Ending::complete);
    }
    for (std::vector<RecognizerStream*> ready;; ready.clear()) {
        for (const auto& stream : streams)
            if (stream->is_ready()) ready.push_back(stream.get());
        if (ready.empty()) break;
        recognizer->decode(ready);
    }
    for (std::size_t i = 0; i < std::size(spoken); ++i) {
        const auto outcome = streams[i]->result();
        EXPECT_EQ(outcome.hypothesis.text, spaced(spoken[i]));
        ASSERT_EQ(outcome.hypothesis.words.size(), spoken[i].size());
        for (std::size_t w = 0; w < spoken[i].size(); ++w)
            EXPECT_NEAR(static_cast<double>(outcome.hypothesis.words[w].start.count()),
                        static_cast<double>((kLetterPeriod * static_cast<int>(w)).count()), 81);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, Sherpa, testing::Values("streaming", "offline"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
// What engine/recognizer.h promises of one utterance at a time, for every backend.
#include "recognizer/contract_fixture.h"

namespace tutti::engine::contract {
namespace {

TEST_P(RecognizerContract, HearsWhatIsSaidAndWhen) {
    for (std::size_t n = 0; n < 2; ++n) {
        const auto speech = backend_->speech(n);
        const auto outcome = recognize(*recognizer_, speech.samples);
        EXPECT_EQ(outcome.hypothesis.text, speech.text);
        EXPECT_EQ(joined(outcome.hypothesis.words), lower(speech.text));
        EXPECT_EQ(outcome.settled, length_of(speech.samples));
        expect_times(outcome.hypothesis.words, Millis(0), to_millis(outcome.settled));
    }
}

TEST_P(RecognizerContract, AnUtteranceWithoutAudioHasNoWords) {
    for (const bool asks : {false, true}) {
        const auto outcome = recognize(*recognizer_, {}, {.asks = asks});
        EXPECT_EQ(outcome.hypothesis, Hypothesis{});
        EXPECT_EQ(outcome.settled, 0);
    }
    const auto cut = recognize(*recognizer_, {}, {.ending = Ending::cut});
    EXPECT_EQ(cut.hypothesis, Hypothesis{});
    EXPECT_EQ(cut.settled, 0);
    expect_well();
}

TEST_P(RecognizerContract, SilenceHasNoWords) {
    for (const std::size_t length : {1, 100, 1600, 48000}) {
        const auto outcome = recognize(*recognizer_, Samples(length), {.pieces = {700}});
        EXPECT_EQ(outcome.hypothesis, Hypothesis{}) << length;
        EXPECT_EQ(outcome.settled, static_cast<SamplePos>(length));
    }
    expect_well();
}

TEST_P(RecognizerContract, WhereAudioIsCutIntoCallsMakesNoDifference) {
    const auto speech = backend_->speech(1);
    const auto at_once = recognize(*recognizer_, speech.samples);
    EXPECT_EQ(at_once.hypothesis.text, speech.text);
    for (const Way& way : {Way{.pieces = {1, 7, 159, 333, 1601, 4000}}, Way{.pieces = {1600}},
                           Way{.pieces = {31999, 2}}})
        expect_same(recognize(*recognizer_, speech.samples, way), at_once);
}

TEST_P(RecognizerContract, PartialsMayBeAskedForAtAnyTimeAndChangeNothing) {
    const auto speech = backend_->speech(1);
    const Way quiet{.pieces = {1600}}, curious{.pieces = {1600}, .asks = true};
    expect_same(recognize(*recognizer_, speech.samples, curious),
                recognize(*recognizer_, speech.samples, quiet));
}

TEST_P(RecognizerContract, PartialsTellOfTheAudioThatWasHeard) {
    const auto speech = backend_->speech(0);
    const auto stream = recognizer_->create_stream({});
    EXPECT_EQ(stream->partial(), Hypothesis{});
    for (std::size_t at = 0; at < speech.samples.size(); at += 1600) {
        stream->accept_audio(
            std::span(speech.samples)
                .subspan(at, std::min<std::size_t>(1600, speech.samples.size() - at)));
        decode_all(*recognizer_, *stream);
        const auto heard = stream->partial();
        // A decoder's frames reach a little beyond the audio it has.
        expect_times(heard.words, Millis(0),
                     to_millis(static_cast<SamplePos>(at) + 1600) + Millis(50));
        EXPECT_EQ(joined(heard.words), lower(heard.text));
    }
    stream->input_finished(Ending::complete);
    decode_all(*recognizer_, *stream);
    EXPECT_EQ(stream->result().hypothesis.text, speech.text);
}

TEST_P(RecognizerContract, AStreamMayGoAtAnyTime) {
    const auto speech = backend_->speech(1);
    const auto half = std::span(speech.samples).first(speech.samples.size() / 2);
    for (int steps = 0; steps <= 5; ++steps) {
        const auto stream = recognizer_->create_stream({});
        if (steps > 0) stream->accept_audio(half);
        if (steps > 1) decode_all(*recognizer_, *stream);
        if (steps > 2) stream->partial();
        if (steps > 3) stream->input_finished(Ending::cut);
        if (steps > 4) decode_all(*recognizer_, *stream);
    }
    expect_well();
}

TEST_P(RecognizerContract, OneUtteranceLeavesNoTraceInAnother) {
    const auto speech = backend_->speech(0), other = backend_->speech(1);
    const auto alone = recognize(*recognizer_, speech.samples);
    recognize(*recognizer_, other.samples);
    recognize(*recognizer_, std::span(other.samples).first(other.samples.size() / 2),
              {.ending = Ending::cut});
    const auto after = recognize(*recognizer_, speech.samples);
    EXPECT_EQ(after.hypothesis, alone.hypothesis);
    EXPECT_EQ(after.settled, alone.settled);
}

TEST_P(RecognizerContract, TheNextUtteranceOfASpeakerStartsFromTheCarry) {
    std::any carry;
    for (std::size_t n = 0; n < 2; ++n) {
        const auto speech = backend_->speech(n);
        auto outcome = recognize(*recognizer_, speech.samples, {}, {.carry = std::move(carry)});
        EXPECT_EQ(outcome.hypothesis.text, speech.text) << "and no word of the one before";
        carry = std::move(outcome.carry);
    }
}

TEST_P(RecognizerContract, ACutInAPauseLosesAndDoublesNothing) {
    const auto speech = backend_->speech(2);
    ASSERT_FALSE(speech.pauses.empty());
    for (const auto cut : speech.pauses) {
        const auto heard = recognize_in_parts(speech.samples, {cut});
        EXPECT_EQ(heard.text, speech.text) << "cut at " << cut;
        EXPECT_EQ(joined(heard.words), lower(speech.text)) << "cut at " << cut;
        expect_times(heard.words, Millis(0), to_millis(length_of(speech.samples)));
    }
}

TEST_P(RecognizerContract, AFailedUtteranceIsTheOnlyOneToFail) {
    const auto recognizer = backend_->fallible();
    for (int i = 0; i < 2; ++i) {
        bool can_fail = true;
        EXPECT_ANY_THROW(can_fail = backend_->provoke(*recognizer);
                         if (!can_fail) throw std::runtime_error("there is no such fault"));
        const auto speech = backend_->speech(0);
        EXPECT_EQ(recognize(*recognizer, speech.samples).hypothesis.text, speech.text);
    }
}

INSTANTIATE_TEST_SUITE_P(Backends, RecognizerContract,
                         testing::Values(Kind::pocketsphinx_whole, Kind::pocketsphinx_forked,
                                         Kind::sherpa_streaming, Kind::sherpa_offline, Kind::tone,
                                         Kind::upstream),
                         name_of);

// Each way to hear a long utterance once, for the time it takes.
class LongContract : public RecognizerContract {};

// As long as an utterance gets (proto::kMaxUtterance, and what a file's segment may be longer),
// with words at its very ends.
TEST_P(LongContract, NothingOfALongUtteranceIsLost) {
    const auto first = backend_->speech(0), last = backend_->speech(1);
    auto samples = first.samples;
    samples.resize(31 * proto::kSampleRate - last.samples.size());
    samples.insert(samples.end(), last.samples.begin(), last.samples.end());
    const auto outcome = recognize(*recognizer_, samples, {.pieces = {16000}});
    EXPECT_EQ(outcome.hypothesis.text, first.text + " " + last.text);
    EXPECT_EQ(joined(outcome.hypothesis.words), lower(outcome.hypothesis.text));
    EXPECT_EQ(outcome.settled, length_of(samples));
    expect_times(outcome.hypothesis.words, Millis(0), to_millis(length_of(samples)));
}

INSTANTIATE_TEST_SUITE_P(Backends, LongContract,
                         testing::Values(Kind::pocketsphinx_whole, Kind::sherpa_streaming,
                                         Kind::sherpa_offline, Kind::tone, Kind::upstream),
                         name_of);

// Of backends that set the word aside that a cut would break.
class CutContract : public RecognizerContract {};

TEST_P(CutContract, ACutAnywhereLosesDoublesAndBreaksNothing) {
    ASSERT_TRUE(backend_->traits.sets_words_aside);
    const auto speech = backend_->speech(3);
    for (std::size_t cut = 320; cut < speech.samples.size(); cut += 320) {
        const auto heard = recognize_in_parts(speech.samples, {cut});
        EXPECT_EQ(heard.text, speech.text) << "cut at " << cut;
        EXPECT_EQ(joined(heard.words), lower(speech.text)) << "cut at " << cut;
    }
}

TEST_P(CutContract, CutsWithoutEndLoseAndDoubleNothing) {
    const auto speech = backend_->speech(4);
    for (const std::size_t period : {1600, 4000, 5000, 8111}) {
        std::vector<std::size_t> cuts;
        for (auto at = period; at < speech.samples.size(); at += period) cuts.push_back(at);
        EXPECT_EQ(recognize_in_parts(speech.samples, cuts).text, speech.text) << period;
    }
}

INSTANTIATE_TEST_SUITE_P(Backends, CutContract,
                         testing::Values(Kind::sherpa_streaming, Kind::sherpa_offline, Kind::tone),
                         name_of);

}  // namespace
}  // namespace tutti::engine::contract

// SPDX-License-Identifier: Apache-2.0
// What engine/recognizer.h promises of utterances that are heard at the same time.
#include "recognizer/contract_fixture.h"
#include <future>

namespace tutti::engine::contract {
namespace {

// Of backends that hear several utterances at once, be it with a recognizer for each.
class CrowdContract : public RecognizerContract {
  protected:
    static constexpr std::size_t kCrowd = 5;
    void SetUp() override {
        RecognizerContract::SetUp();
        if (HasFatalFailure()) return;
        for (std::size_t n = 0; n < kCrowd; ++n) speech_.push_back(backend_->speech(n));
    }
    std::vector<Speech> speech_;
};

TEST_P(CrowdContract, StreamsThatAreHeardInTurnDoNotMix) {
    const bool shares = backend_->traits.streams_at_once >= kCrowd;
    std::vector<std::unique_ptr<Recognizer>> recognizers;
    Streams streams;
    for (std::size_t i = 0; i < kCrowd; ++i) {
        if (recognizers.empty() || !shares) recognizers.push_back(backend_->recognizer());
        streams.push_back(recognizers.back()->create_stream({}));
    }
    for (std::size_t at = 0, open = kCrowd; open > 0; at += 1600) {
        for (std::size_t i = 0; i < kCrowd; ++i) {
            if (at >= speech_[i].samples.size() + 1600) continue;
            const auto rest =
                std::span(speech_[i].samples).subspan(std::min(at, speech_[i].samples.size()));
            if (rest.empty()) {
                streams[i]->input_finished(Ending::complete);
                --open;
            }
            streams[i]->accept_audio(rest.first(std::min<std::size_t>(rest.size(), 1600)));
            decode_all(*recognizers[shares ? 0 : i], *streams[i]);
            streams[i]->partial();
        }
    }
    for (std::size_t i = 0; i < kCrowd; ++i)
        EXPECT_EQ(streams[i]->result().hypothesis.text, speech_[i].text) << i;
    streams.clear();
}

TEST_P(CrowdContract, RecognizersOfOneFactoryWorkOnThreadsOfTheirOwn) {
    std::vector<std::unique_ptr<Recognizer>> recognizers;
    for (std::size_t i = 0; i < 3; ++i) recognizers.push_back(backend_->recognizer());
    std::vector<std::future<std::string>> heard;
    for (std::size_t i = 0; i < recognizers.size(); ++i)
        heard.push_back(std::async(std::launch::async, [&, i] {
            const auto recognizer = std::move(recognizers[i]);
            std::string text;
            for (int round = 0; round < 2; ++round)
                text +=
                    recognize(*recognizer, speech_[i].samples, {.pieces = {1600}}).hypothesis.text;
            return text;
        }));
    for (std::size_t i = 0; i < heard.size(); ++i)
        EXPECT_EQ(heard[i].get(), speech_[i].text + speech_[i].text);
}

INSTANTIATE_TEST_SUITE_P(Backends, CrowdContract,
                         testing::Values(Kind::pocketsphinx_forked, Kind::sherpa_streaming,
                                         Kind::sherpa_offline, Kind::tone, Kind::upstream),
                         name_of);

// Of backends that decode several utterances in one call.
class BatchContract : public CrowdContract {};

TEST_P(BatchContract, ABatchHearsWhatEachHearsAlone) {
    ASSERT_GE(backend_->traits.streams_at_once, kCrowd);
    Streams streams;
    for (const auto& speech : speech_) {
        streams.push_back(recognizer_->create_stream({}));
        streams.back()->accept_audio(speech.samples);
        streams.back()->input_finished(Ending::complete);
    }
    for (;;) {
        std::vector<RecognizerStream*> ready;
        for (const auto& stream : streams)
            if (stream->is_ready() && ready.size() < recognizer_->batch_limit())
                ready.push_back(stream.get());
        if (ready.empty()) break;
        recognizer_->decode(ready);
    }
    for (std::size_t i = 0; i < kCrowd; ++i) {
        const auto together = streams[i]->result();
        const auto alone = recognize(*recognizer_, speech_[i].samples);
        EXPECT_EQ(together.hypothesis.text, speech_[i].text);
        ASSERT_EQ(together.hypothesis.words.size(), alone.hypothesis.words.size());
        for (std::size_t w = 0; w < alone.hypothesis.words.size(); ++w) {
            // The arithmetic of a batch may round otherwise.
            EXPECT_NEAR(together.hypothesis.words[w].confidence,
                        alone.hypothesis.words[w].confidence, 0.001);
            EXPECT_EQ(together.hypothesis.words[w].start, alone.hypothesis.words[w].start);
        }
        EXPECT_EQ(together.settled, alone.settled);
    }
}

TEST_P(BatchContract, AStreamMayGoBetweenTheCallsOfOthers) {
    auto dropped = recognizer_->create_stream({});
    const auto kept = recognizer_->create_stream({});
    const auto half = speech_[0].samples.size() / 2;
    for (auto* stream : {dropped.get(), kept.get()})
        stream->accept_audio(std::span(speech_[0].samples).first(half));
    while (dropped->is_ready() && kept->is_ready()) {
        RecognizerStream* both[] = {dropped.get(), kept.get()};
        recognizer_->decode(both);
    }
    dropped.reset();
    kept->accept_audio(std::span(speech_[0].samples).subspan(half));
    kept->input_finished(Ending::complete);
    decode_all(*recognizer_, *kept);
    EXPECT_EQ(kept->result().hypothesis.text, speech_[0].text);
}

INSTANTIATE_TEST_SUITE_P(Backends, BatchContract,
                         testing::Values(Kind::sherpa_streaming, Kind::sherpa_offline, Kind::tone,
                                         Kind::upstream),
                         name_of);

}  // namespace
}  // namespace tutti::engine::contract

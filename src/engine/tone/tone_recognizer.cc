// SPDX-License-Identifier: Apache-2.0
#include "engine/tone/tone_recognizer.h"

#include "engine/tone/dtmf_detector.h"

namespace tutti::engine {
namespace {

class ToneStream : public RecognizerStream {
  public:
    explicit ToneStream(const StreamOptions& options) {
        if (!options.continues) return;
        if (const auto* before = std::any_cast<DtmfDetector>(&options.carry)) detector_ = *before;
        origin_ = detector_.position();
    }

    void accept_audio(std::span<const std::int16_t> samples) override {
        inbox_.insert(inbox_.end(), samples.begin(), samples.end());
    }
    void input_finished(Ending ending) override {
        ending_ = ending;
        must_finish_ = ending == Ending::complete;
    }
    bool is_ready() const override { return !inbox_.empty() || must_finish_; }

    void decode() {
        detector_.process(inbox_, digits_);
        inbox_.clear();
        if (std::exchange(must_finish_, false)) {
            length_ = detector_.position() - origin_;
            detector_.finish(digits_);
        }
    }

    Hypothesis partial() override {
        Hypothesis hypothesis;
        for (const auto& digit : digits_) {
            if (!hypothesis.text.empty()) hypothesis.text += ' ';
            hypothesis.text += digit.digit;
            hypothesis.words.push_back({std::string(1, digit.digit),
                                        proto::to_millis(digit.start - origin_),
                                        proto::to_millis(digit.end - origin_), 1.f});
        }
        return hypothesis;
    }

    Outcome result() override {
        if (ending_ == Ending::complete) return {partial(), length_, {}};
        return {partial(), detector_.settled() - origin_, detector_};
    }

  private:
    std::vector<std::int16_t> inbox_;
    DtmfDetector detector_;
    SamplePos origin_ = 0;  // this utterance's first sample on the detector's clock
    SamplePos length_ = 0;
    std::vector<DtmfDigit> digits_;
    Ending ending_ = Ending::complete;
    bool must_finish_ = false;
};

}  // namespace

std::unique_ptr<RecognizerStream> ToneRecognizer::create_stream(StreamOptions options) {
    return std::make_unique<ToneStream>(options);
}

void ToneRecognizer::decode(std::span<RecognizerStream* const> ready) {
    for (auto* stream : ready) static_cast<ToneStream*>(stream)->decode();
}

}  // namespace tutti::engine

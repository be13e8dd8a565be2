// SPDX-License-Identifier: Apache-2.0
#include "engine/silero/speech_only.h"

namespace tutti::engine {
namespace {

class SpeechOnlyStream final : public RecognizerStream {
  public:
    void accept_audio(std::span<const std::int16_t> samples) override {
        length_ += static_cast<SamplePos>(samples.size());
    }
    void input_finished(Ending) override {}
    bool is_ready() const override { return false; }
    Hypothesis partial() override { return {}; }
    Outcome result() override { return {{}, length_, {}}; }

  private:
    SamplePos length_ = 0;
};

}  // namespace

std::unique_ptr<RecognizerStream> SpeechOnly::create_stream(StreamOptions) {
    return std::make_unique<SpeechOnlyStream>();
}

}  // namespace tutti::engine

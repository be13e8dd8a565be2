// SPDX-License-Identifier: Apache-2.0
// Models that tools/make_tone_model.py made: tones are letters, each a word.
#include "engine/sherpa/sherpa_recognizer.h"
#include "engine/sherpa/tone_speech.h"

#include "recognizer/backends.h"

namespace tutti::engine::contract {
namespace {

class Sherpa : public Backend {
  public:
    explicit Sherpa(const std::string& model)
        : Backend({.streams_at_once = 100}), model_(model), factory_(load(model)) {}

    std::unique_ptr<Recognizer> recognizer() override { return factory_(proto::StreamMode::live); }
    // Without the letter that a nameless model throws over.
    Speech speech(std::size_t n) override {
        std::string letters;
        for (std::size_t i = 0; i < 6 + n % 5; ++i)
            letters += static_cast<char>('a' + (n * 5 + i * 3 + i * i) % 7);
        const auto lead = proto::Millis(37 * n);
        Speech speech{.samples = sherpa::speak_tones(letters, lead), .text = {}, .pauses = {}};
        for (std::size_t i = 0; i < letters.size(); ++i) {
            if (i > 0) {
                const auto period = sherpa::kLetterPeriod * static_cast<int>(i);
                const auto at = proto::to_samples(lead + period - sherpa::kTonePause / 2);
                speech.pauses.push_back(static_cast<std::size_t>(at));
                speech.text += ' ';
            }
            speech.text += letters[i];
        }
        return speech;
    }
    std::unique_ptr<Recognizer> fallible() override {
        return load(model_ + "_nameless")(proto::StreamMode::live);
    }
    bool provoke(Recognizer& recognizer) override {
        recognize(recognizer, sherpa::speak_tones("abhd"));
        return true;
    }

  private:
    static RecognizerFactory load(const std::string& model) {
        return load_sherpa(
            {.library = {}, .model_folder = std::filesystem::path(TUTTI_TEST_MODELS) / model});
    }
    std::string model_;
    RecognizerFactory factory_;
};

}  // namespace

std::unique_ptr<Backend> make_sherpa(const std::string& model) {
    return std::make_unique<Sherpa>(model);
}

}  // namespace tutti::engine::contract

// SPDX-License-Identifier: Apache-2.0
// English sentences of a speech synthesiser, which the model hears without an error.
#include "engine/forked_recognizer.h"
#include "engine/pocketsphinx/pocketsphinx_recognizer.h"
#include "engine/pocketsphinx/test_speech.h"

#include "recognizer/backends.h"

#include <optional>

namespace tutti::engine::contract {
namespace {

using proto::StreamMode;

constexpr const char* kSentences[] = {
    "i would like a cup of coffee", "she had a good day at the office",
    "please open the door and come inside", "the children are playing in the garden"};

class PocketSphinx : public Backend {
  public:
    PocketSphinx(StreamMode mode, bool is_forked)
        : Backend({.streams_at_once = 1,
                   .is_exact = mode == StreamMode::whole,
                   .sets_words_aside = false}),
          mode_(mode) {
        const auto load = [] { return load_pocketsphinx(find_pocketsphinx_model(kModel)); };
        if (is_forked)
            nursery_.emplace(load).wait_until_loaded();
        else
            factory_ = load();
    }

    std::unique_ptr<Recognizer> recognizer() override {
        if (nursery_) return std::make_unique<ForkedRecognizer>(*nursery_, mode_);
        return factory_(mode_);
    }
    // Each third speech is two sentences with a pause, the others are one, for the time it takes.
    Speech speech(std::size_t n) override {
        const std::string first = kSentences[n % std::size(kSentences)];
        Speech speech{.samples = say(first), .text = first, .pauses = {}};
        if (n % 3 != 2) return speech;
        constexpr std::size_t kPause = proto::kSampleRate / 2;
        const std::string second = kSentences[(n + 1) % std::size(kSentences)];
        speech.samples.resize(speech.samples.size() + kPause);
        speech.pauses.push_back(speech.samples.size() - kPause / 2);
        speech.text += " " + second;
        const auto rest = say(second);
        speech.samples.insert(speech.samples.end(), rest.begin(), rest.end());
        return speech;
    }
    bool provoke(Recognizer& recognizer) override {
        StreamOptions options;
        if (mode_ == StreamMode::whole)
            options.text = "she had a good xyzzyqwrt";
        else
            options.carry = std::string("of another model");
        const auto samples = say(kSentences[0]);
        contract::recognize(recognizer, samples, {}, std::move(options));
        return true;
    }

  private:
    static std::vector<std::int16_t> say(const std::string& text) {
        auto samples = speak(text);
        if (samples.empty()) throw std::runtime_error("flite cannot speak here");
        return samples;
    }
    const StreamMode mode_;
    std::optional<Nursery> nursery_;
    RecognizerFactory factory_;
};

}  // namespace

std::unique_ptr<Backend> make_pocketsphinx(StreamMode mode, bool is_forked) {
    return std::make_unique<PocketSphinx>(mode, is_forked);
}

}  // namespace tutti::engine::contract

// SPDX-License-Identifier: Apache-2.0
#include "engine/tone/tone_recognizer.h"

#include "recognizer/backends.h"

namespace tutti::engine::contract {
namespace {

class Tone : public Backend {
  public:
    Tone() : Backend({.streams_at_once = 100}) {}
    std::unique_ptr<Recognizer> recognizer() override { return std::make_unique<ToneRecognizer>(); }
    Speech speech(std::size_t n) override { return speak_digits(n); }
};

}  // namespace

std::unique_ptr<Backend> make_tone() {
    return std::make_unique<Tone>();
}

}  // namespace tutti::engine::contract

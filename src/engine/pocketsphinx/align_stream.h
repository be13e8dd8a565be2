// SPDX-License-Identifier: Apache-2.0
// One utterance whose words are known: finds when each is spoken.
//
// A decoder of its own, made for the utterance and dropped with it, searches the audio for the
// words in their order and nothing else, with silence and noise allowed between and each
// pronunciation that the dictionary has; then a second search takes any sequence of phones.
//
// 1. A word's confidence compares how well the two explain its audio, per frame: 1 for a word as
//    likely as the best phones or more, 0.5 where it is e^3 times less likely a frame, towards 0
//    below. It is no probability; the words of another text mostly come out below 0.3.
// 2. RecognitionError: the text has words that the dictionary lacks (bad_parameter; they are
//    named), has no words, or does not fit into the audio in any way (bad_request).
// 3. The hypothesis has the words as the text spells them.
//
// `dictionary` is only looked up in. The decoder takes 6 ms to make and 6 MB.
#pragma once

#include "engine/pocketsphinx/decoder_handle.h"
#include "engine/pocketsphinx/text_words.h"

#include <filesystem>

namespace tutti::engine {

class AlignStream : public PocketSphinxStream {
  public:
    AlignStream(ps_decoder_t* dictionary, std::filesystem::path acoustic_model, std::string text);

    void accept_audio(std::span<const std::int16_t> samples) override;
    void input_finished(Ending) override { is_finished_ = true; }
    bool is_ready() const override { return is_finished_ && !outcome_; }
    void decode() override;
    Hypothesis partial() override { return {}; }
    Outcome result() override;

  private:
    TextReading read() const;
    void require_room_for(const TextReading& reading) const;

    ps_decoder_t* dictionary_;
    std::filesystem::path acoustic_model_;
    std::string text_;
    std::vector<std::int16_t> samples_;
    bool is_finished_ = false;
    std::optional<Outcome> outcome_;
};

}  // namespace tutti::engine

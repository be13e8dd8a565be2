// SPDX-License-Identifier: Apache-2.0
// The two kinds of utterances that sherpa-onnx hears; for sherpa_recognizer.cc.
#pragma once

#include "engine/recognizer.h"
#include "engine/sherpa/batch_size.h"
#include "engine/sherpa/cut_point.h"
#include "engine/sherpa/loaded_model.h"

#include <memory>

namespace tutti::engine::sherpa {

// What both kinds share: the audio carried over from the utterance before, and the outcome.
class StreamBase : public RecognizerStream {
  public:
    StreamBase(std::shared_ptr<const LoadedModel> model, const StreamOptions& options);

    Outcome result() override;

  protected:
    const LoadedModel& model() const { return *model_; }
    const std::vector<std::int16_t>& carried() const { return carried_; }
    // Positions of the library's clock, which begins with the carried audio.
    SamplePos carried_length() const { return static_cast<SamplePos>(carried_.size()); }

    Hypothesis hypothesis_of(const Heard& heard, SamplePos length) const;
    virtual Heard hear() = 0;
    // The end of the audio, of kMostSetAside samples if there are as many.
    virtual std::span<const std::int16_t> recent() const = 0;
    virtual SamplePos length() const = 0;  // the carried audio included

    Ending ending_ = Ending::complete;
    const std::string hotwords_;  // as the library takes them

  private:
    std::shared_ptr<const LoadedModel> model_;  // with the recognizer; must outlive native streams
    std::vector<std::int16_t> carried_;
};

class OnlineStreamOf : public StreamBase {
  public:
    OnlineStreamOf(std::shared_ptr<const LoadedModel> model, const StreamOptions& options);
    ~OnlineStreamOf() override;

    void accept_audio(std::span<const std::int16_t> samples) override;
    void input_finished(Ending ending) override;
    bool is_ready() const override;
    Hypothesis partial() override;
    const OnlineStream* native() const { return native_; }

  private:
    Heard hear() override;
    std::span<const std::int16_t> recent() const override;
    SamplePos length() const override { return length_; }
    void feed(std::span<const std::int16_t> samples);

    const OnlineStream* native_ = nullptr;
    std::vector<std::int16_t> recent_;
    SamplePos length_ = 0;
};

class OfflineStreamOf : public StreamBase {
  public:
    OfflineStreamOf(std::shared_ptr<const LoadedModel> model, const StreamOptions& options);

    void accept_audio(std::span<const std::int16_t> samples) override;
    void input_finished(Ending ending) override;
    const std::string& hotwords() const { return hotwords_; }
    bool is_ready() const override { return decoded_clips_ < clip_ends_.size(); }
    Hypothesis partial() override { return {}; }
    // REQUIRES of both: is_ready(). The audio that is decoded next, all of it but for models that
    // take only so much at once, and what was heard in it.
    std::span<const std::int16_t> clip() const;
    void on_decoded(Heard heard);

  private:
    Heard hear() override { return std::move(heard_); }
    std::span<const std::int16_t> recent() const override;
    SamplePos length() const override { return static_cast<SamplePos>(samples_.size()); }

    std::size_t clip_begin() const {
        return decoded_clips_ == 0 ? 0 : clip_ends_[decoded_clips_ - 1];
    }

    std::vector<std::int16_t> samples_;
    std::vector<std::size_t> clip_ends_;  // once the utterance has ended
    std::size_t decoded_clips_ = 0;
    Heard heard_;  // in those
};

// REQUIRES: streams of that model, none of them twice, all ready.
void decode_online(const LoadedModel& model, std::span<RecognizerStream* const> ready);
void decode_offline(const LoadedModel& model, std::span<RecognizerStream* const> ready);

}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
#include "engine/pocketsphinx/pocketsphinx_recognizer.h"

#include "engine/pocketsphinx/align_stream.h"

#include <sphinxbase/cmn.h>
#include <sphinxbase/err.h>

#include <algorithm>
#include <cstring>

namespace tutti::engine {
namespace {

using proto::StreamMode;
using CepstralMean = std::vector<mfcc_t>;

CepstralMean mean_of(ps_decoder_t* decoder) {
    cmn_t* cmn = ps_get_feat(decoder)->cmn_struct;
    CepstralMean mean(static_cast<std::size_t>(cmn->veclen));
    cmn_live_get(cmn, mean.data());
    return mean;
}

// A carry is a mean as bytes, which can leave the process.
std::string to_carry(const CepstralMean& mean) {
    return {reinterpret_cast<const char*>(mean.data()), mean.size() * sizeof(mfcc_t)};
}
CepstralMean from_carry(const std::string& bytes, const CepstralMean& initial) {
    CepstralMean mean = initial;
    require(bytes.size() == mean.size() * sizeof(mfcc_t), "the carry is of another model");
    std::memcpy(mean.data(), bytes.data(), bytes.size());
    return mean;
}

// Nothing at all, as a muted line or a file's padding sounds. Normalised over such an utterance,
// its rounding errors would be made as loud as speech, and words be heard in them.
bool is_digital_silence(std::span<const std::int16_t> samples) {
    return std::ranges::all_of(samples, [](int sample) { return std::abs(sample) <= 2; });
}

class SpeechStream : public PocketSphinxStream {
  public:
    SpeechStream(ps_decoder_t* decoder, StreamMode mode, const CepstralMean& mean)
        : decoder_(decoder), mode_(mode) {
        if (mode == StreamMode::live) cmn_live_set(ps_get_feat(decoder)->cmn_struct, mean.data());
        require(ps_start_stream(decoder) == 0 && ps_start_utt(decoder) == 0,
                "cannot start an utterance");
    }
    ~SpeechStream() override {
        if (!has_ended_) ps_end_utt(decoder_);
    }

    void accept_audio(std::span<const std::int16_t> samples) override {
        inbox_.insert(inbox_.end(), samples.begin(), samples.end());
        length_ += static_cast<SamplePos>(samples.size());
        is_silent_ = is_silent_ && is_digital_silence(samples);
    }
    void input_finished(Ending) override { is_finished_ = true; }
    bool is_ready() const override {
        return is_finished_ ? !has_ended_ : mode_ == StreamMode::live && !inbox_.empty();
    }

    void decode() override {
        if (!inbox_.empty()) {
            const int full_utterance = mode_ == StreamMode::whole;
            require(
                ps_process_raw(decoder_, inbox_.data(), inbox_.size(), FALSE, full_utterance) >= 0,
                "cannot process the audio");
            inbox_.clear();
        }
        if (is_finished_) {
            has_ended_ = true;
            require(ps_end_utt(decoder_) == 0, "cannot end the utterance");
        }
    }

    Hypothesis partial() override { return hypothesis(); }

    Outcome result() override {
        Outcome outcome{hypothesis(), length_, {}};
        if (mode_ == StreamMode::live) outcome.carry = to_carry(mean_of(decoder_));
        return outcome;
    }

  private:
    Hypothesis hypothesis() const {
        Hypothesis found;
        if (is_silent_) return found;
        for (auto* segment = ps_seg_iter(decoder_); segment; segment = ps_seg_next(segment)) {
            const auto text = spoken(ps_seg_word(segment));
            if (text.empty()) continue;
            int first = 0, last = 0;
            ps_seg_frames(segment, &first, &last);
            if (!found.text.empty()) found.text += ' ';
            found.text += text;
            found.words.push_back({std::string(text), first * kFrame, (last + 1) * kFrame,
                                   has_ended_ ? confidence(segment) : 0.f});
        }
        return found;
    }

    // The word's posterior probability, which only the lattice of a finished utterance gives.
    float confidence(ps_seg_t* segment) const {
        const auto log_probability = ps_seg_prob(segment, nullptr, nullptr, nullptr);
        const auto probability = logmath_exp(ps_get_logmath(decoder_), log_probability);
        return std::clamp(static_cast<float>(probability), 0.f, 1.f);
    }

    ps_decoder_t* decoder_;
    StreamMode mode_;
    std::vector<std::int16_t> inbox_;
    SamplePos length_ = 0;
    bool is_silent_ = true;  // as far as it was heard
    bool is_finished_ = false;
    bool has_ended_ = false;
};

// A loaded model, as its decoder was before it heard anybody.
struct Model {
    DecoderPtr decoder;
    CepstralMean initial_mean;
    std::filesystem::path acoustic;
};

class PocketSphinxRecognizer : public Recognizer {
  public:
    PocketSphinxRecognizer(std::shared_ptr<const Model> model, StreamMode mode)
        : model_(std::move(model)), mode_(mode) {
        // All else of a decoder is the same for both.
        ps_get_feat(decoder())->cmn = mode == StreamMode::whole ? CMN_BATCH : CMN_LIVE;
    }

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        if (!options.text.empty()) return create_alignment(std::move(options.text));
        const auto& initial = model_->initial_mean;
        const auto* carry = std::any_cast<std::string>(&options.carry);
        return std::make_unique<SpeechStream>(decoder(), mode_,
                                              carry ? from_carry(*carry, initial) : initial);
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        for (auto* stream : ready) static_cast<PocketSphinxStream*>(stream)->decode();
    }

  private:
    std::unique_ptr<RecognizerStream> create_alignment(std::string text) const {
        require(mode_ == StreamMode::whole, "only whole utterances are aligned");
        return std::make_unique<AlignStream>(decoder(), model_->acoustic, std::move(text));
    }
    ps_decoder_t* decoder() const { return model_->decoder.get(); }

    std::shared_ptr<const Model> model_;  // with the factory, which makes the next recognizer
    StreamMode mode_;
};

}  // namespace

PocketSphinxModel find_pocketsphinx_model(const std::filesystem::path& folder) {
    const auto name = folder.filename().string();
    PocketSphinxModel model{folder / name, folder / (name + ".lm.bin"),
                            folder / ("cmudict-" + name + ".dict")};
    for (const auto& file : {model.acoustic / "mdef", model.language, model.dictionary})
        if (!std::filesystem::exists(file))
            throw std::runtime_error("no such file: " + file.string());
    return model;
}

RecognizerFactory load_pocketsphinx(const PocketSphinxModel& files) {
    err_set_logfp(nullptr);
    auto* config = cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", files.acoustic.c_str(), "-lm",
                               files.language.c_str(), "-dict", files.dictionary.c_str(),
                               "-remove_silence", "no", "-cmn", "live", nullptr);
    require(config != nullptr, "the model cannot be configured");
    DecoderPtr decoder(ps_init(config));
    cmd_ln_free_r(config);
    require(decoder != nullptr, "the model cannot be loaded");
    auto mean = mean_of(decoder.get());
    auto model =
        std::make_shared<const Model>(Model{std::move(decoder), std::move(mean), files.acoustic});
    return
        [model](StreamMode mode) { return std::make_unique<PocketSphinxRecognizer>(model, mode); };
}

}  // namespace tutti::engine

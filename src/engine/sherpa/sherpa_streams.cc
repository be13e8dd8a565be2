// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/sherpa_streams.h"

#include "engine/sherpa/hotwords.h"
#include "engine/sherpa/result_json.h"

#include <algorithm>
#include <cmath>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;
using Samples = std::vector<std::int16_t>;

// Offline models fail on clips shorter than their windows.
constexpr std::size_t kShortestClip = proto::kSampleRate / 2;
// Clips of one call are padded to the longest; together they are no longer than this.
constexpr std::size_t kMostAudio = 60 * proto::kSampleRate;

// Of integers none is infinite or no number, which models with a memory would not recover from.
std::vector<float> to_floats(std::span<const std::int16_t> samples, std::size_t length = 0) {
    std::vector<float> floats(std::max(samples.size(), length));
    std::ranges::transform(samples, floats.begin(), [](std::int16_t sample) {
        return static_cast<float>(sample) / 32768.f;
    });
    return floats;
}

std::int32_t count_of(const std::vector<float>& floats) {
    return static_cast<std::int32_t>(floats.size());
}

// Times that are no numbers, or out of all reason, are no times.
Millis to_millis(float seconds) {
    constexpr float kMost = 24 * 3600;
    if (!std::isfinite(seconds)) return {};
    return Millis(std::lround(std::clamp(seconds, 0.f, kMost) * 1000));
}

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos) return {};
    return clean_utf8(text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin));
}

// Either result: they name what they share alike.
template <class NativeResult>
Heard heard_in(const NativeResult& result) {
    Heard heard{.text = trimmed(result.text ? result.text : ""), .tokens = {}};
    if (!result.tokens || !result.timestamps) return heard;
    for (std::int32_t i = 0; i < result.count; ++i)
        heard.tokens.push_back({result.tokens[i], to_millis(result.timestamps[i]), {}, {}});
    return heard;
}

}  // namespace

// --- what both share -----------------------------------------------------------------------------

StreamBase::StreamBase(std::shared_ptr<const LoadedModel> model, const StreamOptions& options)
    : hotwords_(encode_hotwords(model->plan(), options.hotwords)), model_(std::move(model)) {
    const auto* carry = std::any_cast<Samples>(&options.carry);
    if (options.continues && carry) carried_ = *carry;
}

Hypothesis StreamBase::hypothesis_of(const Heard& heard, SamplePos length) const {
    const auto lead = proto::to_millis(carried_length());
    Hypothesis hypothesis{
        heard.text, words_of_tokens(heard.tokens, model_->plan().style, proto::to_millis(length)),
        heard.language};
    for (auto& word : hypothesis.words) {
        word.text = clean_utf8(word.text);
        word.start -= lead;
        word.end -= lead;
    }
    if (model_->plan().is_lower_case)
        for (auto& c : hypothesis.text)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return hypothesis;
}

Outcome StreamBase::result() {
    auto heard = hear();
    if (ending_ == Ending::complete)
        return {hypothesis_of(heard, length()), length() - carried_length(), {}};
    const auto style = model_->plan().style;
    const auto end = recent();
    const auto cut = find_cut(heard, style, end, length());
    if (cut.tokens < heard.tokens.size()) {
        heard.tokens.resize(cut.tokens);
        heard.text = trimmed(text_of_tokens(heard.tokens, style));
    }
    Outcome outcome{hypothesis_of(heard, cut.settled), cut.settled - carried_length(), {}};
    const auto aside = static_cast<std::size_t>(length() - cut.settled);
    if (aside > 0)
        outcome.carry = Samples(end.end() - static_cast<std::ptrdiff_t>(aside), end.end());
    return outcome;
}

// --- streaming -----------------------------------------------------------------------------------

OnlineStreamOf::OnlineStreamOf(std::shared_ptr<const LoadedModel> shared,
                               const StreamOptions& options)
    : StreamBase(std::move(shared), options) {
    native_ = guarded("begin an utterance", [&] {
        const auto& api = model().api();
        return hotwords_.empty()
                   ? api.create_online_stream(model().online())
                   : api.create_online_stream_with(model().online(), hotwords_.c_str());
    });
    if (!native_) throw std::runtime_error("sherpa-onnx cannot begin an utterance");
    if (!carried().empty()) feed(carried());
}

OnlineStreamOf::~OnlineStreamOf() {
    if (native_) model().api().destroy_online_stream(native_);
}

void OnlineStreamOf::feed(std::span<const std::int16_t> samples) {
    length_ += static_cast<SamplePos>(samples.size());
    recent_.insert(recent_.end(), samples.begin(), samples.end());
    if (recent_.size() > 2 * kMostSetAside)
        recent_.erase(recent_.begin(), recent_.end() - kMostSetAside);
    const auto floats = to_floats(samples);
    guarded("take audio", [&] {
        model().api().online_accept(native_, proto::kSampleRate, floats.data(), count_of(floats));
    });
}

void OnlineStreamOf::accept_audio(std::span<const std::int16_t> samples) {
    if (!samples.empty()) feed(samples);
}

void OnlineStreamOf::input_finished(Ending ending) {
    ending_ = ending;
    const std::vector<float> silence(
        static_cast<std::size_t>(proto::to_samples(model().plan().tail)));
    guarded("end an utterance", [&] {
        model().api().online_accept(native_, proto::kSampleRate, silence.data(), count_of(silence));
        model().api().online_input_finished(native_);
    });
}

bool OnlineStreamOf::is_ready() const {
    return guarded("look at an utterance",
                   [&] { return model().api().online_is_ready(model().online(), native_) != 0; });
}

Heard OnlineStreamOf::hear() {
    return guarded("tell what it heard", [&] {
        const auto& api = model().api();
        const std::unique_ptr<const OnlineResult, decltype(api.destroy_online_result)> result(
            api.online_result(model().online(), native_), api.destroy_online_result);
        if (!result) return Heard{};
        auto heard = heard_in(*result);
        const auto sure = log_probabilities_in(result->json ? result->json : "");
        if (sure.size() == heard.tokens.size())
            for (std::size_t i = 0; i < sure.size(); ++i) heard.tokens[i].log_probability = sure[i];
        return heard;
    });
}

Hypothesis OnlineStreamOf::partial() {
    return hypothesis_of(hear(), length_);
}

std::span<const std::int16_t> OnlineStreamOf::recent() const {
    return std::span(recent_).last(std::min<std::size_t>(recent_.size(), kMostSetAside));
}

void decode_online(const LoadedModel& model, std::span<RecognizerStream* const> ready) {
    while (!ready.empty()) {
        const auto batch = ready.first(std::min(ready.size(), kMostStreams));
        ready = ready.subspan(batch.size());
        const OnlineStream* streams[kMostStreams];
        std::ranges::transform(batch, streams, [](RecognizerStream* stream) {
            return static_cast<OnlineStreamOf*>(stream)->native();
        });
        guarded("decode", [&] {
            model.api().online_decode(model.online(), streams,
                                      static_cast<std::int32_t>(batch.size()));
        });
    }
}

// --- offline -------------------------------------------------------------------------------------

OfflineStreamOf::OfflineStreamOf(std::shared_ptr<const LoadedModel> model,
                                 const StreamOptions& options)
    : StreamBase(std::move(model), options), samples_(carried()) {
}

void OfflineStreamOf::accept_audio(std::span<const std::int16_t> samples) {
    samples_.insert(samples_.end(), samples.begin(), samples.end());
}

void OfflineStreamOf::input_finished(Ending ending) {
    ending_ = ending;
    const auto most = proto::to_samples(model().plan().longest_clip);
    if (!samples_.empty()) clip_ends_ = split(samples_, static_cast<std::size_t>(most));
}

std::span<const std::int16_t> OfflineStreamOf::clip() const {
    return std::span(samples_).subspan(clip_begin(), clip_ends_[decoded_clips_] - clip_begin());
}

void OfflineStreamOf::on_decoded(Heard heard) {
    append_text(heard_.text, heard.text);
    if (heard_.language.empty()) heard_.language = std::move(heard.language);
    for (auto& token : heard.tokens) {
        token.start += proto::to_millis(static_cast<SamplePos>(clip_begin()));
        heard_.tokens.push_back(std::move(token));
    }
    ++decoded_clips_;
}

std::span<const std::int16_t> OfflineStreamOf::recent() const {
    return std::span(samples_).last(std::min<std::size_t>(samples_.size(), kMostSetAside));
}

namespace {

using NativeOffline = std::unique_ptr<const OfflineStream, void (*)(const OfflineStream*)>;

NativeOffline make_native(const LoadedModel& model, const OfflineStreamOf& stream) {
    const auto& api = model.api();
    const auto& hotwords = stream.hotwords();
    NativeOffline native(hotwords.empty()
                             ? api.create_offline_stream(model.offline())
                             : api.create_offline_stream_with(model.offline(), hotwords.c_str()),
                         api.destroy_offline_stream);
    if (!native) throw std::runtime_error("no stream");
    const auto floats = to_floats(stream.clip(), kShortestClip);
    api.offline_accept(native.get(), proto::kSampleRate, floats.data(), count_of(floats));
    return native;
}

Heard result_of(const Api& api, const OfflineStream* native) {
    const std::unique_ptr<const OfflineResult, decltype(api.destroy_offline_result)> result(
        api.offline_result(native), api.destroy_offline_result);
    if (!result) return {};
    auto heard = heard_in(*result);
    heard.language = language_code(result->language ? result->language : "");
    for (std::size_t i = 0; i < heard.tokens.size(); ++i) {
        if (result->durations) heard.tokens[i].duration = to_millis(result->durations[i]);
        if (result->log_probabilities && std::isfinite(result->log_probabilities[i]))
            heard.tokens[i].log_probability = result->log_probabilities[i];
    }
    return heard;
}

void decode_batch(const LoadedModel& model, std::span<RecognizerStream* const> batch) {
    guarded("decode", [&] {
        std::vector<NativeOffline> natives;
        std::vector<const OfflineStream*> streams;
        for (auto* stream : batch) {
            const auto& one = *static_cast<OfflineStreamOf*>(stream);
            streams.push_back(natives.emplace_back(make_native(model, one)).get());
        }
        model.api().offline_decode(model.offline(), streams.data(),
                                   static_cast<std::int32_t>(streams.size()));
        for (std::size_t i = 0; i < batch.size(); ++i)
            static_cast<OfflineStreamOf*>(batch[i])->on_decoded(result_of(model.api(), streams[i]));
    });
}

}  // namespace

void decode_offline(const LoadedModel& model, std::span<RecognizerStream* const> ready) {
    while (!ready.empty()) {
        std::size_t n = 0, longest = 0;
        while (n < std::min(ready.size(), kMostStreams)) {
            const auto size = static_cast<OfflineStreamOf*>(ready[n])->clip().size();
            if (n > 0 && std::max(longest, size) * (n + 1) > kMostAudio) break;
            longest = std::max(longest, size);
            ++n;
        }
        decode_batch(model, ready.first(n));
        ready = ready.subspan(n);
    }
}

}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
#include "engine/pocketsphinx/align_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sphinxbase/fsg_model.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tutti::engine {
namespace {

constexpr const char* kWordSearch = "words";
constexpr const char* kPhoneSearch = "phones";
// A phone has three states, each of at least a frame.
constexpr std::size_t kLeastFrames = 3;
constexpr std::size_t kFrameSamples = proto::kSampleRate / 100;
// The library's scores, in units of log 1.0001 that it shifts right by ten bits.
const double kNatsPerScore = 1024 * std::log(1.0001);
// Where the confidence is 0.5, in nats a frame. Measured on read-aloud prose: words that are spoken
// lie above -2.5, those that are not mostly below -4.
constexpr double kEvenOdds = -3;

struct FsgDeleter {
    void operator()(fsg_model_t* fsg) const { fsg_model_free(fsg); }
};
using FsgPtr = std::unique_ptr<fsg_model_t, FsgDeleter>;

struct Stretch {
    std::string entry;
    int first = 0;  // frames, both included
    int last = 0;
    double score = 0;  // of the whole stretch, in nats
};

// The phones of a pronunciation, or nothing when there is none of this name.
std::string find_pronunciation(ps_decoder_t* dictionary, const std::string& entry) {
    char* found = ps_lookup_word(dictionary, entry.c_str());
    if (!found) return {};
    std::string phones(found);
    ckd_free(found);
    return phones;
}

// The beams are so wide that what little is spoken of a text still finds its place.
DecoderPtr make_decoder(const std::filesystem::path& acoustic_model) {
    auto* config =
        cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", acoustic_model.c_str(), "-remove_silence",
                    "no", "-compallsen", "yes", "-bestpath", "no", "-allphone_ci", "yes", "-beam",
                    "1e-200", "-pbeam", "1e-200", "-wbeam", "1e-200", "-maxhmmpf", "-1", nullptr);
    require(config != nullptr, "alignment cannot be configured");
    DecoderPtr decoder(ps_init(config));
    cmd_ln_free_r(config);
    require(decoder != nullptr, "the acoustic model cannot be loaded");
    ps_get_feat(decoder.get())->cmn = CMN_BATCH;
    return decoder;
}

// "read", "read(2)"...
void add_entry(ps_decoder_t* decoder, ps_decoder_t* dictionary, const std::string& entry) {
    if (!find_pronunciation(decoder, entry).empty()) return;
    auto name = entry;
    for (int variant = 2;; ++variant) {
        const auto phones = find_pronunciation(dictionary, name);
        if (phones.empty()) return;
        require(ps_add_word(decoder, name.c_str(), phones.c_str(), FALSE) >= 0,
                "a word cannot be added");
        name = fmt::format("{}({})", entry, variant);
    }
}

// Silences and pronunciations are the library's to add.
void set_words(ps_decoder_t* decoder, const std::vector<std::string>& entries) {
    FsgPtr fsg(fsg_model_init(kWordSearch, ps_get_logmath(decoder), 1.f,
                              static_cast<int>(entries.size()) + 1));
    fsg->start_state = 0;
    fsg->final_state = static_cast<int>(entries.size());
    for (int state = 0; const auto& entry : entries) {
        fsg_model_trans_add(fsg.get(), state, state + 1, 0,
                            fsg_model_word_add(fsg.get(), entry.c_str()));
        ++state;
    }
    require(ps_set_fsg(decoder, kWordSearch, fsg.get()) == 0, "the words cannot be searched for");
}

std::vector<Stretch> search(ps_decoder_t* decoder, const char* how,
                            const std::vector<std::int16_t>& samples) {
    require(ps_set_search(decoder, how) == 0, "there is no such search");
    require(ps_start_stream(decoder) == 0 && ps_start_utt(decoder) == 0,
            "cannot start an utterance");
    const bool is_processed =
        ps_process_raw(decoder, samples.data(), samples.size(), FALSE, TRUE) >= 0;
    require(ps_end_utt(decoder) == 0 && is_processed, "cannot process the audio");
    std::vector<Stretch> stretches;
    for (auto* segment = ps_seg_iter(decoder); segment; segment = ps_seg_next(segment)) {
        auto& stretch = stretches.emplace_back(Stretch{.entry = ps_seg_word(segment)});
        int acoustic = 0;
        ps_seg_frames(segment, &stretch.first, &stretch.last);
        ps_seg_prob(segment, &acoustic, nullptr, nullptr);
        stretch.score = acoustic * kNatsPerScore;
    }
    return stretches;
}

// The library frees the stretches of a phone search only when its next utterance ends.
void end_phone_search(ps_decoder_t* decoder) {
    if (ps_start_stream(decoder) == 0 && ps_start_utt(decoder) == 0) ps_end_utt(decoder);
}

// For each frame.
std::vector<double> spread(const std::vector<Stretch>& stretches) {
    std::vector<double> scores;
    for (const auto& stretch : stretches) {
        scores.resize(static_cast<std::size_t>(std::max(stretch.first, 0)));
        const auto count = static_cast<std::size_t>(std::max(stretch.last + 1 - stretch.first, 0));
        scores.resize(scores.size() + count, stretch.score / static_cast<double>(count));
    }
    return scores;
}

double sum(const std::vector<double>& scores, int first, int last) {
    const auto end = std::min(scores.size(), static_cast<std::size_t>(last + 1));
    const auto begin = std::min(end, static_cast<std::size_t>(first));
    return std::accumulate(scores.begin() + static_cast<std::ptrdiff_t>(begin),
                           scores.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
}

// `parts` are the stretches of one word of the text.
proto::Word make_word(const std::string& spelling, std::span<const Stretch> parts,
                      const std::vector<double>& phones) {
    double advantage = 0;
    int frames = 0;
    for (const auto& part : parts) {
        advantage += part.score - sum(phones, part.first, part.last);
        frames += part.last + 1 - part.first;
    }
    const double per_frame = advantage / std::max(frames, 1);
    const double confidence = 1 / (1 + std::exp(kEvenOdds - per_frame));
    return {spelling, parts.front().first * kFrame, (parts.back().last + 1) * kFrame,
            static_cast<float>(confidence)};
}

Hypothesis make_hypothesis(const TextReading& reading, std::span<const Stretch> spoken_stretches,
                           const std::vector<double>& phones) {
    Hypothesis found;
    for (std::size_t at = 0; const auto& word : reading.words) {
        const auto parts = spoken_stretches.subspan(at, word.entries.size());
        found.words.push_back(make_word(word.spelling, parts, phones));
        at += parts.size();
        if (!found.text.empty()) found.text += ' ';
        found.text += word.spelling;
    }
    return found;
}

std::vector<std::string> entries_of(const TextReading& reading) {
    std::vector<std::string> entries;
    for (const auto& word : reading.words)
        entries.insert(entries.end(), word.entries.begin(), word.entries.end());
    return entries;
}

}  // namespace

AlignStream::AlignStream(ps_decoder_t* dictionary, std::filesystem::path acoustic_model,
                         std::string text)
    : dictionary_(dictionary), acoustic_model_(std::move(acoustic_model)), text_(std::move(text)) {
}

void AlignStream::accept_audio(std::span<const std::int16_t> samples) {
    samples_.insert(samples_.end(), samples.begin(), samples.end());
}

TextReading AlignStream::read() const {
    auto reading = read_text(text_, [this](const std::string& entry) {
        // An entry's variants and the fillers are no words of a text.
        return spoken(entry) == entry && !find_pronunciation(dictionary_, entry).empty();
    });
    if (!reading.unknown.empty())
        throw RecognitionError(
            Error(Errc::bad_parameter,
                  fmt::format("words that the model cannot pronounce (write numbers as words): {}",
                              fmt::join(reading.unknown, ", "))));
    if (reading.words.empty())
        throw RecognitionError(Error(Errc::bad_request, "the text has no words"));
    return reading;
}

void AlignStream::require_room_for(const TextReading& reading) const {
    const auto room = samples_.size() / (kLeastFrames * kFrameSamples);
    if (entries_of(reading).size() > room)
        throw RecognitionError(
            Error(Errc::bad_request, "the text has more words than can be spoken in this audio"));
}

void AlignStream::decode() {
    const auto reading = read();
    require_room_for(reading);
    const auto entries = entries_of(reading);
    const auto decoder = make_decoder(acoustic_model_);
    for (const auto& entry : entries) add_entry(decoder.get(), dictionary_, entry);
    set_words(decoder.get(), entries);
    auto stretches = search(decoder.get(), kWordSearch, samples_);
    std::erase_if(stretches, [](const auto& stretch) { return spoken(stretch.entry).empty(); });
    if (stretches.size() != entries.size())
        throw RecognitionError(Error(Errc::bad_request, "the text does not fit the audio"));
    require(ps_set_allphone(decoder.get(), kPhoneSearch, nullptr) == 0,
            "phones cannot be searched for");
    const auto phones = spread(search(decoder.get(), kPhoneSearch, samples_));
    end_phone_search(decoder.get());
    outcome_ = Outcome{
        make_hypothesis(reading, stretches, phones), static_cast<SamplePos>(samples_.size()), {}};
}

Outcome AlignStream::result() {
    return std::move(*outcome_);
}

}  // namespace tutti::engine

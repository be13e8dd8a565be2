// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_rest.h"

#include "base/ids.h"
#include "dialect/deepgram_json.h"
#include "dialect/iso_time.h"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::dialect {
namespace {

// A silence this long, or this many sentences, ends a paragraph.
constexpr Millis kParagraphGap{2000};
constexpr std::size_t kParagraphSentences = 5;

using Utterances = std::vector<proto::Utterance>;
using Paragraph = std::vector<const proto::Utterance*>;

// Without punctuation an utterance is the best that a sentence can be.
std::string joined_text(const proto::Transcript& transcript, bool is_formatted) {
    if (transcript.is_punctuated) return deepgram_text(transcript.text(), is_formatted);
    std::string out;
    for (const auto& utterance : transcript.utterances) {
        if (utterance.text.empty()) continue;
        if (!out.empty()) out += ' ';
        out += deepgram_text(utterance.text, is_formatted);
    }
    return out;
}

json::array all_words(const proto::Transcript& transcript, bool is_formatted) {
    json::array out;
    std::vector<proto::Word> words;
    for (const auto& utterance : transcript.utterances) {
        words.insert(words.end(), utterance.words.begin(), utterance.words.end());
        if (transcript.is_punctuated && &utterance != &transcript.utterances.back()) continue;
        for (auto& word : deepgram_words(words, is_formatted)) out.push_back(std::move(word));
        words.clear();
    }
    return out;
}

float mean_confidence(const Utterances& utterances) {
    float sum = 0;
    std::size_t count = 0;
    for (const auto& utterance : utterances) {
        for (const auto& word : utterance.words) sum += word.confidence;
        count += utterance.words.size();
    }
    return count == 0 ? 0 : sum / static_cast<float>(count);
}

Millis start_of(const proto::Utterance& utterance) {
    return utterance.words.empty() ? utterance.start : utterance.words.front().start;
}

Millis end_of(const proto::Utterance& utterance) {
    return utterance.words.empty() ? utterance.end : utterance.words.back().end;
}

std::vector<Paragraph> split_paragraphs(const Utterances& utterances) {
    std::vector<Paragraph> out;
    for (const auto& utterance : utterances) {
        if (utterance.text.empty()) continue;
        const bool begins = out.empty() || out.back().size() == kParagraphSentences ||
                            start_of(utterance) - end_of(*out.back().back()) >= kParagraphGap ||
                            utterance.speaker != out.back().back()->speaker;
        if (begins) out.emplace_back();
        out.back().push_back(&utterance);
    }
    return out;
}

void add_speaker(json::object& out, const proto::Utterance& utterance) {
    if (utterance.speaker != proto::kNoSpeaker) out["speaker"] = utterance.speaker;
}

json::object paragraph_json(const Paragraph& paragraph, bool is_formatted, std::string& text) {
    json::array sentences;
    std::size_t word_count = 0;
    for (const auto* utterance : paragraph) {
        const auto sentence = deepgram_text(utterance->text, is_formatted);
        text += sentences.empty() ? "\n" : " ";
        text += sentence;
        word_count += utterance->words.size();
        sentences.push_back({{"text", sentence},
                             {"start", to_seconds(start_of(*utterance))},
                             {"end", to_seconds(end_of(*utterance))}});
    }
    json::object out{{"sentences", std::move(sentences)},
                     {"num_words", word_count},
                     {"start", to_seconds(start_of(*paragraph.front()))},
                     {"end", to_seconds(end_of(*paragraph.back()))}};
    add_speaker(out, *paragraph.front());
    return out;
}

json::object paragraphs_json(const Utterances& utterances, bool is_formatted) {
    json::array paragraphs;
    std::string text;
    for (const auto& paragraph : split_paragraphs(utterances)) {
        if (!paragraphs.empty()) text += '\n';
        paragraphs.push_back(paragraph_json(paragraph, is_formatted, text));
    }
    return {{"transcript", text}, {"paragraphs", std::move(paragraphs)}};
}

json::array utterances_json(const Utterances& utterances, bool is_formatted) {
    json::array out;
    for (const auto& utterance : utterances) {
        if (utterance.text.empty()) continue;
        json::object object{{"start", to_seconds(start_of(utterance))},
                            {"end", to_seconds(end_of(utterance))},
                            {"confidence", to_confidence(utterance.confidence)},
                            {"channel", 0},
                            {"transcript", deepgram_text(utterance.text, is_formatted)},
                            {"words", deepgram_words(utterance.words, is_formatted)},
                            {"id", random_uuid()}};
        add_speaker(object, utterance);
        out.push_back(std::move(object));
    }
    return out;
}

json::object metadata_json(const proto::Transcript& transcript, const DeepgramRequest& request,
                           const DeepgramFile& file) {
    const auto uuid = deepgram_model_uuid(transcript.model);
    json::array models;
    models.emplace_back(uuid);
    json::object model_info;
    model_info[uuid] = deepgram_model_info(transcript.model);
    json::object out{{"transaction_key", "deprecated"},
                     {"request_id", file.request_id},
                     {"sha256", file.sha256_hex},
                     {"created", iso_time(file.created, Fraction::milliseconds)},
                     {"duration", to_seconds(transcript.duration)},
                     {"channels", 1},
                     {"models", std::move(models)},
                     {"model_info", std::move(model_info)}};
    if (!request.tags.empty()) out["tags"] = json::array(request.tags.begin(), request.tags.end());
    return out;
}

void append_number(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

std::uint32_t wav_tag(audio::Encoding encoding) {
    switch (encoding) {
        case audio::Encoding::linear16:
            return 1;
        case audio::Encoding::float32:
            return 3;
        case audio::Encoding::alaw:
            return 6;
        case audio::Encoding::mulaw:
            return 7;
    }
    return 1;
}

}  // namespace

std::string deepgram_body(const proto::Transcript& transcript, const DeepgramRequest& request,
                          const DeepgramFile& file) {
    const auto& utterances = transcript.utterances;
    const bool is_formatted = request.formats_words;
    json::object alternative{{"transcript", joined_text(transcript, is_formatted)},
                             {"confidence", to_confidence(mean_confidence(utterances))},
                             {"words", all_words(transcript, is_formatted)}};
    if (request.wants_paragraphs)
        alternative["paragraphs"] = paragraphs_json(utterances, is_formatted);
    json::array alternatives, channels;
    alternatives.push_back(std::move(alternative));
    json::object channel{{"alternatives", std::move(alternatives)}};
    if (request.detects_language) channel["detected_language"] = transcript.heard_language();
    channels.push_back(std::move(channel));
    json::object results{{"channels", std::move(channels)}};
    if (request.wants_utterances) results["utterances"] = utterances_json(utterances, is_formatted);
    return to_text(json::object{{"metadata", metadata_json(transcript, request, file)},
                                {"results", std::move(results)}});
}

std::string wav_header_for(const audio::AudioFormat& format) {
    static constexpr std::uint32_t kUnknown = 0xffffffff;
    const auto channels = static_cast<std::uint32_t>(format.channels);
    const auto rate = static_cast<std::uint32_t>(format.sample_rate);
    const auto width = static_cast<std::uint32_t>(audio::bytes_per_sample(format.encoding));
    std::string out = "RIFF";
    append_number(out, kUnknown, 4);
    out += "WAVEfmt ";
    append_number(out, 16, 4);
    append_number(out, wav_tag(format.encoding), 2);
    append_number(out, channels, 2);
    append_number(out, rate, 4);
    append_number(out, rate * channels * width, 4);
    append_number(out, channels * width, 2);
    append_number(out, width * 8, 2);
    out += "data";
    append_number(out, kUnknown, 4);
    return out;
}

}  // namespace tutti::dialect

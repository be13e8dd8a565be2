// SPDX-License-Identifier: Apache-2.0
#include "recognizer/backends.h"

#include "engine/tone/dtmf_generator.h"

#include <algorithm>

namespace tutti::engine::contract {

using proto::StreamMode;

std::unique_ptr<Backend> make_backend(Kind kind) {
    switch (kind) {
        case Kind::pocketsphinx_whole:
            return make_pocketsphinx(StreamMode::whole, false);
        case Kind::pocketsphinx_forked:
            return make_pocketsphinx(StreamMode::live, true);
        case Kind::sherpa_streaming:
            return make_sherpa("streaming");
        case Kind::sherpa_offline:
            return make_sherpa("offline");
        case Kind::tone:
            return make_tone();
        case Kind::upstream:
            return make_upstream();
    }
    throw std::logic_error("no such backend");
}

Speech speak_digits(std::size_t n) {
    constexpr DtmfShape kShape{.tone = proto::Millis(80), .gap = proto::Millis(120)};
    const auto lead = static_cast<std::size_t>(proto::to_samples(proto::Millis(150 + 30 * n)));
    Speech speech{.samples = std::vector<std::int16_t>(lead), .text = {}, .pauses = {}};
    for (std::size_t i = 0; i < 8 + n % 5; ++i) {
        const char digit = kDtmfDigits[(n * 7 + i * 3 + i * i) % kDtmfDigits.size()];
        if (i > 0) {
            speech.pauses.push_back(speech.samples.size() - 960);
            speech.text += ' ';
        }
        append_dtmf(digit, kShape, speech.samples);
        speech.text += digit;
    }
    return speech;
}

void decode_all(Recognizer& recognizer, RecognizerStream& stream) {
    RecognizerStream* one = &stream;
    while (stream.is_ready()) recognizer.decode({&one, 1});
}

Outcome recognize(Recognizer& recognizer, std::span<const std::int16_t> samples, const Way& way,
                  StreamOptions options) {
    const auto stream = recognizer.create_stream(std::move(options));
    const auto ask = [&] {
        if (way.asks) stream->partial();
    };
    ask();
    for (std::size_t i = 0; !samples.empty(); ++i) {
        const auto wanted = way.pieces.empty() ? samples.size() : way.pieces[i % way.pieces.size()];
        const auto piece = samples.first(std::min(wanted, samples.size()));
        samples = samples.subspan(piece.size());
        stream->accept_audio(piece);
        ask();
        decode_all(recognizer, *stream);
        ask();
    }
    stream->input_finished(way.ending);
    ask();
    decode_all(recognizer, *stream);
    ask();
    return stream->result();
}

}  // namespace tutti::engine::contract

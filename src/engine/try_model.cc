// SPDX-License-Identifier: Apache-2.0
#include "engine/try_model.h"

#include "base/log.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>

namespace tutti::engine {
namespace {

constexpr std::uintmax_t kLargestClip = 2u << 20;  // more than a minute
constexpr std::size_t kChunkHead = 8;
static_assert(std::endian::native == std::endian::little, "samples are read as they lie");

std::string heard_in(Recognizer& recognizer, std::span<const std::int16_t> samples,
                     std::string text = {}) {
    const auto stream = recognizer.create_stream({.carry = {}, .text = std::move(text)});
    stream->accept_audio(samples);
    stream->input_finished(Ending::complete);
    RecognizerStream* one = stream.get();
    while (stream->is_ready()) recognizer.decode({&one, 1});
    return stream->result().hypothesis.text;
}

std::vector<std::int16_t> faint_sound() {
    std::vector<std::int16_t> samples(proto::kSampleRate / 2);
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<std::int16_t>(i * 7919 % 64);
    return samples;
}

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

// The body of a RIFF chunk; empty when there is none of that name.
std::string_view find_chunk(std::string_view riff, std::string_view name) {
    for (std::size_t at = 12; at + kChunkHead <= riff.size();) {
        const auto size = number_at<std::uint32_t>(riff, at + 4);
        if (riff.substr(at, 4) == name) return riff.substr(at + kChunkHead, size);
        at += kChunkHead + size + size % 2;
    }
    return {};
}

}  // namespace

Result<std::vector<std::int16_t>> read_clip(const std::filesystem::path& file) {
    const auto bad = [&](std::string_view why) {
        return Error(Errc::bad_config, fmt::format("{}: {}", log::printable(file.string()), why));
    };
    std::error_code failure;
    const auto size = std::filesystem::file_size(file, failure);
    if (failure) return bad(failure.message());
    if (size > kLargestClip) return bad("is too long for a self-test");
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const auto format = find_chunk(bytes, "fmt ");
    if (!bytes.starts_with("RIFF") || format.size() < 16) return bad("is no WAV file");
    if (number_at<std::uint16_t>(format, 0) != 1 || number_at<std::uint16_t>(format, 2) != 1 ||
        number_at<std::uint32_t>(format, 4) != proto::kSampleRate ||
        number_at<std::uint16_t>(format, 14) != 16)
        return bad("is not of 16 kHz, mono, 16 bits");
    const auto data = find_chunk(bytes, "data");
    std::vector<std::int16_t> samples(data.size() / 2);
    if (!samples.empty()) std::memcpy(samples.data(), data.data(), samples.size() * 2);
    return samples;
}

std::string bare_text(std::string_view text) {
    std::string bare;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 'A' && byte <= 'Z')
            bare += static_cast<char>(byte | 0x20);
        else if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80)
            bare += c;
    }
    return bare;
}

void try_model(Recognizer& recognizer, const models::ModelCard& card,
               const std::filesystem::path& folder) {
    if (card.kind == models::Kind::punctuation) {
        if (heard_in(recognizer, {}, "hello 好").empty())
            throw std::runtime_error("it loses the text that it is to punctuate");
        return;
    }
    heard_in(recognizer, faint_sound());
    if (!card.self_test) return;
    const auto clip = read_clip(folder / card.self_test->audio);
    if (!clip) throw std::runtime_error("self-test: " + clip.error().context);
    const auto heard = heard_in(recognizer, *clip);
    if (bare_text(heard) == bare_text(card.self_test->text)) return;
    throw std::runtime_error(fmt::format("self-test: heard '{}' instead of '{}'",
                                         log::printable(heard, 100),
                                         log::printable(card.self_test->text, 100)));
}

}  // namespace tutti::engine

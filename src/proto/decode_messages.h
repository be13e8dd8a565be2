// SPDX-License-Identifier: Apache-2.0
// What tutti-decode writes to its standard output, and the parser its parent reads it with. Pure;
// header only, so that a parent links neither libav nor seccomp. Frames are those of proto/wire.h.
//
//   tutti-decode: header (once), pcm*, end     then exit_code::ok
//   on failure:   any prefix of that           then exit_code::undecodable | limit | internal and
//                                              one line for people on standard error
//
// The first word of the line names the cause: "empty", "unknown", "broken", "no-audio", "codec",
// "too-long", "channels", "rate", "memory", "io"; a line that begins with "note:" is none. Death by
// a signal (SIGSYS: the sandbox, SIGXCPU: its time is over) means that the media was an attack or
// hit a fault of a codec, so it is undecodable. A parent never trusts the child: DecodeParser
// checks each promise made here.
//
//   parser.push(bytes);                       cut anywhere
//   while (auto message = parser.next()) ...  nullopt = more bytes are needed
//
// 1. Header is first and only once; a Pcm holds 1 to kMaxPcmBytes bytes, an even number.
// 2. End tells how many samples all Pcm had together; nothing follows it.
#pragma once

#include "proto/wire.h"

#include <optional>

namespace tutti::proto {

struct Header {
    static constexpr std::uint8_t kType = 1;
    Millis claimed_duration{};      // as the container says, which may lie; 0 = it does not say
    std::uint32_t sample_rate = 0;  // of the media; 0 = it held no audio frame
    std::uint32_t channels = 0;
    std::string codec;
    static auto tied(auto& self) {
        return std::tie(self.claimed_duration, self.sample_rate, self.channels, self.codec);
    }
};

// The next samples: signed 16-bit little-endian, mono, 16 kHz.
struct Pcm {
    static constexpr std::uint8_t kType = 2;
    ByteView bytes;
    static auto tied(auto& self) { return std::tie(self.bytes); }
};

struct End {
    static constexpr std::uint8_t kType = 3;
    std::uint64_t samples = 0;
    static auto tied(auto& self) { return std::tie(self.samples); }
};

using DecodeMessage = std::variant<Header, Pcm, End>;

inline constexpr std::size_t kMaxPcmBytes = 2 * kSampleRate;
inline constexpr std::size_t kMaxDecodeFrame = kMaxPcmBytes + 64;

class DecodeParser {
  public:
    void push(std::string_view bytes) {
        buffer_.erase(0, taken_);
        taken_ = 0;
        buffer_.append(bytes);
    }

    // The next whole message; a Pcm in it is a view that lasts until the next push. After an error
    // the child is to be killed: every further call fails too.
    Result<std::optional<DecodeMessage>> next() {
        if (is_broken_) return broken("after a violation");
        const auto rest = std::string_view(buffer_).substr(taken_);
        const auto size = frame_size(rest);
        if (size > kMaxDecodeFrame) return broken("frame too large");
        if (size == 0 || rest.size() < size) return std::optional<DecodeMessage>();
        taken_ += size;
        const auto body = rest.substr(kFrameHeader, size - kFrameHeader);
        auto message = decode<DecodeMessage>(body);
        if (!message) return broken(message.error().context);
        if (const auto fault = std::visit([this](auto& m) { return fault_of(m); }, *message))
            return broken(fault);
        return std::optional(std::move(*message));
    }

    // Whether End was seen. An output that stops before that was cut short.
    bool is_complete() const { return is_complete_; }
    std::uint64_t samples() const { return samples_; }

  private:
    const char* fault_of(const Header&) {
        return std::exchange(has_header_, true) ? "second header" : nullptr;
    }
    const char* fault_of(const Pcm& pcm) {
        if (!has_header_ || is_complete_) return "samples out of order";
        if (pcm.bytes.empty() || pcm.bytes.size() % 2 != 0 || pcm.bytes.size() > kMaxPcmBytes)
            return "samples of a wrong size";
        samples_ += pcm.bytes.size() / 2;
        return nullptr;
    }
    const char* fault_of(const End& end) {
        if (!has_header_ || std::exchange(is_complete_, true)) return "end out of order";
        return end.samples == samples_ ? nullptr : "sample count differs";
    }
    Error broken(std::string why) {
        is_broken_ = true;
        return Error(Errc::protocol_violation, "tutti-decode: " + std::move(why));
    }

    std::string buffer_;
    std::size_t taken_ = 0;  // bytes of buffer_ already handed out
    std::uint64_t samples_ = 0;
    bool has_header_ = false;
    bool is_complete_ = false;
    bool is_broken_ = false;
};

}  // namespace tutti::proto

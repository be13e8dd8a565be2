// SPDX-License-Identifier: Apache-2.0
// Writes the messages of decode_messages.h to a descriptor: gathers samples into blocks, counts
// them, and refuses more than the limit while they are being decoded.
//
//   set_header(...)  any time before finish; add(...)*; flush()* where latency counts; finish()
//
// The header is written before the first block, or by finish when there is none. Blocking; a
// failed write is remembered and returned by every later call.
#pragma once

#include "proto/decode_messages.h"

#include <span>

namespace tutti::media {

class BlockWriter {
  public:
    BlockWriter(int fd, std::uint64_t sample_limit) : fd_(fd), sample_limit_(sample_limit) {}

    void set_header(proto::Header header) { header_ = std::move(header); }

    // Errc::too_long when the samples so far exceed the limit; those within it are kept.
    Result<void> add(std::span<const std::int16_t> samples);
    Result<void> flush();
    Result<void> finish();

    std::uint64_t samples() const { return samples_; }

  private:
    Result<void> write_all(std::string_view bytes);

    int fd_;
    std::uint64_t sample_limit_;
    std::uint64_t samples_ = 0;
    std::optional<proto::Header> header_ = proto::Header{};  // empty once written
    std::string pending_;   // samples not yet written, at most one block
    std::string frame_;     // of the message being written; kept for its memory
    Result<void> outcome_;  // of the writes so far
};

}  // namespace tutti::media

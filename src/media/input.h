// SPDX-License-Identifier: Apache-2.0
// The client's bytes: a seekable file, read from its start wherever the descriptor stands, or a
// pipe or socket, read as it comes. Looks ahead for the container, then feeds libav.
//
// Construct before the sandbox (asks the descriptor what it is), read inside it. Blocking reads.
#pragma once

#include "audio/sniff.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::media {

class Input {
  public:
    // `before_wait` is called before each read that may block, so that what is decoded by then
    // reaches the parent first.
    Input(int fd, std::function<void()> before_wait);

    // Looks at the first bytes, which read() gives again.
    std::optional<audio::Container> sniff();
    // Whether sniff() found no byte at all.
    bool is_empty() const { return head_.empty(); }

    // Up to `size` bytes into `out`; 0 = the end; negative = a failed read (errno).
    std::ptrdiff_t read(char* out, std::size_t size);

    // Of a file; a stream has none and cannot be sought in.
    std::optional<std::int64_t> size() const { return size_; }
    void seek_to(std::int64_t position) { position_ = position; }

  private:
    std::ptrdiff_t read_more(char* out, std::size_t size);

    int fd_;
    std::function<void()> before_wait_;
    std::optional<std::int64_t> size_;
    std::int64_t position_ = 0;   // in a file, of the next read
    std::string head_;            // bytes looked at
    std::size_t head_taken_ = 0;  // bytes of head_ that read() need not give again
};

}  // namespace tutti::media

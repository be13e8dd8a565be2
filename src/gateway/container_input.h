// SPDX-License-Identifier: Apache-2.0
// A live client's audio in a container (WebM, Ogg, WAV...): through a decoder process of its own.
//
//   push(bytes) / finish_input()      note what came; then
//   co_await feed()                   recognises the container, starts the decoder, hands bytes on
//   co_await read()                   another coroutine takes the samples, once is_running()
//
// feed() waits for the decoder, which waits for whoever reads: so a client that sends faster than
// we recognise is slowed down like any other.
#pragma once

#include "gateway/services.h"
#include "runtime/decoder_process.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tutti::gateway {

class ContainerInput {
  public:
    explicit ContainerInput(Services& services) : services_(services) {}

    void push(std::string_view bytes) { pending_ += bytes; }
    void finish_input() { is_finished_ = true; }

    // Errc::undecodable_audio when the bytes begin no container we know.
    asio::awaitable<Result<void>> feed();

    bool is_running() const { return decoder_.has_value(); }
    // The client finished without ever sending a byte.
    bool is_finished_empty() const { return is_finished_ && !decoder_ && pending_.empty(); }

    // The next samples at 16 kHz; empty at the end.
    asio::awaitable<Result<std::span<const std::int16_t>>> read();

    // Ends the decoder; feed() and read() return soon.
    void close();

  private:
    Result<void> start();

    Services& services_;
    std::string pending_;
    bool is_finished_ = false;
    bool is_input_closed_ = false;
    std::optional<runtime::DecoderProcess> decoder_;
};

}  // namespace tutti::gateway

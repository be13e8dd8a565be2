// SPDX-License-Identifier: Apache-2.0
// A running tutti-decode: media in, 16 kHz mono samples out. The only code that starts it.
//
//   auto decoder = DecoderProcess::start_file(loop, {program_dir, max_audio}, fd);
//   auto decoder = DecoderProcess::start_live(loop, {program_dir, max_audio});
//   co_await decoder->write(bytes);  decoder->finish_input();       // live only, one writer
//   for (;;) { auto samples = co_await decoder->read();             // one reader
//              if (!samples) ...failed...;  if (!*samples) break; }
//
// 1. read() that returns nullopt says that all of the media was decoded; a decoder that dies,
//    stops early or breaks its protocol is an error instead, and stays one.
// 2. Errors name the client's fault with the decoder's own words (undecodable_audio, too_long) or
//    ours (internal, io); the words are printable and short, fit to be shown to the client.
// 3. A decoder of a file that writes nothing for kStallLimit is killed. That of a live stream
//    waits for its input, whose deadline is the caller's.
//
// Destroying it kills and reaps the child at any moment; coroutines in read() and write() must have
// ended by then. Loop thread only.
#pragma once

#include "proto/decode_messages.h"
#include "runtime/child_process.h"
#include "runtime/ipc_channel.h"

#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include <memory>
#include <optional>
#include <span>

namespace tutti::runtime {

struct DecoderOptions {
    std::string program_dir;         // where tutti-decode lies
    std::chrono::seconds max_audio;  // audio beyond this is Errc::too_long
};

class DecoderProcess {
  public:
    static constexpr auto kStallLimit = std::chrono::minutes(5);

    // Reads the file from its start, wherever the descriptor stands, which is not taken over.
    static Result<DecoderProcess> start_file(asio::io_context& loop, const DecoderOptions& options,
                                             int file);
    static Result<DecoderProcess> start_live(asio::io_context& loop, const DecoderOptions& options);

    DecoderProcess(DecoderProcess&&) = default;
    DecoderProcess& operator=(DecoderProcess&&) = delete;

    // The next samples, valid until the next call; nullopt at the end.
    asio::awaitable<Result<std::optional<std::span<const std::int16_t>>>> read();

    // Returns once the decoder has taken the bytes. After an error, read() tells why.
    asio::awaitable<Result<void>> write(std::string_view bytes);
    void finish_input();
    // Ends the child: what waits in read() or write() returns with an error.
    void kill();

    // About the media; there before the first samples.
    const std::optional<proto::Header>& header() const { return header_; }
    pid_t pid() const { return process_->pid(); }

  private:
    DecoderProcess(asio::io_context& loop, ChildProcess process, UniqueFd output, UniqueFd errors);
    static Result<DecoderProcess> start(asio::io_context& loop, const DecoderOptions& options,
                                        int input, bool is_live);

    std::optional<std::span<const std::int16_t>> take_samples();
    void arm_watchdog();
    asio::awaitable<Error> judge_end();
    void close_input();
    std::string read_line();

    // Shared with the watchdog's handler alone, which may be queued when we are destroyed.
    std::shared_ptr<ChildProcess> process_;
    asio::readable_pipe output_;
    UniqueFd errors_;
    std::optional<UnixSocket> input_;  // live only
    asio::steady_timer watchdog_;
    std::vector<char> buffer_;
    proto::DecodeParser parser_;
    std::optional<proto::Header> header_;
    std::vector<std::int16_t> samples_;
    std::optional<Error> failure_;
    bool is_done_ = false;
};

}  // namespace tutti::runtime

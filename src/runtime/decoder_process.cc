// SPDX-License-Identifier: Apache-2.0
#include "runtime/decoder_process.h"

#include "base/exit_code.h"
#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace tutti::runtime {
namespace {

constexpr std::size_t kReadBlock = 64 * 1024;
constexpr std::size_t kMaxErrorBytes = 4 * 1024;
constexpr std::size_t kMaxLine = 300;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

struct Pipe {
    UniqueFd reader, writer;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2");
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// The decoder's words begin with a name of the cause, which people need not see.
std::string without_cause(std::string_view line, std::string_view cause) {
    line.remove_prefix(std::min(line.size(), cause.size()));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(": ")));
    return log::printable(line, kMaxLine);
}

Error error_of_limit(std::string_view line) {
    const auto cause = line.substr(0, line.find(':'));
    const auto text = without_cause(line, cause);
    if (cause == "too-long") return Error(Errc::too_long, text);
    if (cause == "memory") return Error(Errc::too_large, "decoding takes more memory than allowed");
    return Error(Errc::undecodable_audio, text);
}

Error error_of(const ExitStatus& status, std::string_view line) {
    if (status.signal == SIGXCPU)
        return Error(Errc::undecodable_audio, "decoding takes longer than is allowed");
    if (status.signal != 0)
        return Error(Errc::undecodable_audio, "the media cannot be decoded safely");
    if (status.code == exit_code::undecodable)
        return Error(Errc::undecodable_audio, without_cause(line, line.substr(0, line.find(':'))));
    if (status.code == exit_code::limit) return error_of_limit(line);
    log::error("tutti-decode: {}: {}", status.describe(), log::printable(line));
    return Error(Errc::internal, "decoding failed");
}

}  // namespace

DecoderProcess::DecoderProcess(asio::io_context& loop, ChildProcess process, UniqueFd output,
                               UniqueFd errors)
    : process_(std::make_shared<ChildProcess>(std::move(process))),
      output_(loop, output.release()),
      errors_(std::move(errors)),
      watchdog_(loop),
      buffer_(kReadBlock) {
}

Result<DecoderProcess> DecoderProcess::start(asio::io_context& loop, const DecoderOptions& options,
                                             int input, bool is_live) {
    auto output = make_pipe();
    if (!output) return output.error();
    auto errors = make_pipe();
    if (!errors) return errors.error();
    // What nobody reads must not block the decoder, so what does not fit is lost.
    for (const int end : {errors->reader.get(), errors->writer.get()})
        ::fcntl(end, F_SETFL, O_NONBLOCK);
    SpawnSpec spec{.path = options.program_dir + "/tutti-decode",
                   .argv = {"tutti-decode", "--max-seconds",
                            std::to_string(std::max<std::int64_t>(1, options.max_audio.count()))},
                   .fds = {{input, STDIN_FILENO},
                           {output->writer.get(), STDOUT_FILENO},
                           {errors->writer.get(), STDERR_FILENO}}};
    if (is_live) spec.argv.push_back("--live");
    auto process = ChildProcess::start(loop, spec);
    if (!process) return process.error();
    return DecoderProcess(loop, std::move(*process), std::move(output->reader),
                          std::move(errors->reader));
}

Result<DecoderProcess> DecoderProcess::start_file(asio::io_context& loop,
                                                  const DecoderOptions& options, int file) {
    return start(loop, options, file, false);
}

Result<DecoderProcess> DecoderProcess::start_live(asio::io_context& loop,
                                                  const DecoderOptions& options) {
    UnixSocket ours(loop), theirs(loop);
    boost::system::error_code error;
    asio::local::connect_pair(ours, theirs, error);
    if (error) return Error(error, "socketpair");
    auto decoder = start(loop, options, theirs.native_handle(), true);
    if (decoder) decoder->input_.emplace(std::move(ours));
    return decoder;
}

asio::awaitable<Result<std::optional<std::span<const std::int16_t>>>> DecoderProcess::read() {
    using Samples = std::optional<std::span<const std::int16_t>>;
    for (;;) {
        if (failure_) co_return *failure_;
        if (is_done_) co_return Samples();
        if (auto samples = take_samples()) co_return samples;
        if (failure_) continue;
        arm_watchdog();
        const auto [error, n] = co_await output_.async_read_some(asio::buffer(buffer_), use_result);
        if (error == asio::error::operation_aborted) co_return Error(Errc::canceled);
        parser_.push({buffer_.data(), n});
        if (!error) continue;
        auto verdict = co_await judge_end();
        if (verdict.code)
            failure_ = std::move(verdict);
        else
            is_done_ = true;
        watchdog_.cancel();
    }
}

std::optional<std::span<const std::int16_t>> DecoderProcess::take_samples() {
    for (;;) {
        auto message = parser_.next();
        if (!message) {
            log::error("{}", message.error().message());
            process_->signal(SIGKILL);
            failure_ = Error(Errc::internal, "decoding failed");
            return std::nullopt;
        }
        if (!*message) return std::nullopt;
        if (auto* header = std::get_if<proto::Header>(&**message)) header_ = std::move(*header);
        const auto* pcm = std::get_if<proto::Pcm>(&**message);
        if (!pcm) continue;
        samples_.resize(pcm->bytes.size() / sizeof(std::int16_t));
        std::memcpy(samples_.data(), pcm->bytes.data(), pcm->bytes.size());
        return std::span<const std::int16_t>(samples_);
    }
}

// The end of its output follows from its death, so killing it is all that is needed.
void DecoderProcess::arm_watchdog() {
    if (input_) return;
    watchdog_.expires_after(kStallLimit);
    watchdog_.async_wait([process = std::weak_ptr(process_)](boost::system::error_code error) {
        const auto stalled = error ? nullptr : process.lock();
        if (!stalled) return;
        log::warn("tutti-decode[{}] stalled; killing it", stalled->pid());
        stalled->signal(SIGKILL);
    });
}

// Why its output ended; no error when it did all it had to.
asio::awaitable<Error> DecoderProcess::judge_end() {
    const auto status = co_await process_->wait();
    if (!status.is_clean()) co_return error_of(status, read_line());
    if (parser_.is_complete()) co_return Error();
    log::error("tutti-decode ended early with exit code 0");
    co_return Error(Errc::internal, "decoding failed");
}

// The line of its standard error that names the cause.
std::string DecoderProcess::read_line() {
    std::string text(kMaxErrorBytes, '\0');
    const auto size = ::read(errors_.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    while (text.starts_with("note:")) text.erase(0, std::min(text.size(), text.find('\n')) + 1);
    return text.substr(0, text.find('\n'));
}

asio::awaitable<Result<void>> DecoderProcess::write(std::string_view bytes) {
    const auto [error, n] = co_await asio::async_write(*input_, asio::buffer(bytes), use_result);
    if (error == asio::error::operation_aborted) co_return Error(Errc::canceled);
    if (!error) co_return Result<void>();
    // After an error Asio would wait for the socket to become writable, which a socket without a
    // peer never does again; a closed one refuses at once.
    close_input();
    co_return Error(error, "write to the decoder");
}

void DecoderProcess::close_input() {
    boost::system::error_code ignored;
    if (input_) input_->close(ignored);
}

void DecoderProcess::kill() {
    process_->signal(SIGKILL);
    close_input();
}

void DecoderProcess::finish_input() {
    boost::system::error_code ignored;
    input_->shutdown(UnixSocket::shutdown_send, ignored);
}

}  // namespace tutti::runtime

// SPDX-License-Identifier: Apache-2.0
#include "gateway/container_input.h"

#include "audio/sniff.h"

#include <utility>

namespace tutti::gateway {
namespace {

// Every container we know shows itself within so many bytes.
constexpr std::size_t kEnoughToTell = 4096;

}  // namespace

Result<void> ContainerInput::start() {
    if (!audio::sniff(pending_)) {
        if (pending_.size() < kEnoughToTell && !is_finished_) return {};
        return Error(Errc::undecodable_audio,
                     "the audio is in no container known here; raw audio needs 'encoding' and "
                     "'sample_rate'");
    }
    auto decoder = runtime::DecoderProcess::start_live(
        services_.loop, {services_.config.program_dir, services_.config.max_audio});
    if (!decoder) return decoder.error();
    decoder_.emplace(std::move(*decoder));
    return {};
}

asio::awaitable<Result<void>> ContainerInput::feed() {
    if (!decoder_ && !pending_.empty())
        if (auto started = start(); !started) co_return started.error();
    if (!decoder_) co_return Result<void>();
    if (!pending_.empty()) {
        const auto bytes = std::exchange(pending_, {});
        // When the decoder has ended, read() tells why.
        (void)co_await decoder_->write(bytes);
    }
    if (is_finished_ && !std::exchange(is_input_closed_, true)) decoder_->finish_input();
    co_return Result<void>();
}

asio::awaitable<Result<std::span<const std::int16_t>>> ContainerInput::read() {
    const auto samples = co_await decoder_->read();
    if (!samples) co_return samples.error();
    co_return samples->value_or(std::span<const std::int16_t>());
}

void ContainerInput::close() {
    if (decoder_) decoder_->kill();
}

}  // namespace tutti::gateway

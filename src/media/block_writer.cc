// SPDX-License-Identifier: Apache-2.0
#include "media/block_writer.h"

#include <cerrno>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace tutti::media {

Result<void> BlockWriter::add(std::span<const std::int16_t> samples) {
    const auto allowed =
        std::min<std::uint64_t>(samples.size(), sample_limit_ - std::min(samples_, sample_limit_));
    auto bytes = std::string_view(reinterpret_cast<const char*>(samples.data()), allowed * 2);
    samples_ += allowed;
    while (!bytes.empty()) {
        const auto part = bytes.substr(0, proto::kMaxPcmBytes - pending_.size());
        pending_.append(part);
        bytes.remove_prefix(part.size());
        if (pending_.size() == proto::kMaxPcmBytes)
            if (auto written = flush(); !written) return written;
    }
    if (allowed == samples.size()) return {};
    return Error(Errc::too_long, fmt::format("too-long: the audio lasts longer than {} s",
                                             sample_limit_ / proto::kSampleRate));
}

Result<void> BlockWriter::flush() {
    if (pending_.empty()) return outcome_;
    frame_.clear();
    if (header_) proto::append_frame(frame_, *header_);
    header_.reset();
    proto::append_frame(frame_, proto::Pcm{pending_});
    pending_.clear();
    return write_all(frame_);
}

Result<void> BlockWriter::finish() {
    if (auto flushed = flush(); !flushed) return flushed;
    frame_.clear();
    if (header_) proto::append_frame(frame_, *header_);
    header_.reset();
    proto::append_frame(frame_, proto::End{samples_});
    return write_all(frame_);
}

Result<void> BlockWriter::write_all(std::string_view bytes) {
    while (outcome_ && !bytes.empty()) {
        const auto written = ::write(fd_, bytes.data(), bytes.size());
        if (written > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            outcome_ = errno_error("io: write");
        }
    }
    return outcome_;
}

}  // namespace tutti::media

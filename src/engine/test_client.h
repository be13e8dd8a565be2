// SPDX-License-Identifier: Apache-2.0
// A gateway's side of an engine's socket, for tests. It blocks for at most ten seconds at a time.
#pragma once

#include "base/unique_fd.h"
#include "engine/recognizer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <string>

namespace tutti::engine {

class TestClient {
  public:
    explicit TestClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        const timeval limit{10, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    void send(const auto& message) {
        std::string frame;
        proto::append_frame(frame, message);
        send_bytes(frame);
    }
    void send_bytes(std::string_view bytes) {
        for (ssize_t n = 0; !bytes.empty(); bytes.remove_prefix(static_cast<std::size_t>(n)))
            if (n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); n < 0) return;
    }

    // Nothing when the engine has closed the connection.
    std::optional<proto::FromEngine> receive() {
        for (;;) {
            const auto size = proto::frame_size(inbox_);
            if (size > 0 && inbox_.size() >= size) {
                auto message = proto::decode<proto::FromEngine>(std::string_view(inbox_).substr(
                    proto::kFrameHeader, size - proto::kFrameHeader));
                inbox_.erase(0, size);
                return std::move(message).value();
            }
            char block[65536];
            const auto n = ::recv(fd_.get(), block, sizeof block, 0);
            EXPECT_GE(n, 0) << "the engine is silent";
            if (n <= 0) return std::nullopt;
            inbox_.append(block, static_cast<std::size_t>(n));
        }
    }
    // The next T; what else comes before it is noted.
    template <class T>
    std::optional<T> await() {
        while (auto message = receive()) {
            note(*message);
            if (auto* wanted = std::get_if<T>(&*message)) return std::move(*wanted);
        }
        return std::nullopt;
    }
    bool is_closed_by_engine() {
        while (auto message = receive()) note(*message);
        return true;
    }

    void open(proto::StreamRef ref, proto::StreamMode mode = proto::StreamMode::live,
              SamplePos first_sample = 0) {
        credit = position = first_sample;
        send(proto::Open{ref, mode, true, proto::Millis(700), first_sample});
    }
    // As fast as credit allows.
    void audio(proto::StreamRef ref, std::span<const std::int16_t> samples) {
        while (!samples.empty()) {
            const auto piece = samples.first(std::min(kOddChunk, samples.size()));
            while (position + static_cast<SamplePos>(piece.size()) > credit + proto::kCreditWindow)
                if (!await<proto::Credit>()) return;
            send_audio(ref, position, piece);
            position += static_cast<SamplePos>(piece.size());
            samples = samples.subspan(piece.size());
        }
    }
    void send_audio(proto::StreamRef ref, SamplePos at, std::span<const std::int16_t> samples) {
        send(proto::Audio{
            ref, at, {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()}});
    }
    // The digits of all finals so far.
    std::string digits() const {
        std::string text;
        for (const auto& final : finals)
            for (const auto& word : final.utterance.words) text += word.text;
        return text;
    }

    SamplePos position = 0;
    SamplePos credit = 0;
    SamplePos settled = 0;
    std::vector<proto::Final> finals;
    int partials = 0;

  private:
    static constexpr std::size_t kOddChunk = 1234;

    void note(const proto::FromEngine& message) {
        if (const auto* m = std::get_if<proto::Credit>(&message)) {
            credit = m->decoded_up_to;
            settled = m->settled_up_to;
        } else if (const auto* final = std::get_if<proto::Final>(&message)) {
            finals.push_back(*final);
        }
        partials += std::holds_alternative<proto::Partial>(message);
    }

    UniqueFd fd_;
    std::string inbox_;
};

}  // namespace tutti::engine

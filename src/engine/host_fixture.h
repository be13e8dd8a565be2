// SPDX-License-Identifier: Apache-2.0
// The real host with the tone backend, on a loop and a thread of its own, for tests.
#pragma once

#include "engine/host.h"
#include "engine/test_client.h"
#include "engine/tone/dtmf_generator.h"
#include "engine/tone/tone_recognizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace tutti::engine::test {

using proto::StreamMode;
using proto::StreamRef;

inline constexpr StreamRef kRef{1, 1};

inline constexpr SamplePos seconds(double s) {
    return static_cast<SamplePos>(s * proto::kSampleRate);
}

inline std::vector<std::int16_t> with_silence(std::vector<std::int16_t> samples, double length) {
    samples.resize(samples.size() + static_cast<std::size_t>(seconds(length)));
    return samples;
}

class HostTest : public testing::Test {
  protected:
    explicit HostTest(std::size_t live_limit = 100, Hearing hearing = {})
        : folder_(make_folder()),
          path_(folder_ / "engine.sock"),
          host_(loop_, UnixAcceptor(loop_, path_), slot_,
                {.decode = {.load_recognizer =
                                [](StreamMode) { return std::make_unique<ToneRecognizer>(); },
                            .live_threads = 2,
                            .whole_threads = 1,
                            .streams_per_thread = 1000,
                            .on_news = {}},
                 .live_limit = live_limit,
                 .hearing = std::move(hearing)}),
          tasks_(loop_) {
        tasks_.spawn("host", host_.run());
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~HostTest() override {
        asio::post(loop_, [this] { host_.stop(); });
        thread_.join();
        std::filesystem::remove_all(folder_);
    }

    static std::filesystem::path make_folder() {
        auto name = (std::filesystem::temp_directory_path() / "engine-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    TestClient connect() const { return TestClient(path_); }

    std::filesystem::path folder_;
    std::string path_;
    asio::io_context loop_{1};
    runtime::Slot slot_{};
    Host host_;
    runtime::TaskGroup tasks_;
    std::thread thread_;
};

}  // namespace tutti::engine::test

// SPDX-License-Identifier: Apache-2.0
#include "runtime/decoder_process.h"

#include "runtime/task_group.h"

#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tutti::runtime {
namespace {

using proto::kSampleRate;

std::string program_dir() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

// A WAV of `samples`; it claims to have as many as `claimed`.
std::string wav(const std::vector<std::int16_t>& samples, std::size_t claimed) {
    std::string bytes;
    proto::Writer writer(bytes);
    const auto data = static_cast<std::uint32_t>(claimed * 2);
    bytes += "RIFF";
    writer.put(36 + data);
    bytes += "WAVEfmt ";
    for (const std::uint32_t field : {16u, 0x00010001u, 16000u, 32000u, 0x00100002u})
        writer.put(field);
    bytes += "data";
    writer.put(data);
    return bytes.append(reinterpret_cast<const char*>(samples.data()), samples.size() * 2);
}

std::vector<std::int16_t> ramp(std::size_t count) {
    std::vector<std::int16_t> samples(count);
    for (std::size_t i = 0; i < count; ++i) samples[i] = static_cast<std::int16_t>(i * 7);
    return samples;
}

class DecoderProcessTest : public testing::Test {
  protected:
    DecoderProcessTest() {
        auto name = (std::filesystem::temp_directory_path() / "decoder-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~DecoderProcessTest() override { std::filesystem::remove_all(folder_); }

    void run(asio::awaitable<void> body) {
        bool is_done = false;
        TaskGroup tasks(loop_);
        tasks.spawn("test", note_end(std::move(body), is_done));
        loop_.run_for(std::chrono::seconds(20));
        loop_.stop();
        EXPECT_TRUE(is_done) << "the test did not finish";
    }
    static asio::awaitable<void> note_end(asio::awaitable<void> body, bool& is_done) {
        co_await std::move(body);
        is_done = true;
    }

    static UniqueFd file_of(std::string_view bytes) {
        UniqueFd fd(::memfd_create("media", MFD_CLOEXEC));
        EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
        return fd;
    }
    DecoderProcess start(std::string_view bytes, std::chrono::seconds limit) {
        return DecoderProcess::start_file(loop_, {program_dir(), limit}, file_of(bytes).get())
            .value();
    }
    // A shell script in the decoder's place.
    DecoderProcess start_script(const std::string& script) {
        const auto home = folder_ / std::to_string(scripts_++);
        std::filesystem::create_directory(home);
        const auto path = home / "tutti-decode";
        std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return DecoderProcess::start_file(loop_, {home.string(), std::chrono::seconds(9)},
                                          file_of("x").get())
            .value();
    }

    // All samples, or the error.
    static asio::awaitable<Result<std::vector<std::int16_t>>> read_all(DecoderProcess& decoder) {
        std::vector<std::int16_t> all;
        for (;;) {
            const auto samples = co_await decoder.read();
            if (!samples) co_return samples.error();
            if (!*samples) co_return all;
            all.insert(all.end(), (*samples)->begin(), (*samples)->end());
        }
    }
    static asio::awaitable<void> expect_error(DecoderProcess decoder, Errc cause,
                                              std::string text) {
        for (int again = 0; again < 2; ++again) {
            const auto all = co_await read_all(decoder);
            EXPECT_TRUE(all.has_error());
            if (!all.has_error()) co_return;
            EXPECT_EQ(all.error().errc(), cause) << all.error().message();
            EXPECT_EQ(all.error().message(), text);
        }
    }

    asio::io_context loop_{1};
    std::filesystem::path folder_;
    int scripts_ = 0;
};

asio::awaitable<void> expect_samples(DecoderProcess decoder, std::vector<std::int16_t> expected) {
    std::vector<std::int16_t> all;
    for (;;) {
        const auto samples = co_await decoder.read();
        EXPECT_TRUE(samples.has_value());
        if (!samples || !*samples) break;
        EXPECT_EQ(decoder.header()->claimed_duration, std::chrono::milliseconds(3000));
        all.insert(all.end(), (*samples)->begin(), (*samples)->end());
    }
    EXPECT_EQ(all, expected);
    const auto end = co_await decoder.read();
    EXPECT_TRUE(end && !*end) << "the end stays the end";
}

TEST_F(DecoderProcessTest, ReadsAWholeFile) {
    const auto samples = ramp(3 * kSampleRate);
    run(expect_samples(start(wav(samples, samples.size()), std::chrono::seconds(60)), samples));
}

TEST_F(DecoderProcessTest, TellsWhatIsWrongWithTheMedia) {
    run(expect_error(start("certainly no audio, just words", std::chrono::seconds(60)),
                     Errc::undecodable_audio, "not audio of a kind that can be read"));
}

TEST_F(DecoderProcessTest, TellsThatTheAudioIsTooLong) {
    const auto samples = ramp(3 * kSampleRate);
    run(expect_error(start(wav(samples, samples.size()), std::chrono::seconds(2)), Errc::too_long,
                     "the audio lasts longer than 2 s"));
}

asio::awaitable<void> in_turn(std::vector<asio::awaitable<void>> bodies) {
    for (auto& body : bodies) co_await std::move(body);
}

TEST_F(DecoderProcessTest, NamesTheCauseOfEachEnd) {
    const struct {
        const char* script;
        Errc cause;
        const char* text;
    } cases[] = {
        {"echo 'channels: 9 channels, at most 8' >&2; exit 76", Errc::undecodable_audio,
         "9 channels, at most 8"},
        {"echo 'memory: more' >&2; exit 76", Errc::too_large,
         "decoding takes more memory than allowed"},
        {"echo 'note: a note' >&2; echo 'broken: no frame' >&2; exit 65", Errc::undecodable_audio,
         "no frame"},
        {"printf 'codec: \\033[2J is bad' >&2; exit 65", Errc::undecodable_audio,
         "\\x1b[2J is bad"},
        {"kill -SEGV $$", Errc::undecodable_audio, "the media cannot be decoded safely"},
        {"kill -XCPU $$", Errc::undecodable_audio, "decoding takes longer than is allowed"},
        {"echo 'a secret path' >&2; exit 70", Errc::internal, "decoding failed"},
        {"exit 0", Errc::internal, "decoding failed"},
        {"printf '\\377\\377\\377\\377 garbage'; sleep 1000", Errc::internal, "decoding failed"},
    };
    std::vector<asio::awaitable<void>> bodies;
    for (const auto& c : cases)
        bodies.push_back(expect_error(start_script(c.script), c.cause, c.text));
    run(in_turn(std::move(bodies)));
}

TEST_F(DecoderProcessTest, WhatNobodyReadsDoesNotBlockTheDecoder) {
    run(expect_error(start_script("echo 'broken: at first' >&2\n"
                                  "head -c 300000 /dev/zero >&2 2>/dev/null; exit 65"),
                     Errc::undecodable_audio, "at first"));
}

asio::awaitable<void> speak_and_listen(DecoderProcess& decoder) {
    const auto samples = ramp(6 * kSampleRate);
    const auto bytes = wav(samples, 1 << 29);
    const auto half = bytes.size() / 2;
    EXPECT_TRUE(co_await decoder.write(std::string_view(bytes).substr(0, half)));
    const auto early = co_await decoder.read();
    EXPECT_TRUE(early && *early) << "audio comes while more is still to be sent";
    std::vector<std::int16_t> all((*early)->begin(), (*early)->end());
    EXPECT_TRUE(co_await decoder.write(std::string_view(bytes).substr(half)));
    decoder.finish_input();
    for (;;) {
        const auto more = co_await decoder.read();
        EXPECT_TRUE(more.has_value());
        if (!more || !*more) break;
        all.insert(all.end(), (*more)->begin(), (*more)->end());
    }
    EXPECT_EQ(all, samples);
}

TEST_F(DecoderProcessTest, DecodesALiveStreamAsItComes) {
    auto decoder = DecoderProcess::start_live(loop_, {program_dir(), std::chrono::seconds(60)});
    ASSERT_TRUE(decoder);
    run(speak_and_listen(*decoder));
}

asio::awaitable<void> write_until_refused(DecoderProcess& decoder) {
    const std::string noise(64 * 1024, '\x55');
    bool is_refused = false;
    for (int i = 0; i < 100 && !is_refused; ++i) {
        const auto written = co_await decoder.write(noise);
        is_refused = !written;
    }
    EXPECT_TRUE(is_refused);
    const auto again = co_await decoder.write(noise);
    EXPECT_FALSE(again.has_value());
    const auto why = co_await decoder.read();
    EXPECT_TRUE(!why && why.error().errc() == Errc::undecodable_audio);
}

TEST_F(DecoderProcessTest, ALiveStreamThatIsNoAudioEndsForBothSides) {
    auto decoder = DecoderProcess::start_live(loop_, {program_dir(), std::chrono::seconds(60)});
    ASSERT_TRUE(decoder);
    run(write_until_refused(*decoder));
}

TEST_F(DecoderProcessTest, IsKilledWithItsOwner) {
    pid_t pid = 0;
    {
        auto decoder = DecoderProcess::start_live(loop_, {program_dir(), std::chrono::seconds(60)});
        ASSERT_TRUE(decoder);
        pid = decoder->pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(DecoderProcessTest, AMissingProgramIsAnError) {
    EXPECT_FALSE(DecoderProcess::start_live(loop_, {folder_.string(), std::chrono::seconds(60)}));
}

}  // namespace
}  // namespace tutti::runtime

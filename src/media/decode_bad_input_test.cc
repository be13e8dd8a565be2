// SPDX-License-Identifier: Apache-2.0
// What must not decode, or only in part: lying, cut, hostile and empty inputs.
#include "base/exit_code.h"
#include "media/decode_fixture.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace tutti::media {
namespace {

using DecodeBadInput = DecodeTest;
using namespace std::string_literals;

std::string noise(std::size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

std::string floats(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

TEST_F(DecodeBadInput, AWavThatClaimsTooMuchGivesWhatIsThere) {
    const auto data = tone(440, 1, 16000);
    for (const std::uint32_t claim : {0xffffffffu, 0xfffffffeu, 0x7fffffffu, 0x80000000u, 64000u}) {
        const auto decoded = decode(wav_of(data, {.data_size = claim}));
        EXPECT_EQ(decoded.exit_code, 0) << claim << decoded.line;
        EXPECT_EQ(decoded.samples.size(), 16000u) << claim;
        EXPECT_NEAR(decoded.frequency(), 440, 1);
    }
}

TEST_F(DecodeBadInput, AWavMayBeCutAnywhere) {
    const auto wav = wav_of(tone(440, 1, 16000), {});
    for (const std::size_t size : {46u, 47u, 1001u, 20000u}) {
        const auto decoded = decode(wav.substr(0, size));
        EXPECT_EQ(decoded.exit_code, 0) << size << decoded.line;
        EXPECT_EQ(decoded.samples.size(), (size - 44) / 2) << size;
    }
    for (std::size_t size = 1; size < 44; size += 6) {
        const auto decoded = decode(wav.substr(0, size));
        EXPECT_EQ(decoded.exit_code, exit_code::undecodable) << size;
        EXPECT_FALSE(decoded.line.empty());
    }
}

TEST_F(DecodeBadInput, AHeaderAloneIsAnEmptyRecording) {
    const auto decoded = decode(wav_of("", {}));
    EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
    EXPECT_TRUE(decoded.is_complete);
    EXPECT_TRUE(decoded.samples.empty());
    EXPECT_EQ(decoded.header.sample_rate, 16000u);
}

TEST_F(DecodeBadInput, TwelveChannelsAreALimit) {
    const auto decoded = decode(wav_of(tone(440, 0.2, 16000, 12), {.channels = 12}));
    EXPECT_EQ(decoded.exit_code, exit_code::limit);
    EXPECT_EQ(decoded.line, "channels: 12 channels, at most 8 are allowed");
}

TEST_F(DecodeBadInput, EveryChannelIsHeardUpToEight) {
    for (const int channels : {2, 3, 4, 6, 8})
        for (const int channel : {0, channels - 1}) {
            const auto data = tone(440, 0.5, 16000, channels, channel);
            const auto decoded =
                decode(wav_of(data, {.channels = static_cast<std::uint16_t>(channels)}));
            EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
            EXPECT_NEAR(decoded.frequency(), 440, 2) << channels << '/' << channel;
            EXPECT_NEAR(decoded.peak(), 16000 / channels, 100) << channels << '/' << channel;
        }
}

TEST_F(DecodeBadInput, OddRatesDecodeAndAbsurdOnesAreALimit) {
    for (const std::uint32_t rate : {4000u, 7000u, 11025u, 96000u, 192000u}) {
        const auto data = tone(440, 1, static_cast<int>(rate));
        const auto decoded = decode(wav_of(data, {.sample_rate = rate}));
        EXPECT_EQ(decoded.exit_code, 0) << rate << decoded.line;
        EXPECT_NEAR(decoded.frequency(), 440, 1) << rate;
        EXPECT_NEAR(decoded.seconds(), 1, 0.005) << rate;
        EXPECT_NEAR(decoded.peak(), 16000, 700) << rate;
    }
    for (const std::uint32_t rate : {1u, 3999u, 384000u, 1000000000u}) {
        const auto decoded = decode(wav_of(tone(440, 0.1, 16000), {.sample_rate = rate}));
        EXPECT_EQ(decoded.exit_code, exit_code::limit) << rate << decoded.line;
        EXPECT_TRUE(decoded.line.starts_with("rate: ")) << decoded.line;
    }
}

TEST_F(DecodeBadInput, NoRateAndNoChannelAreUndecodable) {
    for (const auto& form : {WavForm{.channels = 0}, WavForm{.sample_rate = 0}, WavForm{.bits = 0},
                             WavForm{.tag = 0x1234}}) {
        const auto decoded = decode(wav_of(tone(440, 0.1, 16000), form));
        EXPECT_EQ(decoded.exit_code, exit_code::undecodable) << decoded.line;
        EXPECT_FALSE(decoded.line.empty());
    }
}

TEST_F(DecodeBadInput, FloatsThatAreNoNumbersAreSilence) {
    const auto nan = std::numeric_limits<float>::quiet_NaN();
    const auto decoded =
        decode(wav_of(floats(std::vector<float>(16000, nan)), {.tag = 3, .bits = 32}));
    EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
    EXPECT_EQ(decoded.samples.size(), 16000u);
    EXPECT_EQ(decoded.peak(), 0);
}

TEST_F(DecodeBadInput, OneBadFloatDoesNotSpread) {
    for (const float bad : {std::numeric_limits<float>::infinity(), -1e30f,
                            std::numeric_limits<float>::quiet_NaN()}) {
        std::vector<float> values(44100, 0.f);
        values[22050] = bad;
        const auto decoded =
            decode(wav_of(floats(values), {.tag = 3, .sample_rate = 44100, .bits = 32}));
        EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
        for (std::size_t i = 0; i < decoded.samples.size(); ++i) {
            const bool is_near = i > 7900 && i < 8100;
            ASSERT_NEAR(is_near ? 0 : decoded.samples[i], 0, 1) << i;
        }
    }
}

TEST_F(DecodeBadInput, WhatIsNoAudioIsNamedSo) {
    const std::string inputs[] = {
        "R",
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:///etc/passwd\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "PK\x03\x04"s + noise(1000),
        "%PDF-1.7\n"s + noise(1000),
        "RIFF\x10\x00\x00\x00"s + "AVI LIST",
        noise(100000),
    };
    for (const auto& input : inputs) {
        const auto decoded = decode(input);
        EXPECT_EQ(decoded.exit_code, exit_code::undecodable) << decoded.line;
        EXPECT_TRUE(decoded.line.starts_with("unknown: ")) << decoded.line;
        EXPECT_TRUE(decoded.samples.empty());
    }
}

TEST_F(DecodeBadInput, NothingAtAllIsEmpty) {
    const auto decoded = decode("");
    EXPECT_EQ(decoded.exit_code, exit_code::undecodable);
    EXPECT_TRUE(decoded.line.starts_with("empty: ")) << decoded.line;
}

TEST_F(DecodeBadInput, AGoodNameOnNoiseEndsWell) {
    const std::string heads[] = {"RIFF\x24\x08\x00\x00WAVE"s,
                                 "fLaC",
                                 "OggS",
                                 "\x1a\x45\xdf\xa3",
                                 "\x00\x00\x00\x20"s + "ftypM4A ",
                                 "caff\x00\x01\x00\x00"s,
                                 "FORM\x00\x00\x10\x00"s + "AIFF",
                                 "#!AMR\n",
                                 "ID3\x04\x00\x00\x00\x00\x10\x00"s};
    for (const auto& head : heads)
        for (unsigned seed = 1; seed <= 3; ++seed) {
            const auto decoded = decode(head + noise(50000, seed), {"--max-seconds", "60"});
            EXPECT_TRUE(decoded.exit_code == 0 || decoded.exit_code == exit_code::undecodable ||
                        decoded.exit_code == exit_code::limit)
                << head << decoded.exit_code << decoded.line;
            EXPECT_TRUE(decoded.is_well_formed);
            EXPECT_EQ(decoded.exit_code == 0, decoded.is_complete);
        }
}

TEST_F(DecodeBadInput, DamagedMediaNeverEndsInASignal) {
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "the ffmpeg program is not installed";
    std::mt19937 random(7);
    for (const std::string name : {"a.mp3", "a.m4a", "a.flac", "a.ogg", "a.webm"}) {
        const auto good = make(name, {"-ar", "48000"});
        ASSERT_FALSE(good.empty());
        for (int round = 0; round < 6; ++round) {
            auto bad = good;
            for (int i = 0; i < 1 << round; ++i)
                bad[random() % bad.size()] = static_cast<char>(random());
            const auto decoded = decode(bad, {"--max-seconds", "60"});
            EXPECT_GE(decoded.exit_code, 0) << name << decoded.line;
            EXPECT_TRUE(decoded.is_well_formed);
        }
    }
}

TEST_F(DecodeBadInput, CutMediaGiveWhatIsThere) {
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "the ffmpeg program is not installed";
    for (const std::string name : {"a.mp3", "a.flac", "a.ogg", "a.webm", "a.aac"}) {
        const auto good = make(name, {"-ar", "48000"}, "sine=frequency=440:duration=10");
        const auto decoded = decode(good.substr(0, good.size() / 2 + 3));
        EXPECT_EQ(decoded.exit_code, 0) << name << decoded.line;
        EXPECT_TRUE(decoded.is_complete) << name;
        EXPECT_NEAR(decoded.seconds(), 5.0, 1.5) << name;
        EXPECT_NEAR(decoded.frequency(), 440, 2) << name;
    }
}

TEST_F(DecodeBadInput, AudioBeyondTheLimitStopsTheDecoding) {
    const auto decoded = decode(wav_of(tone(440, 5, 16000), {}), {"--max-seconds", "2"});
    EXPECT_EQ(decoded.exit_code, exit_code::limit);
    EXPECT_EQ(decoded.line, "too-long: the audio lasts longer than 2 s");
    EXPECT_EQ(decoded.samples.size(), 32000u);
    EXPECT_FALSE(decoded.is_complete);
    EXPECT_EQ(decode(wav_of(tone(440, 2, 16000), {}), {"--max-seconds", "2"}).exit_code, 0);
}

TEST_F(DecodeBadInput, ABombOfSilenceIsStoppedWhileItIsDecoded) {
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "the ffmpeg program is not installed";
    const auto bomb = make("bomb.flac", {}, "anullsrc=r=8000:cl=mono:d=3600");
    ASSERT_LT(bomb.size(), 1000000u);
    const auto decoded = decode(bomb, {"--max-seconds", "30"});
    EXPECT_EQ(decoded.exit_code, exit_code::limit);
    EXPECT_EQ(decoded.samples.size(), 30u * 16000);
}

TEST_F(DecodeBadInput, VideoWithoutSoundHasNoAudio) {
    if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "the ffmpeg program is not installed";
    const auto decoded = decode(make("mute.mkv", {"-c:v", "mjpeg"}, "testsrc=d=0.2:s=64x64"));
    EXPECT_EQ(decoded.exit_code, exit_code::undecodable);
    EXPECT_TRUE(decoded.line.starts_with("no-audio: ")) << decoded.line;
}

TEST_F(DecodeBadInput, WrongFlagsAreUsage) {
    for (const std::vector<std::string>& flags : {std::vector<std::string>{"--nonsense"},
                                                  {"--max-seconds"},
                                                  {"--max-seconds", "0"},
                                                  {"--max-seconds", "-1"},
                                                  {"--max-seconds", "9x"},
                                                  {"file.wav"}})
        EXPECT_EQ(decode("", flags).exit_code, exit_code::usage) << flags[0];
}

}  // namespace
}  // namespace tutti::media

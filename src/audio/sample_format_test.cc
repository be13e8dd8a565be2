// SPDX-License-Identifier: Apache-2.0
#include "audio/sample_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace tutti::audio {
namespace {

using Samples = std::vector<std::int16_t>;
using testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <class T>
std::string bytes_of(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

Samples decoded(AudioFormat format, std::string_view bytes) {
    Samples out;
    SampleDecoder(format).decode(bytes, out);
    return out;
}

std::string every_code() {
    std::string codes;
    for (int code = 0; code < 256; ++code) codes += static_cast<char>(code);
    return codes;
}

// The decoding law as a formula on 14-bit magnitudes, scaled to 16 bits.
int mulaw_by_formula(int code) {
    const int bits = 255 - code, step = bits % 16, segment = bits / 16 % 8;
    const double magnitude = (2 * step + 33) * std::pow(2, segment) - 33;
    return static_cast<int>(bits >= 128 ? -4 * magnitude : 4 * magnitude);
}

// Likewise on 13-bit magnitudes.
int alaw_by_formula(int code) {
    const int bits = code ^ 0x55, step = bits % 16, segment = bits / 16 % 8;
    const double magnitude =
        segment == 0 ? 2 * step + 1 : (2 * step + 33) * std::pow(2, segment - 1);
    return static_cast<int>(bits >= 128 ? 8 * magnitude : -8 * magnitude);
}

TEST(SampleDecoder, MulawFollowsG711) {
    const auto samples = decoded({Encoding::mulaw, 8000, 1}, every_code());
    for (int code = 0; code < 256; ++code)
        EXPECT_EQ(samples[static_cast<std::size_t>(code)], mulaw_by_formula(code)) << code;
    EXPECT_EQ(samples[0x00], -32124);
    EXPECT_EQ(samples[0x80], 32124);
    EXPECT_EQ(samples[0xff], 0);
}

TEST(SampleDecoder, AlawFollowsG711) {
    const auto samples = decoded({Encoding::alaw, 8000, 1}, every_code());
    for (int code = 0; code < 256; ++code)
        EXPECT_EQ(samples[static_cast<std::size_t>(code)], alaw_by_formula(code)) << code;
    EXPECT_EQ(samples[0x2a], -32256);
    EXPECT_EQ(samples[0xaa], 32256);
    EXPECT_EQ(samples[0xd5], 8);
}

TEST(SampleDecoder, LinearMonoIsUnchanged) {
    const Samples values{0, 1, -1, 32767, -32768};
    EXPECT_EQ(decoded({}, bytes_of(values)), values);
}

TEST(SampleDecoder, AppendsBehindWhatIsThere) {
    Samples out{7};
    SampleDecoder({}).decode(bytes_of(Samples{8, 9}), out);
    EXPECT_THAT(out, ElementsAre(7, 8, 9));
}

TEST(SampleDecoder, FloatsAreScaledClippedAndNeverNan) {
    const std::vector<float> values{0.f, 0.5f, -1.f, 1.f, 2.f, -3.f, kNan, kInfinity, -kInfinity};
    EXPECT_THAT(decoded({Encoding::float32, 16000, 1}, bytes_of(values)),
                ElementsAre(0, 16384, -32768, 32767, 32767, -32768, 0, 32767, -32768));
}

TEST(SampleDecoder, ChannelsAreMixedToTheirMean) {
    const Samples stereo{100, 200, 32767, 32767, -32768, -32768, 32767, -32767};
    EXPECT_THAT(decoded({Encoding::linear16, 16000, 2}, bytes_of(stereo)),
                ElementsAre(150, 32767, -32768, 0));
    const std::vector<float> three{0.25f, 0.25f, 0.25f, 1.f, kNan, -1.f};
    EXPECT_THAT(decoded({Encoding::float32, 16000, 3}, bytes_of(three)), ElementsAre(8192, 0));
}

class Cuts : public testing::TestWithParam<AudioFormat> {};

TEST_P(Cuts, AnywhereGiveTheSameSamples) {
    const auto frame =
        static_cast<std::size_t>(bytes_per_sample(GetParam().encoding) * GetParam().channels);
    std::mt19937 random(1);
    std::string bytes(frame * 9, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    const auto whole = decoded(GetParam(), bytes);
    ASSERT_EQ(whole.size(), 9u);

    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        SampleDecoder decoder(GetParam());
        Samples out;
        decoder.decode(std::string_view(bytes).substr(0, cut), out);
        EXPECT_EQ(out.size(), cut / frame);
        decoder.decode(std::string_view(bytes).substr(cut), out);
        EXPECT_EQ(out, whole) << "cut at byte " << cut;
    }
}

TEST_P(Cuts, ByteByByteGiveTheSameSamples) {
    std::string bytes(
        static_cast<std::size_t>(bytes_per_sample(GetParam().encoding) * GetParam().channels * 5),
        '\x31');
    SampleDecoder decoder(GetParam());
    Samples out;
    for (const char& byte : bytes) decoder.decode({&byte, 1}, out);
    EXPECT_EQ(out, decoded(GetParam(), bytes));
}

INSTANTIATE_TEST_SUITE_P(SampleDecoder, Cuts,
                         testing::Values(AudioFormat{Encoding::linear16, 16000, 1},
                                         AudioFormat{Encoding::linear16, 16000, 2},
                                         AudioFormat{Encoding::linear16, 16000, kMaxChannels},
                                         AudioFormat{Encoding::mulaw, 8000, 1},
                                         AudioFormat{Encoding::alaw, 8000, 2},
                                         AudioFormat{Encoding::float32, 48000, 1},
                                         AudioFormat{Encoding::float32, 48000, 3}));

}  // namespace
}  // namespace tutti::audio

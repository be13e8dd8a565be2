// SPDX-License-Identifier: Apache-2.0
// What must decode: every container and codec we name, at the tone and length that went in.
#include "media/decode_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace tutti::media {
namespace {

struct Form {
    std::string name;
    std::vector<std::string> arguments;
    std::string codec;
    std::uint32_t sample_rate;
    std::uint32_t channels = 1;
};

void PrintTo(const Form& form, std::ostream* out) {
    *out << form.name;
}

class DecodeForm : public DecodeTest, public testing::WithParamInterface<Form> {
  protected:
    void SetUp() override {
        DecodeTest::SetUp();
        if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
            GTEST_SKIP() << "the ffmpeg program is not installed";
    }
};

void expect_the_tone(const Decoded& decoded, const Form& form) {
    EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
    EXPECT_TRUE(decoded.is_complete);
    EXPECT_NEAR(decoded.frequency(), 440, 1);
    // What says nothing of the encoder's delay keeps it.
    EXPECT_NEAR(decoded.seconds(), 2.0, 0.12);
    EXPECT_GT(decoded.peak(), 1500);
    EXPECT_EQ(decoded.header.codec, form.codec);
    EXPECT_EQ(decoded.header.sample_rate, form.sample_rate);
    EXPECT_EQ(decoded.header.channels, form.channels);
}

// The same bytes through a pipe that holds them all.
Decoded decode_live(const std::string& bytes) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    UniqueFd reader(ends[0]), writer(ends[1]);
    EXPECT_GE(::fcntl(writer.get(), F_SETPIPE_SZ, 1 << 20), static_cast<int>(bytes.size()));
    EXPECT_EQ(::write(writer.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    writer.reset();
    return DecodeProcess({"--live"}, std::move(reader)).finish();
}

TEST_P(DecodeForm, KeepsToneAndLength) {
    const auto& form = GetParam();
    const auto bytes = make(form.name, form.arguments);
    const auto decoded = decode(bytes);
    expect_the_tone(decoded, form);
    if (!form.name.ends_with(".aac")) {
        EXPECT_NEAR(static_cast<double>(decoded.header.claimed_duration.count()), 2000, 120);
    }
    // The index of an ordinary MP4 lies behind its audio and cannot be reached in a stream.
    if (form.name.ends_with(".m4a")) return;
    expect_the_tone(decode_live(bytes), form);
}

std::string label_of(const testing::TestParamInfo<Form>& info) {
    auto label = info.param.name;
    for (auto& c : label)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return label;
}

using Words = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    All, DecodeForm,
    testing::Values(Form{"s16.wav", Words{"-ar", "16000"}, "pcm_s16le", 16000},
                    Form{"stereo.wav", Words{"-ac", "2"}, "pcm_s16le", 44100, 2},
                    Form{"s24.wav", Words{"-c:a", "pcm_s24le", "-ar", "48000"}, "pcm_s24le", 48000},
                    Form{"float.wav", Words{"-c:a", "pcm_f32le"}, "pcm_f32le", 44100},
                    Form{"mulaw.wav", Words{"-c:a", "pcm_mulaw", "-ar", "8000"}, "pcm_mulaw", 8000},
                    Form{"adpcm.wav", Words{"-c:a", "adpcm_ima_wav"}, "adpcm_ima_wav", 44100},
                    Form{"large.wav", Words{"-rf64", "always"}, "pcm_s16le", 44100},
                    Form{"tone.mp3", Words{"-b:a", "64k"}, "mp3", 44100},
                    Form{"plain.mp3",
                         Words{"-write_xing", "0", "-id3v2_version", "0", "-ar", "16000"}, "mp3",
                         16000},
                    Form{"tone.m4a", Words{"-c:a", "aac", "-metadata", "creation_time=2026-01-01"},
                         "aac", 44100},
                    Form{"alac.m4a", Words{"-c:a", "alac"}, "alac", 44100},
                    Form{"tone.aac", Words{"-c:a", "aac"}, "aac", 44100},
                    Form{"tone.flac", Words{"-ac", "2"}, "flac", 44100, 2},
                    Form{"vorbis.ogg", Words{"-c:a", "libvorbis"}, "vorbis", 44100},
                    Form{"tone.opus", Words{"-c:a", "libopus"}, "opus", 48000},
                    Form{"tone.webm", Words{"-c:a", "libopus"}, "opus", 48000},
                    Form{"tone.aiff", Words{}, "pcm_s16be", 44100},
                    Form{"tone.caf", Words{"-c:a", "pcm_s16le"}, "pcm_s16le", 44100}),
    label_of);

}  // namespace
}  // namespace tutti::media

// SPDX-License-Identifier: Apache-2.0
#include "audio/sniff.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tutti::audio {
namespace {

using namespace std::string_literals;

// One MPEG 1 layer III frame: 128 kbit/s at 44.1 kHz is 417 bytes.
std::string mp3_frame() {
    return "\xff\xfb\x90\x00"s + std::string(413, 'm');
}

// One AAC LC frame of 44.1 kHz, mono, 20 bytes.
std::string adts_frame() {
    return "\xff\xf1\x50\x40\x02\x9f\xfc"s + std::string(13, 'a');
}

std::string id3_tag(std::size_t payload) {
    std::string tag = "ID3\x04\x00\x00"s;
    for (int shift = 21; shift >= 0; shift -= 7)
        tag.push_back(static_cast<char>(payload >> shift & 0x7f));
    return tag + std::string(payload, 't');
}

TEST(Sniff, KnowsEveryContainerByItsFirstBytes) {
    const std::pair<std::string, Container> cases[] = {
        {"RIFF\x24\x08\x00\x00WAVEfmt "s, Container::wav},
        {"RF64\xff\xff\xff\xffWAVEds64"s, Container::wav},
        {"BW64\xff\xff\xff\xffWAVEds64"s, Container::wav},
        {"fLaC\x00\x00\x00\x22"s, Container::flac},
        {"OggS\x00\x02"s, Container::ogg},
        {"\x00\x00\x00\x20"s + "ftypM4A \x00\x00\x00\x00"s, Container::mp4},
        {"\x00\x00\x00\x1c"s + "ftypisom"s, Container::mp4},
        {"\x1a\x45\xdf\xa3\x9f"s, Container::matroska},
        {"FORM\x00\x00\x00\x2e"s + "AIFF", Container::aiff},
        {"FORM\x00\x00\x00\x2e"s + "AIFCFVER"s, Container::aiff},
        {"caff\x00\x01\x00\x00"s, Container::caf},
        {"#!AMR\n\x3c"s, Container::amr},
        {"#!AMR-WB\n\x3c"s, Container::amr},
        {mp3_frame() + mp3_frame(), Container::mpeg_audio},
        {adts_frame() + adts_frame(), Container::adts},
        {id3_tag(300) + mp3_frame() + mp3_frame(), Container::mpeg_audio},
        {id3_tag(300) + adts_frame() + adts_frame(), Container::adts},
        {id3_tag(300) + "fLaC\x00\x00\x00\x22"s, Container::flac},
        {id3_tag(300) + std::string(64, '\0') + mp3_frame(), Container::mpeg_audio},
        {id3_tag(200'000), Container::mpeg_audio},
    };
    for (const auto& [bytes, container] : cases)
        EXPECT_EQ(sniff(bytes), container) << bytes.substr(0, 16);
}

TEST(Sniff, RefusesWhatIsNoAudioContainer) {
    const std::string cases[] = {
        "",
        "R",
        "RIFF",
        "RIFF\x24\x08\x00\x00WAV"s,
        "RIFF\x24\x08\x00\x00"s + "AVI LIST",
        "#EXTM3U\n#EXT-X-VERSION:3\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "<?xml version=\"1.0\"?>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\n",
        "WEBVTT\n\n",
        "1\n00:00:00,000 --> 00:00:01,000\n",
        "PK\x03\x04"s,
        "%PDF-1.7\n",
        "\x7f"
        "ELF\x02\x01"s,
        "\x89PNG\r\n\x1a\n",
        "GIF89a",
        "\xff\xd8\xff\xe0\x00\x10JFIF"s,
        "FORM\x00\x00\x00\x2eILBM"s,
        "\x00\x00\x00\x18"s + "ftypheic",
        "\x00\x00\x00\x18"s + "ftypavif"s,
        std::string(70'000, '\0'),
        mp3_frame() + "no second frame follows",
        id3_tag(10) + "not audio at all",
    };
    for (const auto& bytes : cases) EXPECT_EQ(sniff(bytes), std::nullopt) << bytes.substr(0, 24);
}

TEST(Sniff, FreeFormatAndReservedHeadersAreNotMpeg) {
    for (const auto& header : {"\xff\xfb\x00\x00"s, "\xff\xfb\xf0\x00"s, "\xff\xfb\x9c\x00"s,
                               "\xff\xeb\x90\x00"s, "\xff\xf9\x90\x00"s})
        EXPECT_EQ(sniff(header + std::string(2000, 'x')), std::nullopt);
}

TEST(Sniff, ASecondFrameIsAskedForOnlyWhereItMustBe) {
    EXPECT_EQ(sniff(mp3_frame().substr(0, 4)), Container::mpeg_audio);
    EXPECT_EQ(sniff(mp3_frame()), Container::mpeg_audio);
    EXPECT_EQ(sniff(mp3_frame() + "\xff"), Container::mpeg_audio);
}

TEST(Sniff, NoiseIsRarelyTakenForAudio) {
    std::mt19937 random(1);
    int taken = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string noise(8192, '\0');
        for (auto& byte : noise) byte = static_cast<char>(random());
        taken += sniff(noise).has_value();
        (void)sniff(noise.substr(0, random() % 32));
    }
    EXPECT_LE(taken, 1);
}

}  // namespace
}  // namespace tutti::audio

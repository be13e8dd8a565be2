// SPDX-License-Identifier: Apache-2.0
#include "proto/decode_messages.h"

#include <gtest/gtest.h>

#include <random>

namespace tutti::proto {
namespace {

std::string frames_of(const auto&... message) {
    std::string bytes;
    (append_frame(bytes, message), ...);
    return bytes;
}

const Header kHeader{Millis(1500), 44100, 2, "mp3"};

// The names of the messages in `bytes`, or "!" in the place of a violation.
std::string read_all(DecodeParser& parser, std::string_view bytes) {
    std::string seen;
    parser.push(bytes);
    for (;;) {
        const auto message = parser.next();
        if (!message) return seen + '!';
        if (!*message) return seen;
        seen += "HPE"[(*message)->index()];
    }
}

std::string verdict_on(std::string_view bytes) {
    DecodeParser parser;
    return read_all(parser, bytes);
}

TEST(DecodeParser, ReadsAWholeOutput) {
    DecodeParser parser;
    parser.push(frames_of(kHeader, Pcm{"abcd"}, End{2}));
    const auto header = parser.next().value();
    EXPECT_EQ(std::get<Header>(*header).codec, "mp3");
    EXPECT_EQ(std::get<Header>(*header).claimed_duration, Millis(1500));
    EXPECT_EQ(std::get<Pcm>(*parser.next().value()).bytes, "abcd");
    EXPECT_FALSE(parser.is_complete());
    EXPECT_EQ(std::get<End>(*parser.next().value()).samples, 2u);
    EXPECT_TRUE(parser.is_complete());
    EXPECT_EQ(parser.samples(), 2u);
}

TEST(DecodeParser, BytesMayBeCutAnywhere) {
    const auto bytes = frames_of(kHeader, Pcm{"abcd"}, Pcm{"ef"}, End{3});
    DecodeParser parser;
    std::string seen;
    for (const char byte : bytes) seen += read_all(parser, {&byte, 1});
    EXPECT_EQ(seen, "HPPE");
    EXPECT_TRUE(parser.is_complete());
}

TEST(DecodeParser, HoldsTheChildToTheOrder) {
    const Pcm pcm{"ab"};
    EXPECT_EQ(verdict_on(frames_of(pcm)), "!");
    EXPECT_EQ(verdict_on(frames_of(End{0})), "!");
    EXPECT_EQ(verdict_on(frames_of(kHeader, kHeader)), "H!");
    EXPECT_EQ(verdict_on(frames_of(kHeader, End{0}, pcm)), "HE!");
    EXPECT_EQ(verdict_on(frames_of(kHeader, End{0}, End{0})), "HE!");
    EXPECT_EQ(verdict_on(frames_of(kHeader, pcm, End{2})), "HP!");
}

TEST(DecodeParser, HoldsTheChildToTheSizes) {
    EXPECT_EQ(verdict_on(frames_of(kHeader, Pcm{""})), "H!");
    EXPECT_EQ(verdict_on(frames_of(kHeader, Pcm{"abc"})), "H!");
    EXPECT_EQ(verdict_on(frames_of(kHeader, Pcm{std::string(kMaxPcmBytes, 'x')})), "HP");
    EXPECT_EQ(verdict_on(frames_of(kHeader, Pcm{std::string(kMaxPcmBytes + 2, 'x')})), "H!");
    EXPECT_EQ(verdict_on(std::string_view("\xff\xff\xff\x7f", 4)), "!");
}

TEST(DecodeParser, StaysBrokenAfterAViolation) {
    DecodeParser parser;
    EXPECT_EQ(read_all(parser, frames_of(End{0})), "!");
    EXPECT_EQ(read_all(parser, frames_of(kHeader)), "!");
}

TEST(DecodeParser, RandomBytesNeverCrash) {
    std::mt19937 random(1);
    const auto good = frames_of(kHeader, Pcm{"abcdef"}, Pcm{"gh"}, End{4});
    for (int round = 0; round < 5000; ++round) {
        auto bytes = good;
        for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
        EXPECT_LE(verdict_on(bytes).size(), 5u);
    }
}

}  // namespace
}  // namespace tutti::proto

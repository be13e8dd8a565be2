// SPDX-License-Identifier: Apache-2.0
// Live container streams, as a browser's recorder sends them: audio comes out while more goes in.
#include "base/exit_code.h"
#include "media/decode_fixture.h"

#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace tutti::media {
namespace {

class DecodeLive : public DecodeTest {
  protected:
    void SetUp() override {
        DecodeTest::SetUp();
        if (std::system("ffmpeg -version > /dev/null 2>&1") != 0)
            GTEST_SKIP() << "the ffmpeg program is not installed";
    }
    std::string recording(const std::string& name, const std::vector<std::string>& arguments) {
        const auto bytes = make(name, arguments, "sine=frequency=440:duration=4");
        EXPECT_FALSE(bytes.empty());
        return bytes;
    }
    // What MediaRecorder makes: short clusters whose size is not known yet.
    std::string webm() {
        return recording("live.webm", {"-c:a", "libopus", "-live", "1", "-cluster_time_limit",
                                       "200", "-f", "webm"});
    }
    std::string fragmented_mp4() {
        return recording("live.mp4", {"-c:a", "aac", "-movflags",
                                      "empty_moov+default_base_moof+frag_every_frame"});
    }
};

std::pair<UniqueFd, UniqueFd> stream_pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void write_all(const UniqueFd& fd, std::string_view bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto part = bytes.substr(at, piece);
        ASSERT_EQ(::send(fd.get(), part.data(), part.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(part.size()));
    }
}

// Feeds a quarter of the recording, waits for audio while the stream stays open, then the rest.
Decoded decode_while_open(const std::string& bytes, std::size_t piece) {
    auto [ours, theirs] = stream_pair();
    DecodeProcess process({"--live"}, std::move(theirs));
    const auto quarter = bytes.size() / 4;
    write_all(ours, std::string_view(bytes).substr(0, quarter), piece);
    EXPECT_TRUE(process.reads_pcm()) << "no audio before the end of the stream";
    write_all(ours, std::string_view(bytes).substr(quarter), piece);
    ours.reset();
    return process.finish();
}

void expect_four_seconds(const Decoded& decoded) {
    EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
    EXPECT_TRUE(decoded.is_complete);
    EXPECT_NEAR(decoded.seconds(), 4.0, 0.1);
    EXPECT_NEAR(decoded.frequency(), 440, 1);
}

TEST_F(DecodeLive, WebmByteForByteYieldsAudioBeforeTheEnd) {
    expect_four_seconds(decode_while_open(webm(), 1));
}

TEST_F(DecodeLive, WebmInLargePieces) {
    expect_four_seconds(decode_while_open(webm(), 3000));
}

TEST_F(DecodeLive, FragmentedMp4) {
    expect_four_seconds(decode_while_open(fragmented_mp4(), 777));
}

TEST_F(DecodeLive, OggAndMp3AndAdtsAndWav) {
    expect_four_seconds(
        decode_while_open(recording("a.ogg", {"-c:a", "libopus", "-page_duration", "20000"}), 500));
    expect_four_seconds(decode_while_open(recording("a.mp3", {}), 500));
    expect_four_seconds(decode_while_open(recording("a.aac", {"-c:a", "aac"}), 500));
    // libav looks through the first 64 KiB of a WAV before it gives the first of them.
    expect_four_seconds(decode_while_open(recording("a.wav", {"-ac", "2"}), 500));
}

TEST_F(DecodeLive, AudioOfACutStreamIsKept) {
    const auto bytes = webm();
    auto [ours, theirs] = stream_pair();
    DecodeProcess process({"--live"}, std::move(theirs));
    write_all(ours, std::string_view(bytes).substr(0, bytes.size() / 2), 4096);
    ours.reset();
    const auto decoded = process.finish();
    EXPECT_EQ(decoded.exit_code, 0) << decoded.line;
    EXPECT_NEAR(decoded.seconds(), 2.0, 0.4);
}

TEST_F(DecodeLive, RefusesNoiseWithoutWaitingForMore) {
    auto [ours, theirs] = stream_pair();
    DecodeProcess process({"--live"}, std::move(theirs));
    write_all(ours, "this is certainly no audio", 26);
    EXPECT_FALSE(process.reads_pcm());
    const auto decoded = process.finish();
    EXPECT_EQ(decoded.exit_code, exit_code::undecodable);
    EXPECT_TRUE(decoded.line.starts_with("unknown: ")) << decoded.line;
}

TEST_F(DecodeLive, ANonBlockingSocketIsReadAllTheSame) {
    const auto bytes = webm();
    auto [ours, theirs] = stream_pair();
    ::fcntl(theirs.get(), F_SETFL, O_NONBLOCK);
    DecodeProcess process({"--live"}, std::move(theirs));
    write_all(ours, bytes, 2000);
    ours.reset();
    expect_four_seconds(process.finish());
}

TEST_F(DecodeLive, TheLimitHoldsForStreams) {
    auto [ours, theirs] = stream_pair();
    DecodeProcess process({"--live", "--max-seconds", "1"}, std::move(theirs));
    const auto bytes = webm();
    ASSERT_GT(::send(ours.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    const auto decoded = process.finish();
    EXPECT_EQ(decoded.exit_code, exit_code::limit);
    EXPECT_EQ(decoded.samples.size(), 16000u);
}

}  // namespace
}  // namespace tutti::media

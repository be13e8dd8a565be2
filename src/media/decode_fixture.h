// SPDX-License-Identifier: Apache-2.0
// For the tests of this folder: runs the built tutti-decode, makes media by hand or by the ffmpeg
// program, and measures what came out.
#pragma once

#include "base/unique_fd.h"
#include "proto/decode_messages.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace tutti::media {

struct Decoded {
    int exit_code = -1;  // or minus the signal
    proto::Header header;
    std::vector<std::int16_t> samples;
    bool is_complete = false;
    bool is_well_formed = false;  // DecodeParser found no fault
    std::string line;             // standard error, notes left out

    double seconds() const { return static_cast<double>(samples.size()) / proto::kSampleRate; }
    // Of the middle half, by its zero crossings; 0 for silence.
    double frequency() const;
    int peak() const;
};

// A running tutti-decode with pipes at its ends.
class DecodeProcess {
  public:
    DecodeProcess(const std::vector<std::string>& flags, UniqueFd input);
    ~DecodeProcess();

    // Reads what it writes until a Pcm was seen, its output ended, or ten seconds went by.
    bool reads_pcm();
    // Reads to the end and collects it.
    Decoded finish();

  private:
    bool read_some(int timeout_ms);

    int pid_ = -1;
    UniqueFd output_, errors_;
    proto::DecodeParser parser_;
    Decoded decoded_;
    bool is_broken_ = false;
};

// A folder of its own, removed afterwards.
class DecodeTest : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

    // Decodes bytes that lie in a file whose descriptor stands at its end.
    Decoded decode(const std::string& bytes, const std::vector<std::string>& flags = {});
    // Two seconds of a 440 Hz tone, or what `source` says, in the form the arguments ask for.
    std::string make(const std::string& name, const std::vector<std::string>& arguments,
                     const std::string& source = "sine=frequency=440:duration=2");

    std::filesystem::path folder_;
};

// A WAV file of raw `data` with the given format; `data_size` is what its header claims.
struct WavForm {
    std::uint16_t tag = 1;
    std::uint16_t channels = 1;
    std::uint32_t sample_rate = 16000;
    std::uint16_t bits = 16;
    std::uint32_t data_size = 0;
};
std::string wav_of(const std::string& data, WavForm form);

// A tone on one of the channels, the others silent; 16-bit.
std::string tone(int hertz, double seconds, int sample_rate, int channels = 1, int channel = 0);

}  // namespace tutti::media

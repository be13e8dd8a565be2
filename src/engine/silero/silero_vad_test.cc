// SPDX-License-Identifier: Apache-2.0
// The real model and library; skipped where scripts/lib.sh has not put them.
#include "engine/silero_vad.h"

#include "audio/endpointer.h"
#include "engine/silero/speech_only.h"

#include "models/silero_files.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <random>

namespace tutti::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Samples = std::vector<std::int16_t>;

constexpr const char* kClip =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav";

Samples load_clip() {
    std::ifstream file(kClip, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    constexpr std::size_t kHeader = 44;
    if (bytes.size() < kHeader) return {};
    Samples samples((bytes.size() - kHeader) / 2);
    std::memcpy(samples.data(), bytes.data() + kHeader, samples.size() * 2);
    return samples;
}

Samples noise(std::size_t count, int amplitude) {
    std::mt19937 random(3);
    std::uniform_int_distribution<int> value(-amplitude, amplitude);
    Samples samples(count);
    for (auto& sample : samples) sample = static_cast<std::int16_t>(value(random));
    return samples;
}

Samples hum(std::size_t count) {
    Samples samples(count);
    for (std::size_t n = 0; n < count; ++n)
        samples[n] = static_cast<std::int16_t>(
            9000 * std::sin(2 * std::numbers::pi * 120 / 16000 * static_cast<double>(n)));
    return samples;
}

class SileroVadTest : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto missing = models::missing_for_silero(); !missing.empty())
            GTEST_SKIP() << missing;
        vad_ = SileroVad::load({}).value();
    }
    static SileroVad::Frame frame(const Samples& samples, std::size_t n) {
        return std::span(samples).subspan(n * SileroVad::kFrame).first<SileroVad::kFrame>();
    }
    std::vector<float> probabilities(const Samples& samples) {
        SileroVad::Ear ear;
        SileroVad::Ear* const ears[] = {&ear};
        std::vector<float> all;
        for (std::size_t n = 0; n < samples.size() / SileroVad::kFrame; ++n) {
            const SileroVad::Frame frames[] = {frame(samples, n)};
            all.push_back(vad_->hear(ears, frames).front());
        }
        return all;
    }
    std::shared_ptr<SileroVad> vad_;
};

TEST_F(SileroVadTest, SilenceNoiseAndHumAreNoSpeech) {
    for (const auto& samples : {Samples(32000), noise(32000, 300), noise(32000, 8000), hum(32000)})
        for (const float probability : probabilities(samples)) EXPECT_LT(probability, 0.5f);
}

TEST_F(SileroVadTest, ReadingAloudIsSpeechWithinItsBorders) {
    const auto samples = load_clip();
    if (samples.empty()) GTEST_SKIP() << "no " << kClip;
    audio::Endpointer endpointer(kBorders, vad_->make_detector());
    const auto events = endpointer.process(samples);
    ASSERT_EQ(events.size(), 1u);
    const auto start = std::get<audio::SpeechStart>(events[0]).at;
    const auto end = endpointer.end_utterance().value_or(0);
    // Found by hand: see tests/system/models/vad.test.ts.
    EXPECT_NEAR(static_cast<double>(start) / 16, 260, 100);
    EXPECT_NEAR(static_cast<double>(end) / 16, 2790, 100);
}

TEST_F(SileroVadTest, StreamsDoNotDisturbEachOther) {
    const auto speech = load_clip();
    if (speech.empty()) GTEST_SKIP() << "no " << kClip;
    const auto other = noise(speech.size(), 8000);
    const auto alone = probabilities(speech), other_alone = probabilities(other);
    SileroVad::Ear ear, beside;
    SileroVad::Ear* const ears[] = {&beside, &ear};
    for (std::size_t n = 0; n < alone.size(); ++n) {
        const SileroVad::Frame frames[] = {frame(other, n), frame(speech, n)};
        const auto heard = vad_->hear(ears, frames);
        EXPECT_NEAR(heard[0], other_alone[n], 1e-4f) << n;
        EXPECT_NEAR(heard[1], alone[n], 1e-4f) << n;
    }
}

// In pieces of odd sizes, each stream a little later than the one before.
TEST_F(SileroVadTest, WhatIsExpectedIsHeardAtOnceAsAlone) {
    const auto speech = load_clip();
    if (speech.empty()) GTEST_SKIP() << "no " << kClip;
    constexpr std::size_t kStreams = SileroVad::kMostAtOnce + 3;
    std::vector<Samples> audio;
    std::vector<audio::Endpointer> endpointers;
    std::vector<std::vector<audio::Endpointer::Event>> events(kStreams), alone(kStreams);
    for (std::size_t i = 0; i < kStreams; ++i) {
        audio.emplace_back(i * 777).insert(audio.back().end(), speech.begin(), speech.end());
        audio.back().resize(speech.size() + 40'000);
        endpointers.emplace_back(kBorders, vad_->make_detector());
        audio::Endpointer by_itself(kBorders, vad_->make_detector());
        const auto heard = by_itself.process(audio[i]);
        alone[i].assign(heard.begin(), heard.end());
        EXPECT_EQ(alone[i].size(), 2u);
    }
    auto leaves = vad_->make_detector();
    for (std::size_t at = 0, size = 100; at < speech.size() + 40'000; at += size, size += 37) {
        const auto piece = [&](std::size_t i) {
            return std::span(audio[i]).subspan(at).first(std::min(size, audio[i].size() - at));
        };
        for (std::size_t i = 0; i < kStreams; ++i) endpointers[i].expect(piece(i));
        if (leaves) leaves->expect(audio[0]);
        leaves.reset();
        vad_->listen();
        for (std::size_t i = 0; i < kStreams; ++i)
            for (const auto& event : endpointers[i].process(piece(i))) events[i].push_back(event);
    }
    // The two compute in another order, so a border may be found a frame earlier or later.
    const auto position = [](const audio::Endpointer::Event& event) {
        return std::visit([](const auto& e) { return e.at; }, event);
    };
    for (std::size_t i = 0; i < kStreams; ++i) {
        ASSERT_EQ(events[i].size(), alone[i].size()) << i;
        for (std::size_t k = 0; k < events[i].size(); ++k)
            EXPECT_NEAR(static_cast<double>(position(events[i][k])),
                        static_cast<double>(position(alone[i][k])), SileroVad::kFrame);
    }
}

TEST_F(SileroVadTest, WhatCannotBeLoadedIsToldInOneLine) {
    const auto folder = fs::temp_directory_path() / ("silero-test-" + std::to_string(::getpid()));
    fs::create_directory(folder);
    const auto error_of = [](const SileroVad::Options& options) {
        const auto loaded = SileroVad::load(options);
        return loaded ? "no error" : loaded.error().context;
    };
    EXPECT_THAT(error_of({.model = folder}), HasSubstr("silero_vad_v5.onnx"));
    std::ofstream(folder / "silero_vad_v5.onnx") << "no model at all";
    EXPECT_THAT(error_of({.model = folder}), HasSubstr(folder.string()));
    const auto whole = models::silero_model_in({}).value();
    fs::copy_file(whole, folder / "cut.onnx");
    fs::resize_file(folder / "cut.onnx", fs::file_size(whole) / 2);
    EXPECT_THAT(error_of({.model = folder / "cut.onnx"}), HasSubstr("cut.onnx"));
    std::ofstream(folder / "model.toml") << "id = ";
    EXPECT_THAT(error_of({.model = folder}), HasSubstr("model.toml:1"));
    fs::remove_all(folder);
}

TEST(OnnxLibrary, OneThatIsNoneIsAnError) {
    const auto loaded = OnnxModel::load("/proc/self/cmdline", "model.onnx", {}, {});
    // Once a process has the library it is the one.
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().context, HasSubstr("ONNX Runtime: "));
}

}  // namespace
}  // namespace tutti::engine

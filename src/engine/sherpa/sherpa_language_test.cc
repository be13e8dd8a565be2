// SPDX-License-Identifier: Apache-2.0
// A model that tells the language: low tones are Chinese to it, high ones English.
#include "engine/sherpa/sherpa_test_support.h"
#include "engine/sherpa/words_of_tokens.h"

namespace tutti::engine::sherpa {
namespace {

TEST(SherpaLanguage, IsThatOfEachUtterance) {
    if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
    const auto make = load_sherpa({.library = {}, .model_folder = model_folder("sense_voice")});
    const auto recognizer = make(proto::StreamMode::whole);
    const auto heard = [&](const char* letters) {
        Utterance utterance(*recognizer);
        utterance.hear(speak_tones(letters, proto::Millis(200)));
        return utterance.end().hypothesis;
    };
    const auto low = heard("abcdab"), high = heard("efghef");
    EXPECT_EQ(low.text, "a b c d a b");
    EXPECT_EQ(low.language, "zh");
    EXPECT_EQ(high.text, "e f g h e f");
    EXPECT_EQ(high.language, "en");
    EXPECT_EQ(high.words.size(), 6u);
}

TEST(SherpaLanguage, WhatIsNoCodeIsNoLanguage) {
    EXPECT_EQ(language_code("<|yue|>"), "yue");
    EXPECT_EQ(language_code("de"), "de");
    for (const auto* told : {"", "<|nospeech|>", "<|", "<||>", "EN", "<|e|>", "<|zh"})
        EXPECT_EQ(language_code(told), "") << told;
}

}  // namespace
}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/hotwords.h"

#include <gtest/gtest.h>

namespace tutti::engine::sherpa {
namespace {

using Words = std::vector<std::string>;

const std::set<std::string> kSymbols = {"你", "好", "世", "hello", "A", "1"};

std::string encoded(const Words& words, std::set<std::string> symbols = {}, bool shouts = false) {
    ModelPlan plan;
    plan.takes_hotwords = true;
    plan.symbols = std::move(symbols);
    plan.is_lower_case = shouts;
    return encode_hotwords(plan, words);
}

TEST(SherpaHotwords, APhraseIsATextBetweenItsPunctuation) {
    EXPECT_EQ(encoded({"Tutti", "A talk, about  Tutti."}), "Tutti/A talk/about Tutti");
    EXPECT_EQ(encoded({}), "");
    EXPECT_EQ(encoded({"", " ", "...", "!"}), "");
    EXPECT_EQ(encoded({"Tutti"}, {}, true), "TUTTI") << "a model that writes capitals";
}

TEST(SherpaHotwords, TheLibrarysOwnSignsAreOut) {
    EXPECT_EQ(encoded({"a :2.5", ":x", "#0.1", "@b", "c/d", "e\nf"}), "a 2/5/x/0/1/b/c d/e f");
    EXPECT_EQ(encoded({"don't well-known"}), "don't well-known");
}

TEST(SherpaHotwords, WhatTheTokensCannotSpellIsOut) {
    EXPECT_EQ(encoded({"你好", "你们", "hello 世", "hell", "A1", "A2"}, kSymbols),
              "你好/hello 世/A1");
}

TEST(SherpaHotwords, AModelThatKnowsNoneGetsNone) {
    EXPECT_EQ(encode_hotwords(ModelPlan{}, Words{"Tutti"}), "");
}

}  // namespace
}  // namespace tutti::engine::sherpa

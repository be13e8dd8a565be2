// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/result_json.h"

#include <gtest/gtest.h>

namespace tutti::engine::sherpa {
namespace {

using Found = std::vector<std::optional<float>>;

TEST(ResultJson, TellsTheProbabilityOfEachToken) {
    EXPECT_EQ(log_probabilities_in(R"({ "text": "a b", "ys_probs": [-0.5, -1.250000], "x": [3]})"),
              (Found{-0.5f, -1.25f}));
    EXPECT_EQ(log_probabilities_in(R"({"ys_probs": [0]})"), (Found{0.f}));
}

TEST(ResultJson, WhatIsNotThereIsNone) {
    EXPECT_EQ(log_probabilities_in(R"({"text": "a", "ys_probs": [], "lm_probs": [-1]})"), Found{});
    EXPECT_EQ(log_probabilities_in(R"({"text": "a"})"), Found{});
    EXPECT_EQ(log_probabilities_in(""), Found{});
}

TEST(ResultJson, WhatIsNoNumberIsNoProbability) {
    EXPECT_EQ(log_probabilities_in(R"({"ys_probs": [-1, nan, -inf, 1x, , -2)"),
              (Found{-1.f, std::nullopt, std::nullopt, std::nullopt, std::nullopt, -2.f}));
}

TEST(ResultJson, ATokenThatLooksLikeTheKeyIsNot) {
    EXPECT_EQ(log_probabilities_in(R"({"tokens": ["\"ys_probs\": [7]"], "ys_probs": [-1]})"),
              (Found{-1.f}));
    EXPECT_EQ(log_probabilities_in(R"({"ys_probs": [-1], "words": ["\"ys_probs\": [7]"]})"),
              (Found{-1.f}));
}

}  // namespace
}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
#include "policy/even_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace tutti::policy {
namespace {

using Loads = std::vector<std::int64_t>;

TEST(EvenLoad, OnlyAGatewayWithClearlyMoreThanTheMeanPassesOn) {
    const struct {
        Loads connections;
        std::size_t own;
        std::optional<std::size_t> receiver;
    } rows[] = {
        {{}, 0, std::nullopt},
        {{100}, 0, std::nullopt},
        {{5, 0}, 0, std::nullopt},   // too few to care
        {{16, 0}, 0, std::nullopt},  // 8 above the mean
        {{18, 0}, 0, 1},
        {{18, 0}, 1, std::nullopt},
        {{1000, 1000, 1000}, 0, std::nullopt},
        {{1100, 1000, 900}, 0, std::nullopt},
        {{1200, 1000, 800}, 0, 2},
        {{1200, 1000, 800}, 1, std::nullopt},
        {{1200, 800, 1000}, 0, 1},
        {{1200, 800, 1000}, 7, std::nullopt},  // not one of them
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(testing::PrintToString(row.connections) + " " + std::to_string(row.own));
        EXPECT_EQ(choose_receiver(row.connections, row.own), row.receiver);
    }
}

// The kernel's choice is random; the rule keeps the fullest gateway near the mean, also after one
// lost everything and its clients came back.
TEST(EvenLoad, KeepsTheFullestNearTheMean) {
    std::mt19937 random(7);
    Loads loads(4);
    const auto connect = [&](std::int64_t count) {
        for (; count > 0; --count) {
            const auto chosen = random() % loads.size();
            ++loads[choose_receiver(loads, chosen).value_or(chosen)];
        }
    };
    const auto ratio = [&] {
        const auto sum = std::accumulate(loads.begin(), loads.end(), std::int64_t{0});
        return static_cast<double>(*std::ranges::max_element(loads)) * 4 / static_cast<double>(sum);
    };
    connect(10'000);
    EXPECT_LE(ratio(), 1.15);
    connect(std::exchange(loads[2], 0));
    EXPECT_LE(ratio(), 1.15);
}

}  // namespace
}  // namespace tutti::policy

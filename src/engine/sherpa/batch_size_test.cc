// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/batch_size.h"

#include "engine/sherpa/sherpa_test_support.h"

#include <limits>

namespace tutti::engine::sherpa {
namespace {

TEST(BatchSize, IsTheUsualUnlessAnotherIsClearlyFaster) {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    EXPECT_EQ(choose_batch(std::vector{1.0, 1.0}), kMostStreams);
    EXPECT_EQ(choose_batch(std::vector{0.97, 1.0}), kMostStreams);
    EXPECT_EQ(choose_batch(std::vector{0.9, 1.0}), 4u);
    EXPECT_EQ(choose_batch(std::vector{1.2, 1.0}), kMostStreams);
    EXPECT_EQ(choose_batch(std::vector{kNone, kNone}), kMostStreams) << "nothing was measured";
}

TEST(BatchSize, IsMeasuredOfAModelThatThenHearsAsBefore) {
    if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
    const auto plan = plan_model(model_folder("streaming")).value();
    const LoadedModel model(*Api::load(library_path({})).value(), plan);
    for (const std::size_t threads : {1, 3}) {
        const auto batch = measure_batch(model, threads, std::chrono::milliseconds(1));
        EXPECT_TRUE(batch == 4 || batch == 8) << batch;
    }
    const auto make = load_sherpa({.library = {}, .model_folder = model_folder("streaming")});
    const auto recognizer = make(proto::StreamMode::live);
    EXPECT_TRUE(recognizer->batch_limit() == 4 || recognizer->batch_limit() == 8);
    Utterance utterance(*recognizer);
    utterance.hear(speak_tones("abc"));
    EXPECT_EQ(utterance.end().hypothesis.text, "a b c");
}

}  // namespace
}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
// Models of kind punctuation, through the library. Each word of the test model decides alone which
// mark follows it (tools/make_punctuation_model.py).
#include "engine/sherpa/sherpa_test_support.h"

namespace tutti::engine::sherpa {
namespace {

using testing::HasSubstr;

class SherpaPunctuation : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
        recognizer_ = load_sherpa({.library = {}, .model_folder = model_folder("marks")})(
            proto::StreamMode::whole);
    }
    std::string punctuated(std::string text) {
        Utterance utterance(*recognizer_, {.carry = {}, .text = std::move(text)});
        return utterance.end().hypothesis.text;
    }
    std::string fault_of(std::string text, std::vector<std::int16_t> samples = {}) {
        try {
            Utterance utterance(*recognizer_, {.carry = {}, .text = std::move(text)});
            utterance.hear(samples);
            return {};
        } catch (const RecognitionError& e) {
            return e.what();
        }
    }
    std::unique_ptr<Recognizer> recognizer_;
};

TEST_F(SherpaPunctuation, AddsMarksAndNothingElse) {
    EXPECT_EQ(punctuated("hello there world"), "hello, there world.");
    EXPECT_EQ(punctuated("Hello good day why not hello"), "Hello, good day. why? not hello.");
    EXPECT_EQ(punctuated("你好今天好吗"), "你好，今天。好，吗？");
    EXPECT_EQ(punctuated("über allen   gipfeln\nist ruh"), "über allen   gipfeln\nist ruh.");
    EXPECT_EQ(punctuated("привет мир hello там"), "привет мир hello, там.");
    EXPECT_EQ(punctuated("hello, world. good day."), "hello, world. good day.");
}

TEST_F(SherpaPunctuation, LosesNothingOfALongText) {
    std::string text, expected;
    for (int i = 1; i <= 5000; ++i) {
        const auto word = i % 50 == 0 ? "day" : i % 7 == 0 ? "hello" : "x" + std::to_string(i);
        text += (i > 1 ? " " : "") + word;
        expected += (i > 1 ? " " : "") + word;
        if (i % 50 == 0)
            expected += '.';
        else if (i % 7 == 0)
            expected += ',';
    }
    EXPECT_EQ(punctuated(text), expected);
}

TEST_F(SherpaPunctuation, TellsWhatItDoesNotTake) {
    EXPECT_THAT(fault_of(""), HasSubstr("takes a text"));
    EXPECT_THAT(fault_of("a", {1, 2, 3}), HasSubstr("takes no audio"));
    EXPECT_THAT(fault_of("a\xff"), HasSubstr("a text in UTF-8"));
    EXPECT_THAT(fault_of(std::string("a\0b", 3)), HasSubstr("a text in UTF-8"));
    EXPECT_EQ(punctuated("x"), "x.") << "it goes on";
}

TEST_F(SherpaPunctuation, ABrokenModelIsOneLineOfError) {
    for (const char* key : {"vocab_size", "unk_symbol"}) {
        CopiedModel model("marks");
        model.change_file("model.onnx", replaced(content_of(model.folder() / "model.onnx"), key,
                                                 std::string(std::string_view(key).size(), 'x')));
        EXPECT_THROW(load_sherpa({.library = {}, .model_folder = model.folder()}),
                     std::runtime_error)
            << key;
    }
}

}  // namespace
}  // namespace tutti::engine::sherpa

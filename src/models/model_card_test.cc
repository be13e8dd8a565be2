// SPDX-License-Identifier: Apache-2.0
#include "models/model_card.h"

#include "models/test_folder.h"
#include <gtest/gtest.h>

namespace tutti::models {
namespace {

constexpr std::string_view kDigest =
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

std::string whole_card() {
    return R"(
id = "zipformer-en"
kind = "asr-streaming"
backend = "sherpa"
title = "Zipformer"
version = "1"
licence = "Apache-2.0"
languages = ["en", "zh"]
[options]
family = "transducer"
chunk_ms = 320
greedy = true
scale = 1.5
[[files]]
role = "encoder"
path = "data/encoder.onnx"
size = 4
sha256 = ")" +
           std::string(kDigest) + "\"\n";
}

std::string fault_of(std::string_view text) {
    const auto card = parse_card(text, "card");
    return card ? "none" : card.error().context;
}

TEST(ModelCard, ReadsEveryKey) {
    const auto card = parse_card(whole_card(), "card").value();
    EXPECT_EQ(card.id, "zipformer-en");
    EXPECT_EQ(card.kind, Kind::asr_streaming);
    EXPECT_EQ(card.backend, "sherpa");
    EXPECT_EQ(card.licence, "Apache-2.0");
    EXPECT_EQ(card.languages, (std::vector<std::string>{"en", "zh"}));
    EXPECT_EQ(card.sample_rate, 16000u);
    const std::map<std::string, std::string> options = {
        {"chunk_ms", "320"}, {"family", "transducer"}, {"greedy", "true"}, {"scale", "1.5"}};
    EXPECT_EQ(card.options, options);
    ASSERT_EQ(card.files.size(), 1u);
    EXPECT_EQ(card.files[0], (ModelFile{"encoder", "data/encoder.onnx", 4, std::string(kDigest)}));
}

TEST(ModelCard, IsReadAsItWasPrinted) {
    const auto card = parse_card(whole_card(), "card").value();
    EXPECT_EQ(parse_card(print(card), "printed").value(), card);
    const ModelCard least{.id = "a", .kind = Kind::vad, .backend = "b"};
    EXPECT_EQ(parse_card(print(least), "printed").value(), least);
}

TEST(ModelCard, MayTellASelfTest) {
    auto card = parse_card(whole_card(), "card").value();
    EXPECT_EQ(card.self_test, std::nullopt);
    card.self_test = SelfTest{.audio = "test/0.wav", .text = "hello \"there\""};
    EXPECT_EQ(parse_card(print(card), "card").value(), card);
}

TEST(ModelCard, SaysWhatIsWrong) {
    const std::string head = "id = \"a\"\nkind = \"vad\"\nbackend = \"b\"\n";
    const std::string file = head + "[[files]]\nrole = \"r\"\n";
    const std::string digest = "sha256 = \"" + std::string(kDigest) + "\"\n";
    const std::pair<std::string, std::string> table[] = {
        {"id = ", "card:1: "},
        {"kind = \"vad\"\nbackend = \"b\"", "card: id is missing"},
        {"id = \"../a\"\nkind = \"vad\"\nbackend = \"b\"",
         "card: id must be of letters, digits, '.', '_' and '-'"},
        {"id = \"a\"\nkind = \"asr\"\nbackend = \"b\"",
         "card: kind must be one of asr-streaming, asr-offline, vad, punctuation, alignment, "
         "diarization"},
        {"id = \"a\"\nkind = \"vad\"", "card: backend is missing"},
        {head + "sample_rate = \"fast\"", "card: sample_rate must be a number, at least 0"},
        {head + "languages = \"en\"", "card: languages must be a list of strings"},
        {head + "languages = [1]", "card: languages must be a list of strings"},
        {head + "license = \"MIT\"", "card: license is not known"},
        {head + "options = 1", "card: options must be a table"},
        {head + "[options]\na = [1]", "card: options.a must be a string, a number or a boolean"},
        {head + "self_test = 1", "card: self_test must be a table"},
        {head + "[self_test]\naudio = \"a.wav\"", "card: self_test.text is missing"},
        {head + "[self_test]\naudio = \"../a.wav\"\ntext = \"a\"",
         "card: self_test.audio must stay inside the model's folder"},
        {head + "files = 1", "card: files must be a list of tables"},
        {file + digest, "card: files.path is missing"},
        {file + digest + "path = \"/etc/passwd\"",
         "card: files.path must stay inside the model's folder"},
        {file + digest + "path = \"a/../../b\"",
         "card: files.path must stay inside the model's folder"},
        {file + "path = \"a\"\nsha256 = \"12\"",
         "card: files.sha256 must be 64 hexadecimal digits"},
        {file + digest + "path = \"a\"\n[[files]]\nrole = \"r\"\npath = \"b\"\n" + digest,
         "card: files: two have the role r"},
    };
    for (const auto& [text, fault] : table)
        EXPECT_EQ(fault_of(text).substr(0, fault.size()), fault) << text;
}

TEST(ModelCard, ChecksThatFilesAreThereAndOfTheirSize) {
    test::Folder folder;
    EXPECT_EQ(load_card(folder.path()).error().context,
              (folder.path() / "model.toml").string() + ": cannot be read");
    folder.write("model.toml", whole_card());
    const auto card = load_card(folder.path()).value();
    const auto encoder = folder.path() / "data/encoder.onnx";
    EXPECT_EQ(check_files(card, folder.path()).error().context,
              encoder.string() + ": No such file or directory");
    folder.write("data/encoder.onnx", "tes");
    EXPECT_EQ(check_files(card, folder.path()).error().context,
              encoder.string() + ": has 3 bytes, not the 4 of model.toml");
    folder.write("data/encoder.onnx", "test");
    EXPECT_TRUE(check_files(card, folder.path()));
    EXPECT_EQ(path_of(card, folder.path(), "encoder").value(), encoder);
    EXPECT_EQ(path_of(card, folder.path(), "joiner").error().context,
              "model zipformer-en: has no file 'joiner'");
}

TEST(ModelCard, TellsWhetherTheModelPunctuates) {
    using Options = std::map<std::string, std::string>;
    const std::pair<Options, bool> cases[] = {
        {{}, false},
        {{{"family", "transducer"}}, false},
        {{{"family", "transducer"}, {"punctuates", "true"}}, true},
        {{{"family", "whisper"}}, true},
        {{{"family", "whisper"}, {"punctuates", "false"}}, false},
        {{{"family", "moonshine"}}, true},
        {{{"family", "sense_voice"}}, false},
        {{{"family", "sense_voice"}, {"use_itn", "true"}}, true},
    };
    for (const auto& [options, expected] : cases) {
        ModelCard card;
        card.options = options;
        EXPECT_EQ(punctuates(card), expected) << testing::PrintToString(options);
    }
}

}  // namespace
}  // namespace tutti::models

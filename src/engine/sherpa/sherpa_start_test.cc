// SPDX-License-Identifier: Apache-2.0
// What an operator is told when a model or the library cannot be used: one line, and the process
// lives.
#include "engine/sherpa/sherpa_test_support.h"
#include "engine/test_clip.h"

namespace tutti::engine::sherpa {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SherpaStart : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
    }
};

// What loading it says; empty when it loads.
std::string fault_of(const fs::path& folder, const fs::path& library = {}) {
    try {
        load_sherpa({.library = library, .model_folder = folder});
        return {};
    } catch (const std::exception& e) {
        EXPECT_THAT(e.what(), Not(HasSubstr("\n")));
        return e.what();
    }
}

TEST_F(SherpaStart, NeedsAFolderWithACard) {
    EXPECT_THAT(fault_of({}), HasSubstr("no directory"));
    EXPECT_THAT(fault_of("/nonexistent"), HasSubstr("/nonexistent/model.toml: cannot be read"));
}

TEST_F(SherpaStart, RefusesALibraryThatIsMissingOrOfAnotherVersion) {
    const auto folder = model_folder("streaming");
    EXPECT_THAT(fault_of(folder, "/nonexistent.so"), HasSubstr("/nonexistent.so"));
    EXPECT_THAT(fault_of(folder, TUTTI_OTHER_SHERPA),
                HasSubstr("is version 1.13.4; this engine is made for 1.13.8 alone"));
    EXPECT_THAT(fault_of(folder, "libm.so.6"), HasSubstr("is not the library of sherpa-onnx"));
    const CopiedModel model("streaming");
    EXPECT_THAT(fault_of(folder, model.folder() / "model.onnx"), HasSubstr("model.onnx"));
}

TEST_F(SherpaStart, TellsWhatACardAsksInVain) {
    struct Case {
        const char *old, *by, *fault;
    };
    const Case cases[] = {
        {"backend = \"sherpa\"", "backend = \"tone\"", "is for the backend tone"},
        {"kind = \"asr-streaming\"", "kind = \"vad\"", "kind vad is not for sherpa"},
        {"family = \"nemo_ctc\"", "family = \"whisper\"",
         "options.family must be one of transducer,"},
        {"family = \"nemo_ctc\"", "chunk_ms = 1", "options.family must be one of"},
        {"[options]", "[options]\nbeam = 3", "options.beam is not known to family nemo_ctc"},
        {"[options]", "[options]\nlanguage = \"en\"", "options.language is not known to family"},
        {"[options]", "[options]\nnum_threads = 0",
         "options.num_threads must be a number from 1 to 64"},
        {"[options]", "[options]\nprovider = \"tpu\"", "options.provider must be one of cpu, cuda"},
        {"[options]", "[options]\nprovider = \"cuda\"",
         "options.provider: this library of sherpa-onnx has no cuda, only CPUExecutionProvider"},
        {"[options]", "[options]\nafter_words_ms = -1", "must be a number from 0 to 30000"},
        {"[options]", "[options]\nlower_case = 1", "options.lower_case must be one of true, false"},
        {"role = \"model\"", "role = \"encoder\"", "has no file 'model'"},
        {"path = \"model.onnx\"", "path = \"other.onnx\"", "other.onnx: No such file"},
        {"path = \"model.onnx\"", "path = \"tokens.txt\"", "has 64 bytes"},
        {"id =", "sample_rate = 8000\nid =", "sample_rate 8000"},
    };
    for (const auto& one : cases) {
        CopiedModel model("streaming");
        model.change_card(one.old, one.by);
        EXPECT_THAT(fault_of(model.folder()), HasSubstr(one.fault)) << one.by;
    }
}

TEST_F(SherpaStart, TellsOfTokensThatTheLibraryWouldEndTheProcessOver) {
    const auto tokens = content_of(model_folder("streaming") / "tokens.txt");
    const std::pair<std::string, const char*> cases[] = {
        {"", "tokens.txt: has no tokens"},
        {replaced(tokens, "<blk>", "blank"), "has no <blk>, <eps> or <blank>"},
        {replaced(tokens, "▁c 2", "▁c two"), "line 3 does not end in a number"},
        {replaced(tokens, "▁c 2", "▁c 3"), "a second token 3"},
        {replaced(tokens, "▁c 2\n", ""), "tokens: has no token 2, but the model does"},
        {std::string(100, '\0'), "does not end in a number"},
    };
    for (const auto& [content, fault] : cases) {
        CopiedModel model("streaming");
        model.change_file("tokens.txt", content);
        EXPECT_THAT(fault_of(model.folder()), HasSubstr(fault));
    }
}

TEST_F(SherpaStart, TellsOfModelsThatAreBroken) {
    const auto whole = content_of(model_folder("streaming") / "model.onnx");
    const std::pair<std::string, const char*> cases[] = {
        {"", "model.onnx: is no ONNX model"},
        {whole.substr(0, whole.size() / 2), "model.onnx: is no ONNX model, or is cut off"},
        {std::string(5000, 'x'), "model.onnx: is no ONNX model"},
    };
    for (const auto& [content, fault] : cases) {
        CopiedModel model("streaming");
        model.change_file("model.onnx", content);
        EXPECT_THAT(fault_of(model.folder()), HasSubstr(fault));
    }
    EXPECT_THAT(fault_of(model_folder("no_window")),
                HasSubstr("the metadata of file 'model' lacks the number window_size"));
}

// These the library dies of, or throws over; the probe does so in its place.
TEST_F(SherpaStart, OutlivesWhatOnlyTheLibraryFinds) {
    CopiedModel offline("offline");
    offline.change_card("kind = \"asr-offline\"", "kind = \"asr-streaming\"");
    EXPECT_THAT(fault_of(offline.folder()), HasSubstr("lacks the number window_size"));
    offline.change_card("family = \"nemo_ctc\"", "family = \"zipformer2_ctc\"");
    EXPECT_THAT(fault_of(offline.folder()), HasSubstr("ended the process that tried it"));

    CopiedModel streaming("streaming");
    streaming.change_card("kind = \"asr-streaming\"", "kind = \"asr-offline\"");
    EXPECT_THAT(fault_of(streaming.folder()), HasSubstr("sherpa-onnx cannot decode"))
        << "it loads, and fails at its first audio";

    CopiedModel wrong("streaming");
    const auto model = content_of(wrong.folder() / "model.onnx");
    wrong.change_file("model.onnx", replaced(model, "AveragePool", "AveragePoor"));
    EXPECT_THAT(fault_of(wrong.folder()), HasSubstr("sherpa-onnx cannot load the model"));
}

TEST_F(SherpaStart, OneChangedByteIsFound) {
    const auto whole = content_of(model_folder("streaming") / "model.onnx");
    for (const std::size_t at : {whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
        CopiedModel model("streaming");
        auto content = whole;
        content[at] = static_cast<char>(content[at] ^ 0x01);
        model.damage_file("model.onnx", content);
        EXPECT_THAT(fault_of(model.folder()),
                    HasSubstr("model.onnx is not the file that its card names"));
    }
}

// A new version of a model that mishears never gets as far as a client.
TEST_F(SherpaStart, AModelThatFailsItsSelfTestIsRefused) {
    CopiedModel model("streaming");
    const auto card = content_of(model.folder() / "model.toml");
    const auto with = [&](const std::string& text) {
        write(model.folder() / "model.toml",
              card + "\n[self_test]\naudio = \"clip.wav\"\ntext = \"" + text + "\"\n");
        return fault_of(model.folder());
    };
    EXPECT_THAT(with("a b c"), HasSubstr("self-test: "));
    write(model.folder() / "clip.wav", clip_of(speak_tones("abc")));
    EXPECT_EQ(with("A, b; c!"), "");
    EXPECT_THAT(with("a b d"), HasSubstr("self-test: heard 'a b c' instead of 'a b d'"));
    write(model.folder() / "clip.wav", "RIFF no");
    EXPECT_THAT(with("a b c"), HasSubstr("clip.wav: is no WAV file"));
}

}  // namespace
}  // namespace tutti::engine::sherpa

// SPDX-License-Identifier: Apache-2.0
// What the tests of the backend share: models, copies of them to break, and a driver.
#pragma once

#include "engine/sherpa/sherpa_api.h"
#include "engine/sherpa/sherpa_recognizer.h"
#include "engine/sherpa/tone_speech.h"
#include "runtime/sha256.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tutti::engine::sherpa {

namespace fs = std::filesystem;

inline fs::path model_folder(const std::string& name) {
    return fs::path(TUTTI_TEST_MODELS) / name;
}

// Why the tests cannot run here; empty when they can.
inline std::string missing_parts() {
    if (!fs::exists(library_path({}))) return "no library at " + library_path({}).string();
    if (!fs::exists(model_folder("streaming"))) return "no models: python3-onnx is missing";
    return {};
}

inline std::string content_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

// `text` with `old` replaced, which must be there.
inline std::string replaced(std::string text, const std::string& old, const std::string& by) {
    const auto at = text.find(old);
    EXPECT_NE(at, text.npos) << old;
    return at == text.npos ? text : text.replace(at, old.size(), by);
}

// A copy of a model, gone with this object.
class CopiedModel {
  public:
    explicit CopiedModel(const std::string& name) {
        auto folder = (fs::temp_directory_path() / "tutti-model-XXXXXX").string();
        folder_ = ::mkdtemp(folder.data());
        fs::copy(model_folder(name), folder_, fs::copy_options::recursive);
    }
    ~CopiedModel() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    CopiedModel(const CopiedModel&) = delete;
    CopiedModel& operator=(const CopiedModel&) = delete;

    const fs::path& folder() const { return folder_; }
    void change_card(const std::string& old, const std::string& by) {
        write(folder_ / "model.toml", replaced(content_of(folder_ / "model.toml"), old, by));
    }
    // Another content, which the card then describes.
    void change_file(const std::string& name, const std::string& content) {
        const auto path = folder_ / name;
        const auto size = [](auto n) { return "size = " + std::to_string(n) + "\n"; };
        const auto before = runtime::sha256_of(path).value();
        change_card(size(fs::file_size(path)), size(content.size()));
        write(path, content);
        change_card(before, runtime::sha256_of(path).value());
    }
    // Another content of the same size, of which the card knows nothing.
    void damage_file(const std::string& name, const std::string& content) {
        write(folder_ / name, content);
    }

  private:
    fs::path folder_;
};

// One utterance, driven as a decode thread does.
class Utterance {
  public:
    Utterance(Recognizer& recognizer, StreamOptions options = {})
        : recognizer_(recognizer), stream_(recognizer.create_stream(std::move(options))) {}

    void hear(std::span<const std::int16_t> samples) {
        stream_->accept_audio(samples);
        decode();
    }
    Outcome end(Ending ending = Ending::complete) {
        stream_->input_finished(ending);
        decode();
        return stream_->result();
    }
    RecognizerStream& stream() { return *stream_; }

  private:
    void decode() {
        RecognizerStream* one = stream_.get();
        while (stream_->is_ready()) recognizer_.decode({&one, 1});
    }
    Recognizer& recognizer_;
    std::unique_ptr<RecognizerStream> stream_;
};

// "a b c" of "abc".
inline std::string spaced(std::string_view letters) {
    std::string out;
    for (const char letter : letters) {
        if (letter == ' ') continue;
        if (!out.empty()) out += ' ';
        out += letter;
    }
    return out;
}

}  // namespace tutti::engine::sherpa

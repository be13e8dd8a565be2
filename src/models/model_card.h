// SPDX-License-Identifier: Apache-2.0
// The card of a model: the `model.toml` in its folder, which says what the model is, which program
// runs it and which files belong to it.
//
//   auto card = load_card(folder);             // reads and validates folder/model.toml
//   if (auto done = check_files(*card, folder); !done) …   // every file is there, of its size
//   path_of(*card, folder, "encoder");         // a file by the role the backend gives it
//
// Errors: Errc::bad_config, with one line that names the file and the key. Nothing here reads a
// model's own files; their digests are compared by verification alone, since that takes seconds.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::models {

enum class Kind { asr_streaming, asr_offline, vad, punctuation, alignment, diarization };

// As cards and /v1/models write it: "asr-streaming".
std::string_view name_of(Kind kind);
// The kind of that name, or nullopt.
std::optional<Kind> find_kind(std::string_view name);
// Audio in, text out: what a client may name for a transcription.
bool recognises_speech(Kind kind);
// All kinds, for messages: "asr-streaming, asr-offline, ...".
std::string kind_names();

struct ModelFile {
    std::string role;  // what the backend calls it: "encoder", "tokens"
    std::string path;  // inside the folder; never absolute, never with ".."
    std::uint64_t size = 0;
    std::string sha256;  // 64 lower-case hexadecimal digits

    bool operator==(const ModelFile&) const = default;
};

// What a model must recognise before it is put to work.
struct SelfTest {
    std::string audio;  // a WAV file inside the folder: 16 kHz, mono, 16 bits
    std::string text;

    bool operator==(const SelfTest&) const = default;
};

struct ModelCard {
    std::string id;  // letters, digits, '.', '_' and '-'
    Kind kind = Kind::asr_offline;
    std::string backend;  // tutti-engine-<backend> is the program that runs it
    std::string title;
    std::string version;
    std::string licence;                         // SPDX expression, or as its makers call it
    std::vector<std::string> languages;          // ISO 639-1
    std::uint32_t sample_rate = 16000;           // hertz
    std::map<std::string, std::string> options;  // the backend's own: "family", "chunk_ms"
    std::vector<ModelFile> files;
    std::optional<SelfTest> self_test;

    bool operator==(const ModelCard&) const = default;
};

inline constexpr std::string_view kCardName = "model.toml";

// `origin` names the text in errors.
Result<ModelCard> parse_card(std::string_view toml, std::string_view origin);
Result<ModelCard> load_card(const std::filesystem::path& folder);
// As parse_card reads it.
std::string print(const ModelCard& card);

Result<void> check_files(const ModelCard& card, const std::filesystem::path& folder);

// Whether what it recognises has punctuation: options.punctuates, else as its family is known for.
bool punctuates(const ModelCard& card);

// The file of that role; an error says which model lacks it.
Result<std::filesystem::path> path_of(const ModelCard& card, const std::filesystem::path& folder,
                                      std::string_view role);

// Whether a text can be a model's id, and so the name of a folder.
bool is_model_id(std::string_view text);
// Whether a text is a SHA-256 as cards have it.
bool is_digest(std::string_view text);
// Whether a path stays inside the folder it is relative to.
bool is_inside(std::string_view path);

}  // namespace tutti::models

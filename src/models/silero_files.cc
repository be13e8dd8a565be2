// SPDX-License-Identifier: Apache-2.0
#include "models/silero_files.h"

#include "base/log.h"

#include "models/model_card.h"
#include "models/model_folders.h"
#include <fmt/format.h>

namespace tutti::models {

namespace fs = std::filesystem;

namespace {

constexpr const char* kLibrary = "libonnxruntime.so";

fs::path own_folder() {
    std::error_code ignored;
    return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace

std::optional<fs::path> silero_folder() {
    std::error_code ignored;
    for (const auto& folder : {own_folder() / "lib", fs::path(TUTTI_SILERO_FOLDER)})
        if (fs::is_regular_file(folder / kSileroFile, ignored)) return folder;
    return std::nullopt;
}

fs::path onnx_library_path(const fs::path& wanted) {
    if (!wanted.empty()) return wanted;
    if (const char* named = std::getenv("SHERPA_ONNX_LIBRARY"); named && *named)
        return fs::path(named).parent_path() / kLibrary;
    std::error_code ignored;
    const auto beside = own_folder() / "lib" / kLibrary;
    return fs::exists(beside, ignored) ? beside : fs::path(TUTTI_SHERPA_FOLDER) / kLibrary;
}

std::string missing_for_silero() {
    if (!silero_folder()) return fmt::format("{} is not installed", kSileroFile);
    std::error_code ignored;
    const auto library = onnx_library_path();
    if (fs::exists(library, ignored)) return {};
    return fmt::format("{} is not there", log::printable(library.string()));
}

Result<fs::path> silero_model_in(const fs::path& place) {
    if (place.empty()) {
        const auto folder = silero_folder();
        if (folder) return *folder / kSileroFile;
        return Error(Errc::unavailable, fmt::format("{} is not installed", kSileroFile));
    }
    std::error_code ignored;
    if (!fs::is_directory(place, ignored)) return place;
    if (!has_card(place)) return place / kSileroFile;
    const auto card = load_card(place);
    if (!card) return card.error();
    if (auto done = check_files(*card, place); !done) return done.error();
    return path_of(*card, place, "model");
}

}  // namespace tutti::models

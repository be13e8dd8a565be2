// SPDX-License-Identifier: Apache-2.0
// Where the model of voice activity that comes with the server lies.
//
//   if (const auto folder = silero_folder()) …      // of the built-in model "silero"
//   auto file = silero_model_in(folder_or_file);    // the .onnx file to load
#pragma once

#include "base/error.h"

#include <filesystem>
#include <optional>

namespace tutti::models {

inline constexpr const char* kSileroFile = "silero_vad_v5.onnx";

// lib/ beside the executable, else where scripts/serve put the package; nullopt when the file is in
// neither.
std::optional<std::filesystem::path> silero_folder();

// The library that runs it: `wanted` if it is not empty, else beside the file that
// SHERPA_ONNX_LIBRARY names, else in lib/ beside the executable, else in the package of
// sherpa-onnx where scripts/serve put it, which brings it along. It need not be there.
std::filesystem::path onnx_library_path(const std::filesystem::path& wanted = {});

// What of the two is not there, in one line; empty when both are.
std::string missing_for_silero();

// `place` is the file itself, a folder whose card names a file of the role "model", a folder with
// kSileroFile in it, or empty, which means silero_folder().
Result<std::filesystem::path> silero_model_in(const std::filesystem::path& place);

}  // namespace tutti::models

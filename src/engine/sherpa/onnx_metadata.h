// SPDX-License-Identifier: Apache-2.0
// The metadata of an ONNX file, read without loading the model: what a model says of itself
// ("window_size" -> "16"), and whether the file is whole.
//
// An ONNX file is one protobuf message; its graph (field 7) is skipped by its length, its metadata
// are the pairs of field 14. What is cut off, or is something else, is an error that says so. The
// inside of the graph is not looked at.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <map>
#include <string>

namespace tutti::engine::sherpa {

using Metadata = std::map<std::string, std::string>;

Result<Metadata> read_onnx_metadata(const std::filesystem::path& file);

}  // namespace tutti::engine::sherpa

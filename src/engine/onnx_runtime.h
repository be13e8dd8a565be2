// SPDX-License-Identifier: Apache-2.0
// The part of the C interface of ONNX Runtime that we use: a model of fixed names and shapes, run
// on one thread, its tensors in memory of the caller's.
//
//   auto model = OnnxModel::load(models::onnx_library_path(), "model.onnx", {"in"}, {"out"});
//   OnnxTensor in(model->api(), OnnxTensor::real, {1, 576}), out(...);
//   model->run(inputs, outputs);               // of any thread; throws std::runtime_error
//
// The interface is a table of functions to which versions only append, and a library serves the
// tables of all versions before its own: we ask for that of version 1, so any version will do (4
// for the providers). The library is loaded at run time and never closed.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tutti::engine {

// The library's functions; defined in onnx_runtime.cc.
struct OnnxApi;

// A tensor with memory of its own, all zeros at first. Must not outlive the process's model.
class OnnxTensor {
  public:
    enum Type { real = 1, integer64 = 7 };
    OnnxTensor(const OnnxApi& api, Type type, std::vector<std::int64_t> shape);
    OnnxTensor(const OnnxTensor&) = delete;
    OnnxTensor& operator=(const OnnxTensor&) = delete;
    ~OnnxTensor();

    std::span<float> reals();            // REQUIRES: its type is real
    std::span<std::int64_t> integers();  // REQUIRES: its type is integer64
    void* value() const { return value_; }

  private:
    const OnnxApi& api_;
    std::vector<std::int64_t> memory_;  // of 8 bytes, whatever the type
    std::size_t count_ = 1;
    void* value_ = nullptr;
};

// What a library that is loaded computes on, in its own words: "CPUExecutionProvider" and others.
// `get_base` is its function OrtGetApiBase. Empty when it is too old to tell.
std::vector<std::string> onnx_providers(const void* (*get_base)());

class OnnxModel {
  public:
    using Names = std::vector<std::string>;

    // Blocks. An error names the file and what is wrong with it.
    static Result<std::shared_ptr<const OnnxModel>> load(const std::filesystem::path& library,
                                                         const std::filesystem::path& file,
                                                         Names inputs, Names outputs);
    ~OnnxModel();
    OnnxModel(const OnnxModel&) = delete;
    OnnxModel& operator=(const OnnxModel&) = delete;

    const OnnxApi& api() const { return api_; }
    // In the order of the names; the outputs are of the shapes that the model makes. Throws
    // std::runtime_error with the library's words.
    void run(std::span<OnnxTensor* const> inputs, std::span<OnnxTensor* const> outputs) const;

  private:
    OnnxModel(const OnnxApi& api, Names inputs, Names outputs);

    const OnnxApi& api_;
    Names inputs_, outputs_;
    void* session_ = nullptr;
};

}  // namespace tutti::engine

// SPDX-License-Identifier: Apache-2.0
#include "engine/onnx_runtime.h"

#include "base/check.h"
#include "base/log.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <mutex>
#include <numeric>
#include <stdexcept>

namespace tutti::engine {
namespace {

namespace fs = std::filesystem;

using Status = void;  // null when all went well
using Function = void (*)();

constexpr std::uint32_t kTableVersion = 1;
constexpr std::uint32_t kProvidersVersion = 4;
constexpr int kErrorsOnly = 3;
constexpr int kAllOptimizations = 99;
constexpr int kArena = 1, kDefaultMemory = 0;

// Where the functions stand in the table of version 1.
enum Place {
    kErrorMessage = 2,
    kCreateEnv = 3,
    kCreateSession = 7,
    kRun = 9,
    kCreateOptions = 10,
    kOptimizationLevel = 23,
    kIntraThreads = 24,
    kInterThreads = 25,
    kCreateTensor = 49,
    kCreateCpuMemory = 69,
    kReleaseStatus = 93,
    kReleaseSession = 95,
    kReleaseValue = 96,
    kReleaseOptions = 100,
    // In that of version kProvidersVersion.
    kAvailableProviders = 125,
    kReleaseProviders = 126,
};

struct Base {
    const Function* (*table)(std::uint32_t version);
    const char* (*version)();
};

}  // namespace

struct OnnxApi {
    const char* (*message)(const Status*);
    Status* (*create_environment)(int level, const char* name, void** out);
    Status* (*create_session)(const void* environment, const char* file, const void* options,
                              void** out);
    Status* (*run)(void* session, const void* options, const char* const* input_names,
                   void* const* inputs, std::size_t input_count, const char* const* output_names,
                   std::size_t output_count, void** outputs);
    Status* (*create_options)(void** out);
    Status* (*set_optimization)(void* options, int level);
    Status* (*set_intra_threads)(void* options, int count);
    Status* (*set_inter_threads)(void* options, int count);
    Status* (*create_tensor)(const void* memory, void* data, std::size_t bytes,
                             const std::int64_t* shape, std::size_t rank, int type, void** out);
    Status* (*create_cpu_memory)(int allocator, int type, void** out);
    void (*release_status)(Status*);
    void (*release_session)(void*);
    void (*release_value)(void*);
    void (*release_options)(void*);

    void* environment = nullptr;
    void* memory = nullptr;  // says of a tensor's that it is the CPU's

    // Throws what the library says.
    void need(Status* status) const {
        if (!status) return;
        const std::string why = message(status);
        release_status(status);
        throw std::runtime_error(why);
    }
};

namespace {

template <class Wanted>
void take(Wanted*& function, const Function* table, Place place) {
    function = reinterpret_cast<Wanted*>(table[place]);
}

OnnxApi functions_of(const Function* table) {
    OnnxApi api{};
    take(api.message, table, kErrorMessage);
    take(api.create_environment, table, kCreateEnv);
    take(api.create_session, table, kCreateSession);
    take(api.run, table, kRun);
    take(api.create_options, table, kCreateOptions);
    take(api.set_optimization, table, kOptimizationLevel);
    take(api.set_intra_threads, table, kIntraThreads);
    take(api.set_inter_threads, table, kInterThreads);
    take(api.create_tensor, table, kCreateTensor);
    take(api.create_cpu_memory, table, kCreateCpuMemory);
    take(api.release_status, table, kReleaseStatus);
    take(api.release_session, table, kReleaseSession);
    take(api.release_value, table, kReleaseValue);
    take(api.release_options, table, kReleaseOptions);
    return api;
}

// Null when the library is none of ONNX Runtime's, or older.
const Function* table_of(const void* (*get_base)(), std::uint32_t version) {
    const auto* base = get_base ? static_cast<const Base*>(get_base()) : nullptr;
    return base ? base->table(version) : nullptr;
}

Error unusable(const fs::path& file, std::string_view why) {
    return Error(Errc::unavailable,
                 fmt::format("ONNX Runtime: {}: {}", log::printable(file.string()),
                             log::printable(std::string(why))));
}

Result<OnnxApi> open_library(const fs::path& library) {
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char* why = ::dlerror();
        return unusable(library, why ? why : "cannot be loaded");
    }
    using GetBase = const void*();
    const auto get_base = reinterpret_cast<GetBase*>(::dlsym(handle, "OrtGetApiBase"));
    const auto* table = table_of(get_base, kTableVersion);
    if (!table) return unusable(library, "is not the library of ONNX Runtime");
    auto api = functions_of(table);
    try {
        api.need(api.create_environment(kErrorsOnly, "tutti", &api.environment));
        api.need(api.create_cpu_memory(kArena, kDefaultMemory, &api.memory));
    } catch (const std::exception& e) {
        return unusable(library, e.what());
    }
    return api;
}

// The process's one library: that of the first call that got one.
Result<const OnnxApi*> shared_api(const fs::path& library) {
    static std::mutex mutex;
    static const OnnxApi* loaded = nullptr;  // guarded by mutex
    const std::lock_guard lock(mutex);
    if (loaded) return loaded;
    const auto api = open_library(library);
    if (!api) return api.error();
    static OnnxApi kept;
    kept = *api;
    loaded = &kept;
    return loaded;
}

std::vector<const char*> pointers_to(const OnnxModel::Names& names) {
    std::vector<const char*> pointers;
    for (const auto& name : names) pointers.push_back(name.c_str());
    return pointers;
}

std::vector<void*> values_of(std::span<OnnxTensor* const> tensors) {
    std::vector<void*> values;
    for (const auto* tensor : tensors) values.push_back(tensor->value());
    return values;
}

}  // namespace

std::vector<std::string> onnx_providers(const void* (*get_base)()) {
    const auto* table = table_of(get_base, kProvidersVersion);
    if (!table) return {};
    Status* (*available)(char*** names, int* count) = nullptr;
    Status* (*release)(char** names, int count) = nullptr;
    take(available, table, kAvailableProviders);
    take(release, table, kReleaseProviders);
    const auto functions = functions_of(table);
    char** names = nullptr;
    int count = 0;
    functions.need(available(&names, &count));
    std::vector<std::string> providers(names, names + count);
    functions.need(release(names, count));
    return providers;
}

OnnxTensor::OnnxTensor(const OnnxApi& api, Type type, std::vector<std::int64_t> shape) : api_(api) {
    for (const auto extent : shape) count_ *= static_cast<std::size_t>(extent);
    const auto bytes = count_ * (type == real ? sizeof(float) : sizeof(std::int64_t));
    memory_.resize((bytes + sizeof(std::int64_t) - 1) / sizeof(std::int64_t));
    api_.need(api_.create_tensor(api_.memory, memory_.data(), bytes, shape.data(), shape.size(),
                                 type, &value_));
}

OnnxTensor::~OnnxTensor() {
    api_.release_value(value_);
}

std::span<float> OnnxTensor::reals() {
    return {reinterpret_cast<float*>(memory_.data()), count_};
}

std::span<std::int64_t> OnnxTensor::integers() {
    return {memory_.data(), count_};
}

OnnxModel::OnnxModel(const OnnxApi& api, Names inputs, Names outputs)
    : api_(api), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
}

OnnxModel::~OnnxModel() {
    if (session_) api_.release_session(session_);
}

Result<std::shared_ptr<const OnnxModel>> OnnxModel::load(const fs::path& library,
                                                         const fs::path& file, Names inputs,
                                                         Names outputs) {
    const auto api = shared_api(library);
    if (!api) return api.error();
    const std::shared_ptr<OnnxModel> model(
        new OnnxModel(**api, std::move(inputs), std::move(outputs)));
    void* options = nullptr;
    try {
        (*api)->need((*api)->create_options(&options));
        (*api)->need((*api)->set_optimization(options, kAllOptimizations));
        (*api)->need((*api)->set_intra_threads(options, 1));
        (*api)->need((*api)->set_inter_threads(options, 1));
        (*api)->need(
            (*api)->create_session((*api)->environment, file.c_str(), options, &model->session_));
    } catch (const std::exception& e) {
        if (options) (*api)->release_options(options);
        return unusable(file, e.what());
    }
    (*api)->release_options(options);
    return std::shared_ptr<const OnnxModel>(model);
}

void OnnxModel::run(std::span<OnnxTensor* const> inputs,
                    std::span<OnnxTensor* const> outputs) const {
    check(inputs.size() == inputs_.size() && outputs.size() == outputs_.size(),
          "as many tensors as names");
    const auto input_names = pointers_to(inputs_), output_names = pointers_to(outputs_);
    const auto in = values_of(inputs);
    auto out = values_of(outputs);
    api_.need(api_.run(session_, nullptr, input_names.data(), in.data(), in.size(),
                       output_names.data(), out.size(), out.data()));
}

}  // namespace tutti::engine

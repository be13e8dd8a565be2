// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/sherpa_api.h"

#include "base/log.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace tutti::engine::sherpa {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "libsherpa-onnx-c-api.so";

// Looks functions up by name and remembers the first that is not there.
class Symbols {
  public:
    explicit Symbols(void* library) : library_(library) {}

    template <class Function>
    void find(Function*& function, const char* name) {
        function = reinterpret_cast<Function*>(::dlsym(library_, name));
        if (!function && missing_.empty()) missing_ = name;
    }
    const std::string& missing() const { return missing_; }

  private:
    void* library_;
    std::string missing_;
};

void find_online(Symbols& in, Api& api) {
    in.find(api.create_online_recognizer, "SherpaOnnxCreateOnlineRecognizer");
    in.find(api.destroy_online_recognizer, "SherpaOnnxDestroyOnlineRecognizer");
    in.find(api.create_online_stream, "SherpaOnnxCreateOnlineStream");
    in.find(api.create_online_stream_with, "SherpaOnnxCreateOnlineStreamWithHotwords");
    in.find(api.destroy_online_stream, "SherpaOnnxDestroyOnlineStream");
    in.find(api.online_accept, "SherpaOnnxOnlineStreamAcceptWaveform");
    in.find(api.online_input_finished, "SherpaOnnxOnlineStreamInputFinished");
    in.find(api.online_is_ready, "SherpaOnnxIsOnlineStreamReady");
    in.find(api.online_decode, "SherpaOnnxDecodeMultipleOnlineStreams");
    in.find(api.online_result, "SherpaOnnxGetOnlineStreamResult");
    in.find(api.destroy_online_result, "SherpaOnnxDestroyOnlineRecognizerResult");
}

void find_offline(Symbols& in, Api& api) {
    in.find(api.create_offline_recognizer, "SherpaOnnxCreateOfflineRecognizer");
    in.find(api.destroy_offline_recognizer, "SherpaOnnxDestroyOfflineRecognizer");
    in.find(api.create_offline_stream, "SherpaOnnxCreateOfflineStream");
    in.find(api.create_offline_stream_with, "SherpaOnnxCreateOfflineStreamWithHotwords");
    in.find(api.destroy_offline_stream, "SherpaOnnxDestroyOfflineStream");
    in.find(api.offline_accept, "SherpaOnnxAcceptWaveformOffline");
    in.find(api.offline_decode, "SherpaOnnxDecodeMultipleOfflineStreams");
    in.find(api.offline_result, "SherpaOnnxGetOfflineStreamResult");
    in.find(api.destroy_offline_result, "SherpaOnnxDestroyOfflineRecognizerResult");
}

void find_others(Symbols& in, Api& api) {
    in.find(api.create_punctuation, "SherpaOnnxCreateOfflinePunctuation");
    in.find(api.destroy_punctuation, "SherpaOnnxDestroyOfflinePunctuation");
    in.find(api.add_punctuation, "SherpaOfflinePunctuationAddPunct");
    in.find(api.free_punctuated, "SherpaOfflinePunctuationFreeText");
    in.find(api.create_diarization, "SherpaOnnxCreateOfflineSpeakerDiarization");
    in.find(api.destroy_diarization, "SherpaOnnxDestroyOfflineSpeakerDiarization");
    in.find(api.diarization_sample_rate, "SherpaOnnxOfflineSpeakerDiarizationGetSampleRate");
    in.find(api.diarize, "SherpaOnnxOfflineSpeakerDiarizationProcess");
    in.find(api.destroy_diarization_result, "SherpaOnnxOfflineSpeakerDiarizationDestroyResult");
    in.find(api.count_diarization_segments,
            "SherpaOnnxOfflineSpeakerDiarizationResultGetNumSegments");
    in.find(api.diarization_segments, "SherpaOnnxOfflineSpeakerDiarizationResultSortByStartTime");
    in.find(api.destroy_diarization_segments, "SherpaOnnxOfflineSpeakerDiarizationDestroySegment");
}

Error unusable(const fs::path& library, std::string_view why) {
    return Error(Errc::unavailable,
                 fmt::format("sherpa-onnx: {}: {}", log::printable(library.string()),
                             log::printable(std::string(why))));
}

}  // namespace

Result<const Api*> Api::load(const fs::path& library) {
    // Never closed: what a library like this leaves behind at its end is not worth the risk.
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char* why = ::dlerror();
        return unusable(library, why ? why : "cannot be loaded");
    }
    Api api{};
    Symbols symbols(handle);
    symbols.find(api.version, "SherpaOnnxGetVersionStr");
    if (!api.version) return unusable(library, "is not the library of sherpa-onnx");
    if (const std::string version = api.version(); version != kVersion)
        return unusable(library, fmt::format("is version {}; this engine is made for {} alone",
                                             version, kVersion));
    find_online(symbols, api);
    find_offline(symbols, api);
    find_others(symbols, api);
    // Of a library that this one was linked with.
    api.onnx_runtime =
        reinterpret_cast<decltype(api.onnx_runtime)>(::dlsym(handle, "OrtGetApiBase"));
    if (!symbols.missing().empty()) return unusable(library, "lacks " + symbols.missing());
    static Api loaded;
    loaded = api;
    return &loaded;
}

fs::path library_path(const fs::path& wanted) {
    if (!wanted.empty()) return wanted;
    if (const char* named = std::getenv("SHERPA_ONNX_LIBRARY"); named && *named) return named;
    std::error_code ignored;
    const auto beside =
        fs::read_symlink("/proc/self/exe", ignored).parent_path() / "lib" / kFileName;
    if (fs::exists(beside, ignored)) return beside;
    return fs::path(TUTTI_SHERPA_FOLDER) / kFileName;
}

}  // namespace tutti::engine::sherpa

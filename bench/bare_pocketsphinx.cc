// SPDX-License-Identifier: Apache-2.0
// bare_pocketsphinx [--mode batch|stream] [--seconds-only] FILE.wav...
//
// The recogniser by itself, without any of ours around it: what accuracy and speed of the service
// are measured against. One line `path<TAB>text` a file on standard output (none with
// --seconds-only), the time that decoding took on standard error.
//
//   batch    the whole file is there at once, cepstral means are taken over all of it
//   stream   pieces of 100 ms, means begin at the model's and follow the audio
//
// Both make all passes. Files do not influence one another.
#include "base/exit_code.h"

#include "wav_file.h"
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <pocketsphinx.h>
#include <sphinxbase/err.h>

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <sstream>

namespace tutti::bench {
namespace {

enum class Mode { batch, stream };

constexpr std::size_t kPiece = proto::kSampleRate / 10;
constexpr std::string_view kModels = "/usr/share/pocketsphinx/model/en-us/";

struct FreeDecoder {
    void operator()(ps_decoder_t* decoder) const { ps_free(decoder); }
};
using Decoder = std::unique_ptr<ps_decoder_t, FreeDecoder>;

Decoder load_decoder(Mode mode) {
    err_set_logfp(nullptr);
    const std::string models(kModels);
    cmd_ln_t* config = cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", (models + "en-us").c_str(),
                                   "-lm", (models + "en-us.lm.bin").c_str(), "-dict",
                                   (models + "cmudict-en-us.dict").c_str(), "-remove_silence", "no",
                                   "-cmn", mode == Mode::batch ? "batch" : "live", nullptr);
    Decoder decoder(config ? ps_init(config) : nullptr);
    cmd_ln_free_r(config);
    return decoder;
}

// The means the model was made with, as its feat.params gives them.
void reset_means(ps_decoder_t* decoder) {
    auto* means = ps_get_feat(decoder)->cmn_struct;
    std::vector<mfcc_t> values;
    const char* text = cmd_ln_str_r(ps_get_config(decoder), "-cmninit");
    std::istringstream list(text ? text : "");
    for (std::string value; std::getline(list, value, ',');)
        values.push_back(static_cast<mfcc_t>(std::stod(value)));
    values.resize(static_cast<std::size_t>(means->veclen));
    cmn_live_set(means, values.data());
}

std::string recognise(ps_decoder_t* decoder, Mode mode, std::span<const std::int16_t> samples) {
    ps_start_stream(decoder);
    reset_means(decoder);
    ps_start_utt(decoder);
    if (mode == Mode::batch) {
        ps_process_raw(decoder, samples.data(), samples.size(), FALSE, TRUE);
    } else {
        for (; !samples.empty(); samples = samples.subspan(std::min(kPiece, samples.size())))
            ps_process_raw(decoder, samples.data(), std::min(kPiece, samples.size()), FALSE, FALSE);
    }
    ps_end_utt(decoder);
    const char* text = ps_get_hyp(decoder, nullptr);
    return text ? text : "";
}

struct Seconds {
    double decoding = 0;
    double audio = 0;
};

void print(std::string_view name, Seconds seconds) {
    fmt::print(stderr, "{}\tdecode {:.3f} s\taudio {:.3f} s\trtf {:.4f}\n", name, seconds.decoding,
               seconds.audio, seconds.audio > 0 ? seconds.decoding / seconds.audio : 0);
}

Seconds run_file(ps_decoder_t* decoder, Mode mode, std::span<const std::int16_t> samples,
                 std::string& text) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    text = recognise(decoder, mode, samples);
    return {std::chrono::duration<double>(Clock::now() - start).count(),
            static_cast<double>(samples.size()) / proto::kSampleRate};
}

int run_files(ps_decoder_t* decoder, Mode mode, const std::vector<std::string>& files,
              bool prints_text) {
    Seconds sum;
    for (const auto& file : files) {
        const auto samples = load_wav(file);
        if (!samples) {
            fmt::print(stderr, "{}\n", samples.error().message());
            return exit_code::undecodable;
        }
        std::string text;
        const auto seconds = run_file(decoder, mode, *samples, text);
        if (prints_text) fmt::print("{}\t{}\n", file, text);
        print(file, seconds);
        sum.decoding += seconds.decoding;
        sum.audio += seconds.audio;
    }
    print("total", sum);
    return exit_code::ok;
}

int run(int argc, char** argv) {
    CLI::App app("PocketSphinx by itself");
    Mode mode = Mode::batch;
    bool seconds_only = false;
    std::vector<std::string> files;
    const std::map<std::string, Mode> modes{{"batch", Mode::batch}, {"stream", Mode::stream}};
    app.add_option("--mode", mode)->transform(CLI::CheckedTransformer(modes));
    app.add_flag("--seconds-only", seconds_only);
    app.add_option("files", files)->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_code::ok : exit_code::usage;
    }
    const auto decoder = load_decoder(mode);
    if (!decoder) {
        fmt::print(stderr, "cannot load the model in {}\n", kModels);
        return exit_code::model_failed;
    }
    return run_files(decoder.get(), mode, files, !seconds_only);
}

}  // namespace
}  // namespace tutti::bench

int main(int argc, char** argv) {
    return tutti::bench::run(argc, argv);
}

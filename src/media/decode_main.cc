// SPDX-License-Identifier: Apache-2.0
// tutti-decode: media on standard input, messages of proto/decode_messages.h on standard output.
#include "base/exit_code.h"
#include "media/block_writer.h"
#include "media/decoder.h"
#include "media/demuxer.h"
#include "media/sandbox.h"

#include <csignal>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <new>
#include <optional>
#include <span>

namespace tutti::media {
namespace {

constexpr const char* kHelp =
    "tutti-decode [--max-seconds N] [--live] < MEDIA\n"
    "\n"
    "Decodes one file or stream of audio to 16 kHz mono, in a sandbox. It is started by the\n"
    "service; its output is a framed protocol for the parent, not a WAV file.\n"
    "\n"
    "  --max-seconds N  refuse audio longer than this, counted while decoding (default 14400)\n"
    "  --live           the input is a stream in real time: write audio as soon as it is decoded\n"
    "  --help           this text\n"
    "\n"
    "Exit status: 0 decoded, 64 wrong flag, 65 not decodable, 76 a limit was exceeded, 70 or 71\n"
    "a fault of ours or of the system. The cause is one line on standard error.\n";

struct Options {
    std::uint32_t max_seconds = 4 * 3600;
    Pace pace = Pace::whole;
    bool wants_help = false;
};

std::optional<Options> parse(std::span<char* const> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view flag = arguments[i];
        if (flag == "--help") {
            options.wants_help = true;
        } else if (flag == "--live") {
            options.pace = Pace::live;
        } else if (flag == "--max-seconds" && i + 1 < arguments.size()) {
            const std::string_view value = arguments[++i];
            const auto end = value.data() + value.size();
            const auto read = std::from_chars(value.data(), end, options.max_seconds);
            if (read.ec != std::errc() || read.ptr != end || options.max_seconds == 0) return {};
        } else {
            return {};
        }
    }
    return options;
}

SandboxLimits limits_for(const Options& options) {
    const std::size_t output = std::size_t{options.max_seconds} * proto::kMaxPcmBytes;
    return {.memory_bytes = 512u * 1024 * 1024,
            .cpu_time = std::chrono::seconds(30 + options.max_seconds / 20),
            .output_bytes = output + output / 8 + proto::kMaxDecodeFrame};
}

proto::Header header_of(const Demuxer& demuxer, const Decoder& decoder) {
    return {demuxer.claimed_duration(),
            static_cast<std::uint32_t>(std::max(decoder.sample_rate(), 0)),
            static_cast<std::uint32_t>(std::max(decoder.channels(), 0)), decoder.codec_name()};
}

Result<void> decode_all(Demuxer& demuxer, Decoder& decoder, BlockWriter& output) {
    const AvPtr<AVPacket> packet(av_packet_alloc());
    if (!packet) throw std::bad_alloc();
    std::vector<std::int16_t> samples;
    for (bool is_at_end = false; !is_at_end;) {
        const auto more = demuxer.read(*packet);
        if (!more) return more.error();
        is_at_end = !*more;
        samples.clear();
        const auto decoded =
            is_at_end ? decoder.decode_rest(samples) : decoder.decode(*packet, samples);
        av_packet_unref(packet.get());
        // Rate and channels are sure only once a frame was decoded.
        if (output.samples() == 0) output.set_header(header_of(demuxer, decoder));
        if (auto added = output.add(samples); !added) return added;
        if (!decoded) return decoded;
    }
    return {};
}

Result<void> transcode(Input& input, BlockWriter& output, Pace pace) {
    const auto container = input.sniff();
    if (input.is_empty()) return Error(Errc::undecodable_audio, "empty: the file has no bytes");
    if (!container)
        return Error(Errc::undecodable_audio, "unknown: not audio of a kind that can be read");
    auto demuxer = Demuxer::open(input, *container, pace);
    if (!demuxer) return demuxer.error();
    auto decoder = Decoder::open(demuxer->stream());
    if (!decoder) return decoder.error();
    const auto decoded = decode_all(*demuxer, *decoder, output);
    // What was decoded before a failure is a live listener's nevertheless.
    const auto written = decoded ? output.finish() : output.flush();
    return decoded ? written : decoded;
}

int exit_code_of(const Error& error) {
    switch (error.errc()) {
        case Errc::undecodable_audio:
            return exit_code::undecodable;
        case Errc::too_long:
        case Errc::too_large:
            return exit_code::limit;
        case Errc::io:
            return exit_code::os_error;
        default:
            return exit_code::internal;
    }
}

int fail(const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return exit_code_of(error);
}

int run(const Options& options) {
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGXFSZ, SIG_IGN);
    av_log_set_callback([](void*, int, const char*, va_list) {});
    BlockWriter output(STDOUT_FILENO, std::uint64_t{options.max_seconds} * proto::kSampleRate);
    Input input(STDIN_FILENO, [&] {
        if (options.pace == Pace::live) (void)output.flush();
    });
    const auto confinement = enter_sandbox(limits_for(options));
    if (!confinement) return fail(confinement.error());
    if (*confinement == Confinement::limits_only)
        fmt::print(stderr, "note: a sanitizer build, system calls are not restricted\n");
    const auto done = transcode(input, output, options.pace);
    return done ? exit_code::ok : fail(done.error());
}

int guarded_run(const Options& options) {
    try {
        return run(options);
    } catch (const std::bad_alloc&) {
        return fail(Error(Errc::too_large, "memory: more is needed than is allowed"));
    } catch (const std::exception& fault) {
        return fail(Error(Errc::internal, fault.what()));
    }
}

}  // namespace
}  // namespace tutti::media

int main(int argc, char** argv) {
    namespace exit_code = tutti::exit_code;
    const auto options = tutti::media::parse({argv, static_cast<std::size_t>(argc)});
    if (!options || options->wants_help) {
        fmt::print(options ? stdout : stderr, "{}", tutti::media::kHelp);
        return options ? exit_code::ok : exit_code::usage;
    }
    // Without the destructors of libav's hundred libraries: they make calls that the sandbox
    // punishes.
    ::_exit(tutti::media::guarded_run(*options));
}

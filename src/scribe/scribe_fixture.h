// SPDX-License-Identifier: Apache-2.0
// For the tests of this folder: a node of one scribe in this process and real engines and decoders
// beside it, files whose transcript is known, and a gateway's side of a job.
//
// The loop runs only in Node::run(), so everything happens between a test's co_awaits.
#pragma once

#include "runtime/child_process.h"
#include "runtime/worker.h"
#include "scribe/scribe.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <numbers>

namespace tutti::scribe {

inline constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

// --- files ---------------------------------------------------------------------------------------

// Digits of a telephone keypad, 60 ms each, the last followed by `silence`.
inline void append_digits(std::vector<std::int16_t>& out, std::string_view digits,
                          proto::Millis silence) {
    constexpr double kRows[] = {697, 770, 852, 941}, kColumns[] = {1209, 1336, 1477};
    constexpr std::string_view kKeys = "123456789*0#";
    constexpr double kStep = 2 * std::numbers::pi / proto::kSampleRate;
    for (const char digit : digits) {
        const auto key = kKeys.find(digit);
        for (int n = 0; n < 960; ++n)
            out.push_back(
                static_cast<std::int16_t>(6000 * std::sin(kStep * kRows[key / 3] * n) +
                                          6000 * std::sin(kStep * kColumns[key % 3] * n)));
        out.resize(out.size() + 960);
    }
    out.resize(out.size() + static_cast<std::size_t>(proto::to_samples(silence)));
}

inline UniqueFd memory_file(std::string_view bytes) {
    UniqueFd fd(::memfd_create("media", MFD_CLOEXEC));
    EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return fd;
}

// A WAV file of these samples and then `silence`, which takes no memory.
inline UniqueFd wav_file(const std::vector<std::int16_t>& samples, proto::Millis silence = {}) {
    const auto speech = static_cast<std::uint32_t>(samples.size() * 2);
    const auto data = speech + static_cast<std::uint32_t>(proto::to_samples(silence) * 2);
    std::string header;
    proto::Writer writer(header);
    header += "RIFF";
    writer.put<std::uint32_t>(36 + data);
    header += "WAVEfmt ";
    writer.put<std::uint32_t>(16);
    writer.put<std::uint32_t>(0x00010001);  // PCM, one channel
    writer.put<std::uint32_t>(proto::kSampleRate);
    writer.put<std::uint32_t>(2 * proto::kSampleRate);
    writer.put<std::uint32_t>(0x00100002);  // 16 bits, two bytes a sample
    header += "data";
    writer.put<std::uint32_t>(data);
    auto fd = memory_file(header);
    EXPECT_EQ(::write(fd.get(), samples.data(), speech), static_cast<ssize_t>(speech));
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(header.size() + data)), 0);
    return fd;
}

// `count` utterances of six digits with a second of silence after each.
struct DigitFile {
    std::vector<std::int16_t> samples;
    std::vector<std::string> texts;
    std::vector<proto::Millis> starts;  // of the first digits

    explicit DigitFile(int count) {
        for (int i = 0; i < count; ++i) {
            const auto digits = std::to_string(100000 + (i * 7919) % 900000);
            starts.push_back(proto::to_millis(static_cast<proto::SamplePos>(samples.size())));
            append_digits(samples, digits, proto::Millis(1000));
            texts.emplace_back();
            for (const char digit : digits)
                texts.back() += (texts.back().empty() ? "" : " ") + std::string(1, digit);
        }
    }
    proto::Millis duration() const {
        return proto::to_millis(static_cast<proto::SamplePos>(samples.size()));
    }
};

// --- a gateway's side ----------------------------------------------------------------------------

class Client {
  public:
    Client(asio::io_context& loop, const std::string& path, int file,
           proto::Millis max_duration = std::chrono::hours(3), std::string text = {}) {
        runtime::UnixSocket socket(loop);
        socket.connect(asio::local::stream_protocol::endpoint(path));
        std::string frame;
        proto::append_frame(frame, proto::Submit{"job", "tone", max_duration, text});
        EXPECT_TRUE(runtime::send_with_fd(socket, frame, file));
        channel_.emplace(std::move(socket),
                         runtime::IpcChannel::Limits{.frame = proto::kMaxJobFrame});
    }

    // The next message; nullopt when the scribe closed the connection.
    asio::awaitable<std::optional<proto::FromScribe>> next() {
        for (;;) {
            if (const auto body = channel_->next()) {
                auto message = proto::decode<proto::FromScribe>(*body).value();
                note(message);
                co_return message;
            }
            if (co_await channel_->fill()) co_return std::nullopt;
        }
    }
    asio::awaitable<void> finish() {
        for (;;) {
            const auto message = co_await next();
            if (!message) co_return;
        }
    }
    void hang_up() { channel_->close(); }

    std::vector<proto::Utterance> utterances;
    std::vector<proto::Progress> progress;
    std::optional<proto::Done> done;
    std::optional<proto::Rejected> rejected;

  private:
    void note(const proto::FromScribe& message) {
        EXPECT_FALSE(done || rejected) << "something after the last word";
        if (const auto* segment = std::get_if<proto::Segment>(&message))
            utterances.push_back(segment->utterance);
        if (const auto* news = std::get_if<proto::Progress>(&message)) progress.push_back(*news);
        if (const auto* last = std::get_if<proto::Done>(&message)) done = *last;
        if (const auto* no = std::get_if<proto::Rejected>(&message)) rejected = *no;
    }

    std::optional<runtime::IpcChannel> channel_;
};

// --- the node ------------------------------------------------------------------------------------

struct TempFolder {
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "scribe-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~TempFolder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

inline std::string program_dir() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

inline UnixAcceptor listen_at(asio::io_context& loop, const std::filesystem::path& path) {
    return UnixAcceptor(loop, asio::local::stream_protocol::endpoint(path.string()));
}

// One place for an engine, as the supervisor keeps it: the socket outlives the processes.
struct EngineSeat {
    EngineSeat(asio::io_context& loop, std::uint32_t id, const std::filesystem::path& path)
        : listener(listen_at(loop, path)) {
        peer = {.id = id, .role = proto::Role::engine, .model = "tone", .socket = path.string()};
    }
    UnixAcceptor listener;
    proto::Peer peer;
    bool is_up = false;
    std::optional<runtime::ChildProcess> process;
    std::optional<runtime::IpcChannel> channel;
};

struct Node {
    static constexpr std::size_t kScribeSlot = 100;

    asio::io_context loop{1};
    TempFolder folder;
    runtime::Scoreboard board = runtime::Scoreboard::create().value();
    runtime::Slot& slot = board.slot(kScribeSlot);
    config::Config config{.program_dir = program_dir()};
    std::string path = folder.path / "scribe.sock";
    Scribe scribe{loop, listen_at(loop, path), slot, config};
    std::vector<std::unique_ptr<EngineSeat>> engines;
    bool has_ended = false;
    runtime::TaskGroup tasks{loop};

    // Runs `body`, then stops the scribe; fails the test if that takes unreasonably long.
    void run(asio::awaitable<void> body) {
        bool is_done = false;
        tasks.spawn("scribe", run_scribe());
        tasks.spawn("test", run_body(std::move(body), is_done));
        loop.run_for(std::chrono::seconds(60));
        EXPECT_TRUE(is_done) << "the test did not finish";
        EXPECT_TRUE(has_ended) << "the scribe did not end";
        EXPECT_EQ(slot.get(runtime::Metric::jobs_running), 0);
        loop.stop();
    }
    asio::awaitable<void> run_scribe() {
        co_await scribe.run();
        has_ended = true;
    }
    asio::awaitable<void> run_body(asio::awaitable<void> body, bool& is_done) {
        co_await std::move(body);
        is_done = true;
        scribe.stop();
    }

    Client submit(const UniqueFd& file, proto::Millis max_duration = std::chrono::hours(3)) {
        return Client(loop, path, file.get(), max_duration);
    }

    Client submit_with_text(const UniqueFd& file, std::string text) {
        return Client(loop, path, file.get(), std::chrono::hours(3), std::move(text));
    }

    asio::awaitable<void> start_engines(std::uint32_t count) {
        for (std::uint32_t id = 0; id < count; ++id) {
            engines.push_back(std::make_unique<EngineSeat>(
                loop, id, folder.path / ("engine" + std::to_string(id))));
            co_await start(*engines.back());
        }
    }
    // Starts a process for the seat and tells the scribe once it is ready.
    asio::awaitable<void> start(EngineSeat& seat) {
        runtime::UnixSocket ours(loop), theirs(loop);
        asio::local::connect_pair(ours, theirs);
        ::fcntl(ours.native_handle(), F_SETFD, FD_CLOEXEC);
        runtime::SpawnSpec spec{
            .path = config.program_dir + "/tutti-engine-tone",
            .argv = {"tutti-engine-tone", "--slot", std::to_string(seat.peer.id), "--whole-threads",
                     "2", "--log-level", "warn"},
            .fds = {{theirs.native_handle(), runtime::kChannelFd},
                    {seat.listener.native_handle(), runtime::kListenerFd},
                    {board.fd(), runtime::kScoreboardFd}}};
        seat.process.emplace(runtime::ChildProcess::start(loop, spec).value());
        theirs.close();
        seat.channel.emplace(std::move(ours), runtime::IpcChannel::Limits{});
        EXPECT_FALSE(co_await seat.channel->fill()) << "the engine did not start";
        const auto ready = proto::decode<proto::ToSupervisor>(seat.channel->next().value()).value();
        seat.peer.whole_slots = std::get<proto::Ready>(ready).whole_slots;
        seat.is_up = true;
        tell_roster();
    }
    asio::awaitable<void> kill_and_restart(EngineSeat& seat) {
        seat.process->signal(SIGKILL);
        co_await seat.process->wait();
        seat.is_up = false;
        tell_roster();
        co_await start(seat);
    }
    void tell_roster() {
        proto::Roster roster;
        for (const auto& seat : engines)
            if (seat->is_up) roster.peers.push_back(seat->peer);
        scribe.update(roster);
    }

    template <class Condition>
    asio::awaitable<void> until(Condition is_true) {
        asio::steady_timer poll(loop);
        for (int i = 0; i < 4000 && !is_true(); ++i) {
            poll.expires_after(std::chrono::milliseconds(5));
            co_await poll.async_wait(use_result);
        }
        EXPECT_TRUE(is_true());
    }
};

inline void expect_digits(const Client& client, const DigitFile& file) {
    ASSERT_TRUE(client.done) << (client.rejected ? client.rejected->why : "closed");
    EXPECT_EQ(client.done->duration, file.duration());
    std::vector<std::string> texts;
    for (const auto& utterance : client.utterances) texts.push_back(utterance.text);
    ASSERT_EQ(texts, file.texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto& first = client.utterances[i].words.front();
        EXPECT_NEAR(static_cast<double>(first.start.count()),
                    static_cast<double>(file.starts[i].count()), 15);
        EXPECT_LE(client.utterances[i].start, first.start);
    }
}

}  // namespace tutti::scribe

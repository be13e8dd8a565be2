// SPDX-License-Identifier: Apache-2.0
// The bodies of decode_fixture.h; named a test so that only the test program gets them.
#include "media/decode_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <sstream>

namespace tutti::media {
namespace {

int spawn(const std::vector<std::string>& words, int in, int out, int err) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int ends[] = {in, out, err};
    for (int target = 0; target < 3; ++target)
        posix_spawn_file_actions_adddup2(&actions, ends[target], target);
    pid_t pid = -1;
    const int failed =
        ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed == 0 ? pid : -1;
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    // Room for whatever a test decodes, so that it may write its input before it reads.
    ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string program() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tutti-decode";
}

void put(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

double Decoded::frequency() const {
    const auto from = samples.size() / 4, to = samples.size() * 3 / 4;
    double first = 0, last = 0;
    int rises = 0;
    for (auto i = from + 1; i < to; ++i) {
        if (samples[i - 1] >= 0 || samples[i] < 0) continue;
        const double step = samples[i] - samples[i - 1];
        last = static_cast<double>(i - 1) - samples[i - 1] / step;
        if (rises++ == 0) first = last;
    }
    return rises < 2 ? 0 : (rises - 1) * proto::kSampleRate / (last - first);
}

int Decoded::peak() const {
    int highest = 0;
    for (const int sample : samples) highest = std::max(highest, std::abs(sample));
    return highest;
}

DecodeProcess::DecodeProcess(const std::vector<std::string>& flags, UniqueFd input) {
    auto [output, its_output] = make_pipe();
    auto [errors, its_errors] = make_pipe();
    std::vector<std::string> words{program()};
    words.insert(words.end(), flags.begin(), flags.end());
    pid_ = spawn(words, input.get(), its_output.get(), its_errors.get());
    EXPECT_GT(pid_, 0) << "no " << words[0];
    output_ = std::move(output);
    errors_ = std::move(errors);
}

DecodeProcess::~DecodeProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool DecodeProcess::read_some(int timeout_ms) {
    pollfd ready{output_.get(), POLLIN, 0};
    if (::poll(&ready, 1, timeout_ms) != 1) return false;
    char buffer[65536];
    const auto count = ::read(output_.get(), buffer, sizeof buffer);
    if (count <= 0) return false;
    parser_.push({buffer, static_cast<std::size_t>(count)});
    for (;;) {
        const auto message = parser_.next();
        if (!message) is_broken_ = true;
        if (!message || !*message) return true;
        if (const auto* header = std::get_if<proto::Header>(&**message)) decoded_.header = *header;
        if (const auto* pcm = std::get_if<proto::Pcm>(&**message)) {
            const auto had = decoded_.samples.size();
            decoded_.samples.resize(had + pcm->bytes.size() / 2);
            std::memcpy(decoded_.samples.data() + had, pcm->bytes.data(), pcm->bytes.size());
        }
    }
}

bool DecodeProcess::reads_pcm() {
    while (decoded_.samples.empty())
        if (!read_some(10'000)) return false;
    return true;
}

Decoded DecodeProcess::finish() {
    while (read_some(60'000)) {
    }
    char buffer[4096];
    std::string text;
    for (ssize_t count; (count = ::read(errors_.get(), buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(count));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("note:")) decoded_.line += line;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    decoded_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    decoded_.is_complete = parser_.is_complete();
    decoded_.is_well_formed = !is_broken_;
    return decoded_;
}

void DecodeTest::SetUp() {
    if (!std::filesystem::exists(program())) GTEST_SKIP() << program() << " is not built";
    std::string name = std::filesystem::temp_directory_path() / "tutti-media-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
}

void DecodeTest::TearDown() {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

Decoded DecodeTest::decode(const std::string& bytes, const std::vector<std::string>& flags) {
    UniqueFd file(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return DecodeProcess(flags, std::move(file)).finish();
}

std::string DecodeTest::make(const std::string& name, const std::vector<std::string>& arguments,
                             const std::string& source) {
    const auto path = (folder_ / name).string();
    std::vector<std::string> words{"ffmpeg", "-nostdin", "-v", "error",
                                   "-f",     "lavfi",    "-i", source};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.push_back(path);
    const int pid = spawn(words, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
    int status = -1;
    if (pid > 0) ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0) << "ffmpeg could not make " << name;
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string wav_of(const std::string& data, WavForm form) {
    std::string wav = "RIFF";
    put(wav, data.size() + 36, 4);
    wav += "WAVEfmt ";
    const auto frame = static_cast<std::uint32_t>(form.channels * form.bits / 8);
    put(wav, 16, 4);
    put(wav, form.tag, 2);
    put(wav, form.channels, 2);
    put(wav, form.sample_rate, 4);
    put(wav, form.sample_rate * frame, 4);
    put(wav, frame, 2);
    put(wav, form.bits, 2);
    wav += "data";
    put(wav, form.data_size ? form.data_size : data.size(), 4);
    return wav + data;
}

std::string tone(int hertz, double seconds, int sample_rate, int channels, int channel) {
    std::string data;
    const auto frames = static_cast<int>(seconds * sample_rate);
    for (int i = 0; i < frames; ++i)
        for (int c = 0; c < channels; ++c) {
            const double phase = 2 * std::numbers::pi * hertz * i / sample_rate;
            const auto value = c == channel ? std::lround(16000 * std::sin(phase)) : 0;
            put(data, static_cast<std::uint64_t>(value), 2);
        }
    return data;
}

}  // namespace tutti::media

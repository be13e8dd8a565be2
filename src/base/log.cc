// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <mutex>
#include <system_error>

namespace tutti::log {
namespace {

class DescriptorSink : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit DescriptorSink(std::string path) : path_(std::move(path)) {
        if (!path_.empty() && !open_file())
            throw std::system_error(errno, std::generic_category(), path_);
    }
    ~DescriptorSink() override {
        if (!path_.empty()) ::close(fd_);
    }

    // False, with errno, when the file cannot be opened.
    bool reopen() {
        std::lock_guard lock(mutex_);
        return path_.empty() || open_file();
    }
    int fd() const { return fd_; }
    const std::string& path() const { return path_; }

  private:
    bool open_file() {
        const int made = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (made < 0) return false;
        if (fd_ != STDERR_FILENO) ::close(fd_);
        fd_ = made;
        return true;
    }
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        // A log that cannot be written (disk full, reader gone) must not stop the work.
        [[maybe_unused]] const auto written = ::write(fd_, line.data(), line.size());
    }
    void flush_() override {}

    std::string path_;
    int fd_ = STDERR_FILENO;
};

DescriptorSink* the_sink = nullptr;  // owned by spdlog's default logger

}  // namespace

void init(std::string_view role, std::string_view level, const std::string& file) {
    auto sink = std::make_shared<DescriptorSink>(file);
    the_sink = sink.get();
    auto logger = std::make_shared<spdlog::logger>("tutti", std::move(sink));
    logger->set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%eZ %l {}[%P] %v", role),
                        spdlog::pattern_time_type::utc);
    spdlog::set_default_logger(std::move(logger));
    set_level(level);
}

void reopen() {
    if (the_sink && !the_sink->reopen())
        error("cannot open the log {} again: {}", the_sink->path(),
              std::generic_category().message(errno));
}

void set_level(std::string_view level) {
    spdlog::set_level(spdlog::level::from_str(std::string(level)));
}

int descriptor() {
    return the_sink ? the_sink->fd() : STDERR_FILENO;
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (char c : text.substr(0, limit)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    if (text.size() > limit) out += "...";
    return out;
}

}  // namespace tutti::log

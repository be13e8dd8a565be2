// SPDX-License-Identifier: Apache-2.0
#include "cli/status_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace tutti::cli {
namespace {

constexpr auto kRest = std::chrono::milliseconds(100);
constexpr std::size_t kUsualWidth = 80;

void write_now(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

}  // namespace

StatusLine::StatusLine() {
    const char* const terminal = std::getenv("TERM");
    has_terminal_ =
        ::isatty(STDERR_FILENO) != 0 && terminal && std::string_view(terminal) != "dumb";
}

bool StatusLine::is_due() const {
    if (!has_terminal_) return false;
    return !is_shown_ || std::chrono::steady_clock::now() - shown_at_ >= kRest;
}

std::size_t StatusLine::width() const {
    winsize size{};
    const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    // The last column stays free: text there makes some terminals wrap.
    return (is_known ? size.ws_col : kUsualWidth) - 1;
}

void StatusLine::show(std::string_view text) {
    if (!has_terminal_) return;
    write_now(fmt::format("\r{}\x1b[K", text));
    is_shown_ = true;
    shown_at_ = std::chrono::steady_clock::now();
}

void StatusLine::clear() {
    if (!is_shown_) return;
    write_now("\r\x1b[K");
    is_shown_ = false;
}

}  // namespace tutti::cli

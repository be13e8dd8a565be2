// SPDX-License-Identifier: Apache-2.0
#include "runtime/environment.h"

#include <algorithm>
#include <array>

namespace tutti::runtime {
namespace {

using namespace std::string_view_literals;

constexpr std::array kPassed = {"PATH"sv,
                                "HOME"sv,
                                "USER"sv,
                                "LOGNAME"sv,
                                "SHELL"sv,
                                "LANG"sv,
                                "TZ"sv,
                                "TMPDIR"sv,
                                "LD_LIBRARY_PATH"sv,
                                "LD_PRELOAD"sv,
                                "XDG_RUNTIME_DIR"sv,
                                "ASAN_OPTIONS"sv,
                                "UBSAN_OPTIONS"sv,
                                "TSAN_OPTIONS"sv,
                                "LSAN_OPTIONS"sv,
                                "SSL_CERT_FILE"sv,
                                "SSL_CERT_DIR"sv,
                                "http_proxy"sv,
                                "https_proxy"sv,
                                "no_proxy"sv,
                                "HTTP_PROXY"sv,
                                "HTTPS_PROXY"sv,
                                "NO_PROXY"sv};
constexpr std::array kOwn = {"NOTIFY_SOCKET"sv, "WATCHDOG_USEC"sv, "WATCHDOG_PID"sv,
                             "CREDENTIALS_DIRECTORY"sv};
constexpr std::array kOwnPrefixes = {"TUTTI_"sv, "LISTEN_"sv};

}  // namespace

bool is_supervisors_own(std::string_view name) {
    return std::ranges::count(kOwn, name) > 0 ||
           std::ranges::any_of(kOwnPrefixes, [&](auto prefix) { return name.starts_with(prefix); });
}

std::vector<std::string> child_environment(const char* const* environment,
                                           std::span<const std::string> also) {
    const auto passes = [&](std::string_view name) {
        if (is_supervisors_own(name)) return false;
        return name.starts_with("LC_") || std::ranges::count(kPassed, name) > 0 ||
               std::ranges::count(also, name) > 0;
    };
    std::vector<std::string> entries;
    for (; environment && *environment; ++environment) {
        const std::string_view entry = *environment;
        const auto equals = entry.find('=');
        if (equals != std::string_view::npos && passes(entry.substr(0, equals)))
            entries.emplace_back(entry);
    }
    return entries;
}

}  // namespace tutti::runtime

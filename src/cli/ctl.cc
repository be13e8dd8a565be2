// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl.h"

#include "base/exit_code.h"
#include "cli/ctl_call.h"
#include "cli/ctl_report.h"
#include "cli/ctl_status.h"
#include "config/control_socket.h"
#include "config/load.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace tutti::cli {
namespace {

namespace json = boost::json;

int fail(const Error& error, int code) {
    std::fprintf(stderr, "tutti: %s\n", error.message().c_str());
    return code;
}

// Where `tutti serve` with the same port, file and environment has its socket.
Result<std::string> socket_path(const CtlOptions& options) {
    if (!options.socket.empty()) return options.socket;
    config::Sources sources{.environment = environ, .leaves_models_out = true};
    if (!options.config_file.empty()) sources.file = options.config_file;
    if (options.port) sources.flags["port"] = std::to_string(*options.port);
    const auto config = config::load(sources);
    if (!config) return config.error();
    return config::control_socket_path(*config, config->port);
}

TextStyle style_of_output() {
    const char* const terminal = std::getenv("TERM");
    const char* const no_colour = std::getenv("NO_COLOR");
    const bool has_colours = ::isatty(STDOUT_FILENO) && terminal &&
                             std::string_view(terminal) != "dumb" && !(no_colour && *no_colour);
    return has_colours ? TextStyle::coloured : TextStyle::plain;
}

std::string shown(const CtlOptions& options, const json::value& result) {
    if (options.as_json) return json::serialize(result) + "\n";
    const auto& command = options.request.at("command").as_string();
    if (command == "status" && result.is_object())
        return status_text(result.get_object(), style_of_output());
    if (command == "config" && result.is_string()) return std::string(result.get_string());
    return report_line(options.request, result) + "\n";
}

int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) == 0) return exit_code::ok;
    return fail(errno_error("standard output"), exit_code::failed);
}

}  // namespace

int run_ctl(const CtlOptions& options) {
    const auto path = socket_path(options);
    if (!path) return fail(path.error(), exit_code::bad_config);
    ControlAddress address{.path = *path};
    if (options.timeout_seconds)
        address.limit =
            std::chrono::milliseconds(static_cast<std::int64_t>(*options.timeout_seconds * 1000));
    const auto result = call_control(address, options.request);
    if (result) return print(shown(options, *result));
    const bool is_there = result.error().errc() != Errc::unavailable;
    return fail(result.error(), is_there ? exit_code::failed : exit_code::unavailable);
}

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

namespace tutti::config {
namespace {

Setting text(std::string_view key, std::string Config::*member, std::string_view help) {
    return {key, Setting::Kind::text, help,
            [member](Config& c, std::string_view value) -> Result<void> {
                c.*member = value;
                return {};
            },
            [member](const Config& c) { return c.*member; }};
}

template <class T>
Setting number(std::string_view key, T Config::*member, std::string_view help,
               std::int64_t max = std::numeric_limits<T>::max()) {
    return {key, Setting::Kind::number, help,
            [member, max](Config& c, std::string_view value) -> Result<void> {
                const auto n = parse_number(value);
                if (!n) return n.error();
                if (*n > max)
                    return Error(Errc::bad_config, fmt::format("must be at most {}", max));
                c.*member = static_cast<T>(*n);
                return {};
            },
            [member](const Config& c) { return std::to_string(c.*member); }};
}

template <class D>
Setting duration(std::string_view key, D Config::*member, std::string_view help) {
    return {key, Setting::Kind::number, help,
            [member](Config& c, std::string_view value) -> Result<void> {
                const auto n = parse_number(value);
                if (!n) return n.error();
                if (*n > 1'000'000'000) return Error(Errc::bad_config, "is too long");
                c.*member = D(*n);
                return {};
            },
            [member](const Config& c) { return std::to_string((c.*member).count()); }};
}

Setting list(std::string_view key, std::vector<std::string> Config::*member,
             std::string_view help) {
    return {key, Setting::Kind::list, help,
            [member](Config& c, std::string_view value) -> Result<void> {
                c.*member = split_list(value);
                return {};
            },
            [member](const Config& c) { return join_list(c.*member); }};
}

std::string in_quotes(std::string_view value) {
    using Flags = toml::format_flags;
    constexpr auto kOneKind = toml::toml_formatter::default_flags & ~Flags::allow_literal_strings &
                              ~Flags::allow_multi_line_strings;
    std::ostringstream out;
    out << toml::toml_formatter(toml::value<std::string>(std::string(value)), kOneKind);
    return out.str();
}

Setting fixed(Setting setting) {
    setting.needs_restart = true;
    return setting;
}

// The text of an octal number up to 0777.
Setting file_mask(std::string_view key, std::string Config::*member, std::string_view help) {
    auto setting = text(key, member, help);
    setting.set = [member](Config& c, std::string_view value) -> Result<void> {
        unsigned mask = 0;
        const auto* end = value.data() + value.size();
        const auto [stop, failure] = std::from_chars(value.data(), end, mask, 8);
        if (failure != std::errc() || stop != end || mask > 0777)
            return Error(Errc::bad_config, "must be an octal number up to 0777");
        c.*member = value;
        return {};
    };
    return setting;
}

// All but those of audio_store_settings(), which follow after spool_dir.
std::vector<Setting> own_settings() {
    constexpr std::int64_t kHuge = std::int64_t{1} << 50;
    return {
        fixed(text("host", &Config::host, "address to listen on")),
        fixed(number("port", &Config::port, "port to listen on; 0 = let the system choose")),
        fixed(number("backlog", &Config::backlog,
                     "connections a gateway's listener holds until they are accepted", 1 << 20)),
        number("gateways", &Config::gateways, "gateway processes; 0 = one for every two cores", 64),
        number("scribes", &Config::scribes, "processes that run file jobs", 64),
        number("scale_limit", &Config::scale_limit,
               "most processes of one role or model that scaling may reach", 64),
        text("log_level", &Config::log_level, "debug, info, warn or error"),
        fixed(text("log_file", &Config::log_file, "file to append the log to; empty = stderr")),
        list("models", &Config::models,
             "ids of the models to serve; the first that recognises speech is the default"),
        number("memory_budget_bytes", &Config::memory_budget_bytes,
               "memory that the engines may take together; 0 = no limit", kHuge),
        list("model_aliases", &Config::model_aliases, "names that mean the default model"),
        list("cors_origins", &Config::cors_origins,
             "origins whose pages may use the HTTP interfaces"),
        text("admin_access", &Config::admin_access,
             "who may load and unload models over HTTP: off, loopback or any"),
        fixed(text("runtime_dir", &Config::runtime_dir, "folder of the processes' sockets")),
        fixed(text("control_socket", &Config::control_socket,
                   "socket of tutti ctl; empty = named after the port")),
        fixed(text("pidfile", &Config::pidfile, "file to write the supervisor's pid to")),
        fixed(text("user", &Config::user, "user the children run as")),
        fixed(text("group", &Config::group, "group the children run as; empty = the user's")),
        fixed(file_mask("umask", &Config::umask, "permissions that new files never get")),
        list("pass_environment", &Config::pass_environment,
             "environment variables handed to the children"),
        fixed(text("state_dir", &Config::state_dir,
                   "folder of what outlives the server; empty = /var/lib/tutti/state for root, "
                   "~/.local/state/tutti for others")),
        text("spool_dir", &Config::spool_dir, "folder of uploads while they are worked on"),
        text("models_dir", &Config::models_dir,
             "folder of model folders; empty = /var/lib/tutti/models for root, "
             "~/.local/share/tutti/models for others"),
        text("program_dir", &Config::program_dir, "folder of the engine programs"),
        text("web_dir", &Config::web_dir, "folder of the console's files"),
        number("max_upload_bytes", &Config::max_upload_bytes, "largest upload", kHuge),
        duration("max_audio", &Config::max_audio, "longest audio of a file, in seconds"),
        number("max_frame_bytes", &Config::max_frame_bytes, "largest WebSocket message", 1 << 30),
        duration("endpoint_silence", &Config::endpoint_silence,
                 "silence that ends an utterance when the client names none, in ms"),
        duration("min_endpoint_silence", &Config::min_endpoint_silence,
                 "least such silence a client may ask for, in ms"),
        duration("engine_wait", &Config::engine_wait,
                 "how long work waits for an engine before it fails, in seconds"),
        duration("request_timeout", &Config::request_timeout,
                 "longest pause within a request's head or body, in seconds"),
        duration("live_idle", &Config::live_idle,
                 "a live client silent for so long (no audio, no KeepAlive) is closed, in seconds"),
        fixed(duration("resume_window", &Config::resume_window,
                       "how long after its connection broke a live stream can be resumed, in "
                       "seconds; 0 = never")),
        number("max_connections", &Config::max_connections,
               "connections of a gateway; 0 = as many as its descriptors allow"),
        number("max_handshakes", &Config::max_handshakes,
               "connections of a gateway whose first request is not there yet"),
        number("max_requests_in_flight", &Config::max_requests_in_flight,
               "requests a gateway answers at once"),
        number("max_waiting", &Config::max_waiting,
               "live streams of a gateway that may wait for a model to be loaded"),
        duration("boot_limit", &Config::boot_limit,
                 "longest start of a process before it is killed, in seconds"),
        duration("gateway_beat_limit", &Config::gateway_beat_limit,
                 "a gateway whose loop stands still so long is killed, in seconds"),
        duration("engine_beat_limit", &Config::engine_beat_limit, "the same of an engine"),
        duration("scribe_beat_limit", &Config::scribe_beat_limit, "the same of a scribe"),
        number("max_requests", &Config::max_requests,
               "requests after which a process is replaced; 0 = never", kHuge),
        duration("max_lifetime", &Config::max_lifetime,
                 "age at which a process is replaced, in seconds; 0 = never"),
        number("max_rss_bytes", &Config::max_rss_bytes,
               "memory at which a process is replaced; 0 = never", kHuge),
        number("recycle_jitter", &Config::recycle_jitter,
               "random part of the three limits above, in percent", 100),
        duration("pre_stop", &Config::pre_stop,
                 "how long a stopping server says it is not ready and still accepts, in seconds"),
        duration("stop_timeout", &Config::stop_timeout,
                 "how long a stop waits for requests and last words, in seconds"),
        duration("drain_timeout", &Config::drain_timeout,
                 "how long a process that was replaced may finish its work, in seconds"),
        duration("close_spread", &Config::close_spread,
                 "time over which live streams are told to come again, in seconds"),
    };
}

}  // namespace

std::span<const Setting> settings() {
    static const auto table = [] {
        auto all = own_settings();
        const auto spool = std::ranges::find(all, "spool_dir", &Setting::key);
        const auto store = audio_store_settings();
        all.insert(spool + 1, store.begin(), store.end());
        return all;
    }();
    return table;
}

Result<std::int64_t> parse_number(std::string_view value) {
    std::int64_t n = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (failure != std::errc() || end != value.data() + value.size() || n < 0)
        return Error(Errc::bad_config, "must be a number, 0 or more");
    return n;
}

std::vector<std::string> split_list(std::string_view value) {
    std::vector<std::string> items;
    while (!value.empty()) {
        const auto comma = value.find(',');
        auto item = value.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (!item.empty()) items.emplace_back(item);
        if (comma == std::string_view::npos) break;
        value.remove_prefix(comma + 1);
    }
    return items;
}

std::string join_list(const std::vector<std::string>& items) {
    return fmt::format("{}", fmt::join(items, ","));
}

std::string toml_value(std::string_view shown, Setting::Kind kind) {
    if (kind == Setting::Kind::number || kind == Setting::Kind::truth) return std::string(shown);
    if (kind == Setting::Kind::text) return in_quotes(shown);
    auto items = split_list(shown);
    for (auto& item : items) item = in_quotes(item);
    return fmt::format("[{}]", fmt::join(items, ", "));
}

}  // namespace tutti::config

// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_options.h"

#include "base/log.h"
#include "runtime/secret.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDefaultChatPrompt =
    "Transcribe the audio. Answer with the words that are spoken and nothing else.";
// The supervisor and the scribes wait longer than this for an utterance.
constexpr double kLongestRequestSeconds = 300;

bool has_control_bytes(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Takes options out of the card's table and remembers the first thing that is wrong.
class OptionReader {
  public:
    OptionReader(const models::ModelCard& card) : id_(card.id), left_(card.options) {
        for (const auto& [name, value] : left_)
            if (has_control_bytes(name) || has_control_bytes(value))
                fail(name, "may not contain control characters");
    }

    std::string text(const std::string& name, std::string otherwise = {}) {
        const auto node = left_.extract(name);
        return node ? node.mapped() : std::move(otherwise);
    }
    std::string needed_text(const std::string& name) {
        auto value = text(name);
        if (value.empty()) fail(name, "is missing");
        return value;
    }
    bool truth(const std::string& name) {
        const auto value = text(name, "false");
        if (value != "true" && value != "false") fail(name, "must be true or false");
        return value == "true";
    }
    double real(const std::string& name, double otherwise, double least, double most) {
        const auto node = left_.extract(name);
        if (!node) return otherwise;
        const auto& value = node.mapped();
        double number = 0;
        const auto end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, number);
        if (parsed.ec == std::errc{} && parsed.ptr == end && number >= least && number <= most)
            return number;
        fail(name, fmt::format("must be a number from {} to {}", least, most));
        return otherwise;
    }
    // Whole, like the bounds.
    template <class Number>
    Number count(const std::string& name, Number otherwise, double least, double most) {
        const auto number = real(name, static_cast<double>(otherwise), least, most);
        if (number != static_cast<double>(static_cast<std::int64_t>(number)))
            fail(name, "must be a whole number");
        return static_cast<Number>(number);
    }
    milliseconds seconds(const std::string& name, milliseconds otherwise,
                         double most = kLongestRequestSeconds) {
        const auto number = real(name, static_cast<double>(otherwise.count()) / 1000, 0.001, most);
        return milliseconds(static_cast<std::int64_t>(number * 1000));
    }

    void fail(std::string_view name, std::string_view why) {
        if (!error_)
            error_ = Error(Errc::bad_config,
                           fmt::format("model {}: options.{} {}", id_, log::printable(name), why));
    }
    // The first fault; an option nobody asked for is one too.
    std::optional<Error> error() {
        for (const auto& [name, value] : left_) fail(name, "is not known");
        return error_;
    }

  private:
    std::string id_;
    std::map<std::string, std::string> left_;
    std::optional<Error> error_;
};

std::string path_within(const std::filesystem::path& folder, const std::string& path) {
    return path.empty() ? path : (folder / path).string();
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

void read_url(OptionReader& reader, UpstreamOptions& options) {
    options.url = reader.needed_text("url");
    const auto url = boost::urls::parse_uri(options.url);
    if (!url || url->encoded_host().empty())
        return reader.fail("url", "must be a complete address, like https://host/v1/...");
    const bool is_http = url->scheme() == "http";
    if (!is_http && url->scheme() != "https")
        return reader.fail("url", "must begin with http:// or https://");
    if (url->has_userinfo() || url->has_fragment())
        return reader.fail("url", "may name neither a user nor a fragment");
    options.is_private = !is_http || is_loopback(url->encoded_host());
}

void read_api(OptionReader& reader, UpstreamOptions& options) {
    const auto api = reader.text("api", "transcriptions");
    if (api == "chat")
        options.api = UpstreamApi::chat;
    else if (api != "transcriptions")
        reader.fail("api", "must be transcriptions or chat");
    const bool is_chat = options.api == UpstreamApi::chat;
    options.remote_model = reader.needed_text("remote_model");
    options.prompt = reader.text("prompt", is_chat ? std::string(kDefaultChatPrompt) : "");
    // What the other form knows is unknown here, and so refused.
    if (is_chat) {
        options.max_tokens = reader.count("max_tokens", 0, 0, 1e6);
    } else {
        options.language = reader.text("language");
        options.words = reader.truth("words");
    }
}

void read_audio(OptionReader& reader, UpstreamOptions& options) {
    const auto audio = reader.text("audio", "inline");
    if (audio != "inline" && audio != "url") reader.fail("audio", "must be inline or url");
    if (audio != "url") return;  // the rest is unknown here, and so refused
    options.audio = AudioForm::link;
    options.keeps_audio = reader.truth("keep_audio");
    if (options.api == UpstreamApi::transcriptions) {
        options.audio_url_field = reader.text("audio_url_field", "url");
        if (options.audio_url_field.find('"') != std::string::npos)
            reader.fail("audio_url_field", "may not contain quotes");
        return;
    }
    const auto form = reader.text("audio_url_form", "string");
    if (form != "string" && form != "object")
        reader.fail("audio_url_form", "must be string or object");
    options.audio_url_is_object = form == "object";
}

void read_limits(OptionReader& reader, PoolOptions& pool) {
    pool.max_in_flight = reader.count("max_in_flight", pool.max_in_flight, 1, 10000);
    pool.queue_limit = reader.count("queue_limit", pool.queue_limit, 0, 100000);
    const auto connections = static_cast<long>(pool.max_in_flight);
    pool.max_connections = reader.count("max_connections", connections, 1, 10000);
    pool.max_connections_per_host =
        reader.count("max_connections_per_host", pool.max_connections, 1, 10000);
    pool.idle_limit = std::chrono::seconds(
        reader.count<std::int64_t>("idle_limit", pool.idle_limit.count(), 0, 86400));
    pool.name_cache = std::chrono::seconds(
        reader.count<std::int64_t>("dns_cache", pool.name_cache.count(), 0, 86400));
    pool.connect_timeout = reader.seconds("connect_timeout", pool.connect_timeout);
    pool.read_timeout = reader.seconds("read_timeout", pool.read_timeout);
    pool.total_timeout = reader.seconds("total_timeout", pool.total_timeout);
    pool.answer_limit = reader.count("answer_limit_bytes", pool.answer_limit, 1024, 1 << 30);
    pool.retry.retries = reader.count("retries", pool.retry.retries, 0, 20);
    pool.breaker.consecutive_failures =
        reader.count("breaker_failures", pool.breaker.consecutive_failures, 1, 1000000);
    pool.breaker.failure_share = reader.real("breaker_share", pool.breaker.failure_share, 0.01, 1);
    pool.breaker.pause = reader.seconds("breaker_pause", pool.breaker.pause, 3600);
    pool.breaker.longest_pause = std::max(pool.breaker.pause, pool.breaker.longest_pause);
}

}  // namespace

Result<UpstreamOptions> read_upstream_options(const models::ModelCard& card,
                                              const std::filesystem::path& folder) {
    OptionReader reader(card);
    UpstreamOptions options{.model = card.id};
    options.pool.name = card.id;
    read_url(reader, options);
    read_api(reader, options);
    read_audio(reader, options);
    options.key_file = path_within(folder, reader.text("key_file"));
    options.key_env = reader.text("key_env");
    options.pool.ca_file = path_within(folder, reader.text("ca_file"));
    if (!options.key_file.empty() && !options.key_env.empty())
        reader.fail("key_env", "and key_file exclude each other");
    read_limits(reader, options.pool);
    if (auto error = reader.error()) return *error;
    return options;
}

Result<std::string> load_key(const UpstreamOptions& options) {
    if (!options.key_file.empty()) return runtime::load_secret_file(options.key_file);
    if (!options.key_env.empty()) return runtime::load_secret_variable(options.key_env);
    return std::string();
}

}  // namespace tutti::engine

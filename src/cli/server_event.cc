// SPDX-License-Identifier: Apache-2.0
#include "cli/server_event.h"

#include "base/log.h"
#include "dialect/json_text.h"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tutti::cli {
namespace {

constexpr std::size_t kLongestMessage = 500;

double seconds_of(const json::object& event, std::string_view name) {
    const auto* member = event.if_contains(name);
    if (!member || !member->is_number()) return 0;
    const auto seconds = member->to_number<double>();
    return std::isfinite(seconds) ? std::max(seconds, 0.0) : 0;
}

// {"error":{"message":...}}, as OpenAI's servers write it.
std::string message_of(const json::object& object) {
    const auto* error = object.if_contains("error");
    if (!error || !error->is_object()) return {};
    const auto message = dialect::find_string(error->get_object(), "message");
    return message ? log::printable(*message, kLongestMessage) : "";
}

std::string first_line(std::string_view text) {
    return log::printable(text.substr(0, text.find_first_of("\r\n")), kLongestMessage);
}

}  // namespace

Result<ServerEvent> read_event(std::string_view data) {
    auto event = dialect::parse_json_object(data);
    if (!event) return Error(Errc::protocol_violation, "the server sent an event that is no JSON");
    const auto type = dialect::find_string(*event, "type").value_or("");
    if (event->contains("error")) {
        auto message = message_of(*event);
        return Failed{message.empty() ? "the server reports an error without a message" : message};
    }
    if (type == "tutti.progress")
        return Recognised{seconds_of(*event, "recognised"), seconds_of(*event, "duration")};
    if (type != "transcript.text.done") return Uninteresting{};
    event->stable_erase("type");
    return Finished{std::move(*event)};
}

std::string refusal_message(unsigned status, std::string_view body) {
    if (const auto object = dialect::parse_json_object(body))
        if (auto message = message_of(*object); !message.empty()) return message;
    const auto line = body.starts_with('<') ? "" : first_line(body);
    const auto name =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return fmt::format("the server answered {} {}{}{}", status,
                       std::string_view(name.data(), name.size()), line.empty() ? "" : ": ", line);
}

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
// What the events of a streamed transcription tell the client, and what its error bodies say.
// Pure; trusts no server.
#pragma once

#include "base/error.h"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace tutti::cli {

namespace json = boost::json;

struct Recognised {
    double seconds = 0;
    double duration = 0;  // of the whole file; 0 = not known
};
// The last event: "text", and "words" and "segments" where they were asked for.
struct Finished {
    json::object transcript;
};
struct Failed {
    std::string message;
};
// Anything else, such as a piece of the text.
struct Uninteresting {};
using ServerEvent = std::variant<Uninteresting, Recognised, Finished, Failed>;

// Errc::protocol_violation when `data` is no JSON object.
Result<ServerEvent> read_event(std::string_view data);

// One line for people from the body of an answer that is not 200.
std::string refusal_message(unsigned status, std::string_view body);

}  // namespace tutti::cli

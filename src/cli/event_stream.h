// SPDX-License-Identifier: Apache-2.0
// An incremental parser of server-sent events (text/event-stream), of which only the data counts.
//
//   EventStream events;
//   for each piece read:  for (const auto& data : *events.push(piece)) ...
//
// 1. However the bytes are cut, the same events come out; lines may end in LF, CR or CRLF.
// 2. An event that its empty line has not ended yet is not an event.
// 3. An event beyond the limit is an error; nothing is pushed after it.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace tutti::cli {

class EventStream {
  public:
    explicit EventStream(std::size_t byte_limit = 64u << 20) : limit_(byte_limit) {}

    // The data of each event completed by `bytes`.
    Result<std::vector<std::string>> push(std::string_view bytes);

  private:
    void end_line(std::vector<std::string>& events);

    std::size_t limit_;
    std::string line_;
    std::string data_;  // each line with its LF; empty = no data line yet
    bool is_after_cr_ = false;
};

}  // namespace tutti::cli

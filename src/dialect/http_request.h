// SPDX-License-Identifier: Apache-2.0
// What a dialect may see of an HTTP request: views the gateway fills, valid during the call only.
#pragma once

#include "dialect/query.h"

#include <functional>
#include <string_view>
#include <vector>

namespace tutti::dialect {

struct HttpRequest {
    std::string_view method;
    std::string_view path;  // percent escapes decoded, no query
    Fields query;
    // The value of a header, its name in any case; empty when absent.
    std::function<std::string_view(std::string_view name)> header;
    // As offered in Sec-WebSocket-Protocol, in order (split_list of header_value.h).
    std::vector<std::string_view> subprotocols;
};

}  // namespace tutti::dialect

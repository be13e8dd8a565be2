// SPDX-License-Identifier: Apache-2.0
#include "dialect/detail_body.h"

#include "dialect/json_text.h"

namespace tutti::dialect {

std::string detail_body(const RequestError& error) {
    if (error.error.errc() != Errc::bad_parameter || error.param.empty())
        return to_text(json::object{{"detail", error.error.message()}});
    json::object fault;
    fault["type"] = error.value ? "value_error" : "missing";
    fault["loc"] = json::array{"body", error.param};
    fault["msg"] = error.error.message();
    fault["input"] = error.value ? json::value(*error.value) : json::value(nullptr);
    return to_text(json::object{{"detail", json::array{std::move(fault)}}});
}

}  // namespace tutti::dialect

// SPDX-License-Identifier: Apache-2.0
// Named values of a request, from its query or its form, and the checks every parser needs.
//
//   auto query = parse_query("model=a&endpointing=300");
//   auto endpointing = int_field(*query, "endpointing", {0, 60000});
//
// Repeated names are kept in order. An empty value counts as absent, as the Python services this
// house replaces treat it. Where one value is wanted and several came, the last one counts.
#pragma once

#include "dialect/request_error.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::dialect {

class Fields {
  public:
    void add(std::string name, std::string value) {
        items_.emplace_back(std::move(name), std::move(value));
    }
    std::optional<std::string_view> find(std::string_view name) const;
    std::vector<std::string_view> find_all(std::string_view name) const;

    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }

  private:
    std::vector<std::pair<std::string, std::string>> items_;
};

enum class PlusSign { is_space, is_itself };

// Errc::bad_request when a '%' is not followed by two hex digits.
Result<std::string> percent_decode(std::string_view text, PlusSign plus);

// The part of a target behind '?', without it.
Parsed<Fields> parse_query(std::string_view encoded);

// true/false in any case, or 1/0.
Parsed<bool> bool_field(const Fields& fields, std::string_view name, bool fallback);

struct IntRange {
    int least;
    int most;
};
Parsed<std::optional<int>> int_field(const Fields& fields, std::string_view name, IntRange range);

// A name of a model: up to 128 visible ASCII characters. Empty when absent.
Parsed<std::string> model_field(const Fields& fields);

// A language tag: up to 35 letters, digits and hyphens. Empty when absent.
Parsed<std::string> language_field(const Fields& fields);

}  // namespace tutti::dialect

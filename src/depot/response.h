// SPDX-License-Identifier: Apache-2.0
// What an HTTP answer means for a download of which a part may be there already. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::depot {

// Of the body that is on the disk.
struct Kept {
    std::uint64_t bytes = 0;
    std::string validator;               // its strong ETag or Last-Modified; empty = none was sent
    std::optional<std::uint64_t> total;  // of the whole body, where the server said

    // Without a validator nobody can say that the rest belongs to the same file.
    bool can_go_on() const { return bytes > 0 && !validator.empty(); }
    bool is_whole() const { return bytes > 0 && total == bytes; }
};

struct ContentRange {
    std::optional<std::uint64_t> first;  // nullopt = "bytes */total"
    std::optional<std::uint64_t> total;

    bool operator==(const ContentRange&) const = default;
};

std::optional<ContentRange> parse_content_range(std::string_view value);

// The head of the answer that counts: after redirections.
class ResponseHead {
  public:
    // One line as it came; a status line begins a new head.
    void add_line(std::string_view line);

    int status = 0;
    std::string etag;
    std::string last_modified;
    std::optional<std::uint64_t> length;
    std::optional<ContentRange> range;
    std::optional<std::chrono::seconds> retry_after;

    // For If-Range, which takes no weak ETag.
    std::string validator() const;
    // Of the whole body.
    std::optional<std::uint64_t> total() const;
};

enum class Act {
    take_all,    // the body is the whole file: what was kept is void
    take_rest,   // the body goes on where the kept part ends
    finish,      // all of it is there already
    start_over,  // what was kept is of no use; ask again without it
    wait,        // the server may answer better later
    give_up,
};

Act judge(const ResponseHead& head, const Kept& kept);

// "404 Not Found"; the number alone for those without a usual name.
std::string status_text(int status);

}  // namespace tutti::depot

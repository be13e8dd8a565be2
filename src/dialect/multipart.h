// SPDX-License-Identifier: Apache-2.0
// An incremental parser of multipart/form-data, for uploads of any size in pieces of any size.
//
//   auto boundary = multipart_boundary(content_type);
//   MultipartParser parser(*boundary);
//   for each piece read:  for (auto& event : *parser.push(piece)) ...
//   at the end of the body:  parser.finish()
//
// 1. A body is (PartBegin PartData* PartEnd)* MultipartEnd, however it is cut into pieces.
// 2. PartData is a view into the parser, valid until the next push.
// 3. Memory is bounded by one piece and the limits; how much data a part may have is the caller's
//    business.
// 4. After an error every further push fails the same way.
#pragma once

#include "base/error.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tutti::dialect {

struct PartBegin {
    std::string name;
    std::optional<std::string> filename;  // nullopt = a plain field; bytes as the client chose them
    std::string content_type;             // empty when the part has none
};
struct PartData {
    std::string_view bytes;
};
struct PartEnd {};
struct MultipartEnd {};
using MultipartEvent = std::variant<PartBegin, PartData, PartEnd, MultipartEnd>;

struct MultipartLimits {
    std::size_t header_bytes = 8 * 1024;  // of one part
    std::size_t parts = 100;
};

// The boundary a Content-Type of multipart/form-data names.
Result<std::string> multipart_boundary(std::string_view content_type);

class MultipartParser {
  public:
    explicit MultipartParser(std::string_view boundary, MultipartLimits limits = {});

    Result<std::vector<MultipartEvent>> push(std::string_view bytes);

    // Says whether the closing boundary was seen.
    Result<void> finish() const;

  private:
    enum class State { preamble, delimiter_end, headers, data, done };
    using Events = std::vector<MultipartEvent>;

    // One step; false when more bytes are needed.
    Result<bool> advance(Events& events);
    Result<bool> skip_preamble();
    Result<bool> read_delimiter_end(Events& events);
    Result<bool> read_headers(Events& events);
    Result<bool> read_data(Events& events);
    std::string_view rest() const { return std::string_view(buffer_).substr(used_); }

    std::string delimiter_;  // CRLF, two hyphens, the boundary
    MultipartLimits limits_;
    // Begins with a CRLF of our own, so that the first delimiter looks like all others.
    std::string buffer_ = "\r\n";
    std::size_t used_ = 0;  // bytes of buffer_ that the next push drops
    std::size_t part_count_ = 0;
    std::size_t preamble_bytes_ = 0;
    State state_ = State::preamble;
    std::optional<Error> failure_;
};

}  // namespace tutti::dialect

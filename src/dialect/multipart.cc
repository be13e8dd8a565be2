// SPDX-License-Identifier: Apache-2.0
#include "dialect/multipart.h"

#include "dialect/header_value.h"
#include "dialect/query.h"

#include <algorithm>

namespace tutti::dialect {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadersEnd = "\r\n\r\n";

bool is_boundary_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

Error malformed(const char* why) {
    return {Errc::bad_request, std::string("malformed multipart body: ") + why};
}

// filename*=UTF-8''na%C3%AFve.wav, which some Python clients send for names beyond ASCII.
std::optional<std::string> extended_filename(std::string_view disposition) {
    static constexpr std::string_view kCharset = "utf-8'";
    const auto value = find_parameter(disposition, "filename*");
    if (!value || !equals_ignoring_case(value->substr(0, kCharset.size()), kCharset))
        return std::nullopt;
    const auto language_end = value->find('\'', kCharset.size());
    if (language_end == std::string::npos) return std::nullopt;
    auto name =
        percent_decode(std::string_view(*value).substr(language_end + 1), PlusSign::is_itself);
    if (!name) return std::nullopt;
    return std::move(*name);
}

Result<PartBegin> describe_part(std::string_view disposition, std::string_view content_type) {
    if (!equals_ignoring_case(main_value(disposition), "form-data"))
        return malformed("a part without Content-Disposition: form-data");
    auto name = find_parameter(disposition, "name");
    if (!name) return malformed("a part without a name");
    auto filename = find_parameter(disposition, "filename");
    if (!filename) filename = extended_filename(disposition);
    return PartBegin{std::move(*name), std::move(filename), std::string(content_type)};
}

Result<PartBegin> parse_part_headers(std::string_view lines) {
    std::string_view disposition, content_type;
    while (!lines.empty()) {
        const auto end = std::min(lines.find(kLineEnd), lines.size());
        const auto line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + kLineEnd.size(), lines.size()));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0)
            return malformed("a part's header line without a name");
        const auto name = line.substr(0, colon);
        const auto value = trimmed(line.substr(colon + 1));
        if (equals_ignoring_case(name, "content-disposition")) disposition = value;
        if (equals_ignoring_case(name, "content-type")) content_type = value;
    }
    return describe_part(disposition, content_type);
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
    static constexpr std::size_t kLongest = 70;
    if (!equals_ignoring_case(main_value(content_type), "multipart/form-data"))
        return Error(Errc::bad_request, "the body must be multipart/form-data");
    auto boundary = find_parameter(content_type, "boundary");
    if (!boundary || boundary->empty())
        return Error(Errc::bad_request, "Content-Type names no multipart boundary");
    const bool is_usable = boundary->size() <= kLongest && boundary->back() != ' ' &&
                           std::ranges::all_of(*boundary, is_boundary_character);
    if (!is_usable) return Error(Errc::bad_request, "the multipart boundary is not usable");
    return std::move(*boundary);
}

MultipartParser::MultipartParser(std::string_view boundary, MultipartLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits) {
}

Result<std::vector<MultipartEvent>> MultipartParser::push(std::string_view bytes) {
    if (failure_) return *failure_;
    buffer_.erase(0, used_);
    used_ = 0;
    buffer_.append(bytes);
    Events events;
    for (;;) {
        const auto moved = advance(events);
        if (!moved) {
            failure_ = moved.error();
            return *failure_;
        }
        if (!*moved) return events;
    }
}

Result<void> MultipartParser::finish() const {
    if (failure_) return *failure_;
    if (state_ != State::done) return malformed("it ends before its closing boundary");
    return {};
}

Result<bool> MultipartParser::advance(Events& events) {
    switch (state_) {
        case State::preamble:
            return skip_preamble();
        case State::delimiter_end:
            return read_delimiter_end(events);
        case State::headers:
            return read_headers(events);
        case State::data:
            return read_data(events);
        case State::done:
            break;
    }
    used_ = buffer_.size();
    return false;
}

Result<bool> MultipartParser::skip_preamble() {
    const auto at = rest().find(delimiter_);
    const bool is_found = at != std::string_view::npos;
    const auto skipped =
        is_found ? at : rest().size() - std::min(rest().size(), delimiter_.size() - 1);
    preamble_bytes_ += skipped;
    if (preamble_bytes_ > limits_.header_bytes) return malformed("no boundary where it begins");
    used_ += skipped;
    if (!is_found) return false;
    used_ += delimiter_.size();
    state_ = State::delimiter_end;
    return true;
}

Result<bool> MultipartParser::read_delimiter_end(Events& events) {
    const auto padding = std::min(rest().find_first_not_of(" \t"), rest().size());
    const auto end = rest().substr(padding, 2);
    if (padding > limits_.header_bytes) return malformed("a boundary line that does not end");
    if (end == "--") {
        events.emplace_back(MultipartEnd{});
        state_ = State::done;
        return true;
    }
    if (end == kLineEnd) {
        if (++part_count_ > limits_.parts)
            return Error(Errc::too_large, "the multipart body has too many parts");
        used_ += padding;  // The CRLF stays: read_headers looks for it.
        state_ = State::headers;
        return true;
    }
    const bool may_become_one = end.empty() || end == "-" || end == "\r";
    if (!may_become_one) return malformed("a boundary followed by something else");
    return false;
}

Result<bool> MultipartParser::read_headers(Events& events) {
    const auto end = rest().find(kHeadersEnd);
    const bool is_found = end != std::string_view::npos;
    if ((is_found ? end : rest().size()) > limits_.header_bytes)
        return Error(Errc::too_large, "the headers of a multipart part are too long");
    if (!is_found) return false;
    const auto lines = rest().substr(0, end);
    auto part = parse_part_headers(lines.substr(std::min(kLineEnd.size(), lines.size())));
    if (!part) return part.error();
    events.push_back(std::move(*part));
    used_ += end + kHeadersEnd.size();
    state_ = State::data;
    return true;
}

Result<bool> MultipartParser::read_data(Events& events) {
    auto end = rest().find(delimiter_);
    const bool is_found = end != std::string_view::npos;
    if (!is_found) {
        // A delimiter that is cut in two begins with the only '\r' it has.
        const auto tail = rest().size() - std::min(rest().size(), delimiter_.size() - 1);
        end = std::min(rest().find('\r', tail), rest().size());
    }
    if (end > 0) events.push_back(PartData{rest().substr(0, end)});
    used_ += end;
    if (!is_found) return false;
    used_ += delimiter_.size();
    events.emplace_back(PartEnd{});
    state_ = State::delimiter_end;
    return true;
}

}  // namespace tutti::dialect

// SPDX-License-Identifier: Apache-2.0
#include "cli/event_stream.h"

#include <algorithm>

namespace tutti::cli {

Result<std::vector<std::string>> EventStream::push(std::string_view bytes) {
    std::vector<std::string> events;
    while (!bytes.empty()) {
        const bool ends_crlf = is_after_cr_ && bytes.front() == '\n';
        is_after_cr_ = false;
        if (ends_crlf) bytes.remove_prefix(1);
        const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
        if (line_.size() + data_.size() + end > limit_)
            return Error(Errc::too_large, "the server sent an event that is too large");
        line_ += bytes.substr(0, end);
        bytes.remove_prefix(end);
        if (bytes.empty()) break;
        is_after_cr_ = bytes.front() == '\r';
        bytes.remove_prefix(1);
        end_line(events);
    }
    return events;
}

void EventStream::end_line(std::vector<std::string>& events) {
    static constexpr std::string_view kData = "data:";
    if (line_.empty() && !data_.empty()) {
        data_.pop_back();
        events.push_back(std::move(data_));
        data_.clear();
    } else if (line_ == "data") {
        data_ += '\n';
    } else if (line_.starts_with(kData)) {
        const bool is_spaced = line_.size() > kData.size() && line_[kData.size()] == ' ';
        data_.append(line_, kData.size() + (is_spaced ? 1 : 0)).push_back('\n');
    }
    line_.clear();
}

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
// The last line of a terminal, written over and over: standard error, if it is one; silent
// otherwise.
//
//   if (status.is_due()) status.show(text_of(status.width()));
//   status.clear();  // before anything else is written
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace tutti::cli {

class StatusLine {
  public:
    StatusLine();
    StatusLine(const StatusLine&) = delete;
    StatusLine& operator=(const StatusLine&) = delete;
    ~StatusLine() { clear(); }

    // False without a terminal, and for a moment after each show().
    bool is_due() const;
    // Columns of the terminal that a text may fill.
    std::size_t width() const;
    void show(std::string_view text);
    void clear();

  private:
    bool has_terminal_ = false;
    bool is_shown_ = false;
    std::chrono::steady_clock::time_point shown_at_;
};

}  // namespace tutti::cli

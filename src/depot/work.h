// SPDX-License-Identifier: Apache-2.0
// How long work of the depot is watched and ended.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <functional>
#include <string>

namespace tutti::depot {

enum class Stage { downloading, unpacking, verifying };

struct Work {
    // Called about ten times a second or more, with how many bytes are done; total 0 = not known.
    std::function<void(Stage, std::uint64_t done, std::uint64_t total)> on_progress;
    // One line for the user about what goes on meanwhile: a connection that was lost.
    std::function<void(const std::string&)> on_remark;
    // True ends the work with Errc::canceled.
    std::function<bool()> is_canceled;

    void progress(Stage stage, std::uint64_t done, std::uint64_t total) const {
        if (on_progress) on_progress(stage, done, total);
    }
    void remark(const std::string& text) const {
        if (on_remark) on_remark(text);
    }
    bool must_end() const { return is_canceled && is_canceled(); }
};

inline Error canceled() {
    return Error(Errc::canceled, "interrupted");
}

}  // namespace tutti::depot

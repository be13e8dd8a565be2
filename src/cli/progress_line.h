// SPDX-License-Identifier: Apache-2.0
// The one line that shows how far a file is. Pure; StatusLine puts it on the terminal.
#pragma once

#include <cstddef>
#include <string>

namespace tutti::cli {

enum class Stage { uploading, recognising, downloading, unpacking, verifying };

struct Progress {
    Stage stage = Stage::uploading;
    double done = 0;   // seconds recognised; else bytes
    double total = 0;  // 0 = not known
};

// At most `width` columns; what has no room is left out, the bar first.
std::string progress_line(const std::string& name, const Progress& progress, std::size_t width);

}  // namespace tutti::cli

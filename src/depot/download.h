// SPDX-License-Identifier: Apache-2.0
// Fetching a file by HTTP, however often the connection breaks.
//
//   auto done = download("https://…/model.tar.bz2", partial_path, {}, work);
//
// Goes on from what a former download left at that path, if the server still has the same file
// (Range, If-Range); then the file is there whole. Lost connections and servers that are busy or
// ill (408, 429, 5xx) are tried again, with growing pauses, until several tries in a row have
// brought nothing. Redirections lead to http and https alone.
//
// Errors: unavailable (no server, or it kept failing), not_found (it does not have the file),
// too_large, canceled, io (the disk). What was fetched is kept, for the next time.
#pragma once

#include "depot/work.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace tutti::depot {

struct DownloadLimits {
    std::uint64_t bytes = 16ull << 30;
    std::chrono::milliseconds connect{30'000};
    std::chrono::milliseconds stall{30'000};  // without a byte; then the connection is given up
    std::chrono::milliseconds first_pause{1'000};
    std::chrono::milliseconds longest_pause{30'000};
    int tries = 6;  // in a row without anything new
};

Result<void> download(const std::string& url, const std::filesystem::path& path,
                      const DownloadLimits& limits, const Work& work);

// A URL for people and files: without the user name and password that it may hold, in one line.
std::string shown_url(const std::string& url);

// The path of a file: URL, or an error that says what is wrong with it; checks the scheme of
// others.
Result<std::optional<std::filesystem::path>> local_path_of(const std::string& url);

}  // namespace tutti::depot

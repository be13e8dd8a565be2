// SPDX-License-Identifier: Apache-2.0
// A download on the disk, whole or not, with what is needed to go on with it later: beside the file
// lies "<file>.toml" with where it comes from, its validator and its size. A download of another
// address that has the same name is not gone on with.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include "depot/response.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace tutti::depot {

class PartialFile {
  public:
    static Result<PartialFile> open(std::filesystem::path path, std::string url);

    const Kept& kept() const { return kept_; }

    // Empties it and notes what it will be.
    Result<void> start_over(std::string validator, std::optional<std::uint64_t> total);
    Result<void> append(std::string_view bytes);

    static void remove(const std::filesystem::path& path);

  private:
    PartialFile(std::filesystem::path path, std::string url, UniqueFd fd)
        : path_(std::move(path)), url_(std::move(url)), fd_(std::move(fd)) {}
    Result<void> write_note() const;
    void read_note();

    std::filesystem::path path_;
    std::string url_;
    UniqueFd fd_;
    Kept kept_;
};

}  // namespace tutti::depot

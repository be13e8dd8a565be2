// SPDX-License-Identifier: Apache-2.0
// A file as the body of a multipart/form-data request, a piece at a time.
//
//   auto file = InputFile::open("talk.wav");
//   const Form form(fields, "talk.wav");
//   send form.head(); while (!(*piece = file->read()).empty()) send it; send form.tail();
//
// 1. The file is never whole in memory, and exactly size() bytes of it are read: one that shrinks
//    meanwhile is an error, what is appended to it is left out.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::cli {

class InputFile {
  public:
    // Regular files only, since only their size is known.
    static Result<InputFile> open(const std::string& path);

    std::uint64_t size() const { return size_; }
    std::uint64_t position() const { return position_; }
    // Empty at the end; valid until the next call.
    Result<std::string_view> read();

  private:
    InputFile(UniqueFd fd, std::uint64_t size);

    UniqueFd fd_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
    std::vector<char> piece_;
};

using FormFields = std::vector<std::pair<std::string, std::string>>;

// What stands before and after the file's bytes.
class Form {
  public:
    Form(const FormFields& fields, std::string_view file_name);

    std::string content_type() const;
    const std::string& head() const { return head_; }
    const std::string& tail() const { return tail_; }
    std::uint64_t size_with(std::uint64_t file_size) const {
        return head_.size() + file_size + tail_.size();
    }

  private:
    std::string boundary_;
    std::string head_;
    std::string tail_;
};

}  // namespace tutti::cli

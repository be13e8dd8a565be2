// SPDX-License-Identifier: Apache-2.0
#include "cli/upload.h"

#include "base/ids.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace tutti::cli {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

// As browsers write a name into a header.
std::string escaped(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '"')
            out += "%22";
        else if (c == '\r')
            out += "%0D";
        else if (c == '\n')
            out += "%0A";
        else
            out += c;
    }
    return out;
}

}  // namespace

Result<InputFile> InputFile::open(const std::string& path) {
    // Without O_NONBLOCK the open of a pipe nobody writes to would wait for ever.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0) return errno_error("cannot read it");
    if (S_ISDIR(facts.st_mode)) return Error(Errc::bad_parameter, "is a folder, not a file");
    if (!S_ISREG(facts.st_mode)) return Error(Errc::bad_parameter, "is not a regular file");
    return InputFile(std::move(fd), static_cast<std::uint64_t>(facts.st_size));
}

InputFile::InputFile(UniqueFd fd, std::uint64_t size)
    : fd_(std::move(fd)), size_(size), piece_(kPiece) {
}

Result<std::string_view> InputFile::read() {
    const auto wanted = std::min<std::uint64_t>(piece_.size(), size_ - position_);
    if (wanted == 0) return std::string_view();
    const auto n = ::pread(fd_.get(), piece_.data(), wanted, static_cast<off_t>(position_));
    if (n < 0) return errno_error("cannot read it");
    if (n == 0) return Error(Errc::io, "became shorter while it was read");
    position_ += static_cast<std::uint64_t>(n);
    return std::string_view(piece_.data(), static_cast<std::size_t>(n));
}

Form::Form(const FormFields& fields, std::string_view file_name) : boundary_(random_uuid()) {
    static constexpr std::string_view kDisposition = "Content-Disposition: form-data; name=";
    for (const auto& [name, value] : fields)
        head_ += fmt::format("--{}\r\n{}\"{}\"\r\n\r\n{}\r\n", boundary_, kDisposition,
                             escaped(name), value);
    head_ += fmt::format(
        "--{}\r\n{}\"file\"; filename=\"{}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
        boundary_, kDisposition, escaped(file_name));
    tail_ = fmt::format("\r\n--{}--\r\n", boundary_);
}

std::string Form::content_type() const {
    return "multipart/form-data; boundary=" + boundary_;
}

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
#include "depot/partial_file.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <fstream>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;

fs::path note_of(fs::path path) {
    return path += ".toml";
}

}  // namespace

Result<PartialFile> PartialFile::open(fs::path path, std::string url) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0)
        return errno_error("write " + log::printable(path.string()));
    PartialFile file(std::move(path), std::move(url), std::move(fd));
    file.read_note();
    file.kept_.bytes = static_cast<std::uint64_t>(status.st_size);
    return file;
}

void PartialFile::read_note() {
    try {
        const auto note = toml::parse_file(note_of(path_).string());
        if (note["url"].value_or(std::string()) != url_) return;
        kept_.validator = note["validator"].value_or(std::string());
        if (const auto total = note["bytes"].value<std::int64_t>(); total && *total >= 0)
            kept_.total = static_cast<std::uint64_t>(*total);
    } catch (const toml::parse_error&) {
        // As if there were none: the download begins anew.
    }
}

// The file is empty whenever it and its note could disagree.
Result<void> PartialFile::start_over(std::string validator, std::optional<std::uint64_t> total) {
    if (::ftruncate(fd_.get(), 0) != 0)
        return errno_error("write " + log::printable(path_.string()));
    kept_ = {.validator = std::move(validator), .total = total};
    return write_note();
}

Result<void> PartialFile::write_note() const {
    toml::table note{{"url", url_}, {"validator", kept_.validator}};
    if (kept_.total) note.insert("bytes", static_cast<std::int64_t>(*kept_.total));
    const auto path = note_of(path_);
    std::ofstream out(path, std::ios::trunc);
    // A URL may hold a password.
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, ignored);
    out << note << '\n' << std::flush;
    if (!out) return errno_error("write " + log::printable(path.string()));
    return {};
}

Result<void> PartialFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n =
            ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(kept_.bytes));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("write " + log::printable(path_.string()));
        kept_.bytes += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

void PartialFile::remove(const fs::path& path) {
    std::error_code ignored;
    fs::remove(path, ignored);
    fs::remove(note_of(path), ignored);
}

}  // namespace tutti::depot

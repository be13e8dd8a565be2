// SPDX-License-Identifier: Apache-2.0
#include "depot/unpack.h"

#include "base/log.h"
#include "base/unique_fd.h"

#include "models/model_card.h"
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 1 << 16;

struct FreeArchive {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

class Unpacking {
  public:
    Unpacking(const fs::path& archive_path, const fs::path& into, const UnpackLimits& limits,
              const IsWanted& is_wanted, const Work& work)
        : archive_path_(archive_path),
          into_(into),
          limits_(limits),
          is_wanted_(is_wanted),
          work_(work),
          reader_(archive_read_new()) {}

    Result<void> run();

  private:
    Error refused(std::string_view why) const {
        return Error(Errc::bad_request, fmt::format("{}: {}", shown(archive_path_), why));
    }
    Error unreadable() const {
        const char* const why = archive_error_string(reader_.get());
        return refused(fmt::format("cannot be unpacked: {}", why ? why : "it is damaged"));
    }
    Error too_large() const {
        return Error(Errc::too_large, fmt::format("{}: unpacks to more than {} bytes",
                                                  shown(archive_path_), limits_.bytes));
    }
    static std::string shown(const fs::path& path) { return log::printable(path.string()); }

    void choose_formats();
    Result<void> take(archive_entry* entry);
    Result<fs::path> safe_name(archive_entry* entry) const;
    Result<void> check_size(archive_entry* entry) const;
    Result<void> write_file(archive_entry* entry, const fs::path& path);
    Result<std::uint64_t> copy_data(int fd);
    Result<void> write_block(int fd, std::string_view bytes, std::uint64_t offset) const;
    void show_progress() const;

    const fs::path& archive_path_;
    const fs::path& into_;
    const UnpackLimits& limits_;
    const IsWanted& is_wanted_;
    const Work& work_;
    std::unique_ptr<archive, FreeArchive> reader_;
    std::uint64_t archive_size_ = 0;
    std::uint64_t entries_ = 0;
    std::uint64_t bytes_ = 0;  // of files, kept or not
};

void Unpacking::choose_formats() {
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_bzip2(reader_.get());
    archive_read_support_filter_xz(reader_.get());
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_zip(reader_.get());
}

Result<void> Unpacking::run() {
    choose_formats();
    std::error_code failure;
    archive_size_ = fs::file_size(archive_path_, failure);
    if (failure) return Error(failure, "read " + shown(archive_path_));
    if (archive_read_open_filename(reader_.get(), archive_path_.c_str(), kBlock) != ARCHIVE_OK)
        return unreadable();
    for (;;) {
        archive_entry* entry = nullptr;
        const int code = archive_read_next_header(reader_.get(), &entry);
        if (code == ARCHIVE_EOF) break;
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return unreadable();
        if (auto done = take(entry); !done) return done;
    }
    if (entries_ == 0) return refused("holds nothing");
    return {};
}

Result<fs::path> Unpacking::safe_name(archive_entry* entry) const {
    const char* name = archive_entry_pathname(entry);
    if (!name) name = archive_entry_pathname_utf8(entry);
    if (!name) return refused("has an entry without a name");
    const auto told = log::printable(name);
    if (!models::is_inside(name)) return refused(fmt::format("'{}' would lie outside", told));
    // One that nobody wants is skipped like any other.
    const bool is_of_use = !is_wanted_ || is_wanted_(fs::path(name).lexically_normal());
    if (is_of_use && (archive_entry_hardlink(entry) || archive_entry_symlink(entry)))
        return refused(fmt::format("'{}' is a link", told));
    const auto type = archive_entry_filetype(entry);
    if (is_of_use && type != AE_IFREG && type != AE_IFDIR)
        return refused(fmt::format("'{}' is neither a file nor a folder", told));
    return fs::path(name).lexically_normal();
}

Result<void> Unpacking::check_size(archive_entry* entry) const {
    if (!archive_entry_size_is_set(entry)) return {};
    const auto size = archive_entry_size(entry);
    if (size < 0) return refused("has a file of negative size");
    if (static_cast<std::uint64_t>(size) > limits_.bytes - bytes_) return too_large();
    return {};
}

Result<void> Unpacking::take(archive_entry* entry) {
    if (work_.must_end()) return canceled();
    if (++entries_ > limits_.entries)
        return Error(Errc::too_large, fmt::format("{}: has more than {} entries",
                                                  shown(archive_path_), limits_.entries));
    const auto name = safe_name(entry);
    if (!name) return name.error();
    std::error_code failure;
    if (archive_entry_filetype(entry) == AE_IFDIR) {
        if (!is_wanted_) fs::create_directories(into_ / *name, failure);
        if (failure) return refused(fmt::format("'{}': {}", shown(*name), failure.message()));
        return {};
    }
    if (auto done = check_size(entry); !done) return done;
    if (is_wanted_ && !is_wanted_(*name)) {
        const auto skipped = copy_data(-1);
        if (!skipped) return skipped.error();
        bytes_ += *skipped;
        return {};
    }
    fs::create_directories((into_ / *name).parent_path(), failure);
    if (failure) return refused(fmt::format("'{}': {}", shown(*name), failure.message()));
    return write_file(entry, *name);
}

// Nothing in the folder is a link, since none was made; O_EXCL sees to a name that comes twice.
Result<void> Unpacking::write_file(archive_entry* entry, const fs::path& name) {
    const auto path = into_ / name;
    const UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd && errno == EEXIST) return refused(fmt::format("'{}' is there twice", shown(name)));
    if (!fd) return errno_error("write " + shown(path));
    const auto written = copy_data(fd.get());
    if (!written) return written.error();
    std::uint64_t size = *written;
    if (archive_entry_size_is_set(entry))
        size = std::max(size, static_cast<std::uint64_t>(archive_entry_size(entry)));
    bytes_ += size;
    // A sparse file may end with a hole.
    if (size > *written && ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
        return errno_error("write " + shown(path));
    return {};
}

// Where the last byte lies. Without a descriptor the data is only counted.
Result<std::uint64_t> Unpacking::copy_data(int fd) {
    std::uint64_t end = 0;
    for (;;) {
        if (work_.must_end()) return canceled();
        const void* data = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int code = archive_read_data_block(reader_.get(), &data, &size, &offset);
        if (code == ARCHIVE_EOF) return end;
        if (code != ARCHIVE_OK) return unreadable();
        if (offset < 0) return refused("has a block before the beginning of its file");
        const auto at = static_cast<std::uint64_t>(offset);
        const auto room = limits_.bytes - bytes_;
        if (at > room || size > room - at) return too_large();
        if (fd >= 0)
            if (auto done = write_block(fd, {static_cast<const char*>(data), size}, at); !done)
                return done.error();
        end = std::max(end, at + size);
        show_progress();
    }
}

Result<void> Unpacking::write_block(int fd, std::string_view bytes, std::uint64_t offset) const {
    while (!bytes.empty()) {
        const auto n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("write to " + shown(into_));
        offset += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

void Unpacking::show_progress() const {
    const auto read = archive_filter_bytes(reader_.get(), -1);
    work_.progress(Stage::unpacking, static_cast<std::uint64_t>(std::max<la_int64_t>(0, read)),
                   archive_size_);
}

}  // namespace

Result<void> unpack(const fs::path& archive, const fs::path& into, const UnpackLimits& limits,
                    const IsWanted& is_wanted, const Work& work) {
    return Unpacking(archive, into, limits, is_wanted, work).run();
}

bool is_archive_name(std::string_view url) {
    constexpr std::array<std::string_view, 6> kEnds = {".tar.gz", ".tgz", ".tar.bz2",
                                                       ".tar.xz", ".tar", ".zip"};
    const auto name = url.substr(0, url.find_first_of("?#"));
    return std::ranges::any_of(kEnds, [&](auto end) { return name.ends_with(end); });
}

}  // namespace tutti::depot

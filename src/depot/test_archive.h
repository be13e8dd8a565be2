// SPDX-License-Identifier: Apache-2.0
// Archives made entry by entry, good ones and others. Tests only.
//
//   Packer packer(folder / "a.tar.gz");
//   packer.file("model/tokens.txt", "…").link("evil", "/etc/passwd").close();
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

namespace tutti::depot::test {

class Packer {
  public:
    // The format follows from the name.
    explicit Packer(const std::filesystem::path& path) : out_(archive_write_new()) {
        archive_write_set_format_filter_by_ext(out_, path.c_str());
        if (path.extension() != ".zip") archive_write_set_format_pax(out_);
        check(archive_write_open_filename(out_, path.c_str()));
    }
    Packer(const Packer&) = delete;
    ~Packer() { archive_write_free(out_); }
    void close() { check(archive_write_close(out_)); }

    using Change = std::function<void(archive_entry*)>;

    Packer& file(const std::string& name, const std::string& content, const Change& change = {}) {
        return add(
            name, AE_IFREG,
            [&](archive_entry* entry) {
                archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
                if (change) change(entry);
            },
            content);
    }
    Packer& folder(const std::string& name) { return add(name, AE_IFDIR, {}, {}); }
    Packer& symlink(const std::string& name, const std::string& target) {
        return add(name, AE_IFLNK,
                   [&](auto* entry) { archive_entry_set_symlink(entry, target.c_str()); }, {});
    }
    Packer& hardlink(const std::string& name, const std::string& target) {
        return add(name, AE_IFREG,
                   [&](auto* entry) { archive_entry_set_hardlink(entry, target.c_str()); }, {});
    }
    Packer& special(const std::string& name, unsigned int type) { return add(name, type, {}, {}); }

    // A file of one byte, a hole up to `size` behind it.
    Packer& sparse(const std::string& name, la_int64_t size) {
        archive_entry* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, size);
        archive_entry_sparse_add_entry(entry, 0, 1);
        check(archive_write_header(out_, entry));
        archive_write_data(out_, "x", 1);
        archive_entry_free(entry);
        return *this;
    }

  private:
    Packer& add(const std::string& name, unsigned int type, const Change& change,
                const std::string& content) {
        archive_entry* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_filetype(entry, type);
        archive_entry_set_perm(entry, 0777);
        if (change) change(entry);
        check(archive_write_header(out_, entry));
        if (!content.empty()) archive_write_data(out_, content.data(), content.size());
        archive_entry_free(entry);
        return *this;
    }
    void check(int code) {
        if (code < ARCHIVE_WARN) throw std::runtime_error(archive_error_string(out_));
    }

    archive* out_;
};

}  // namespace tutti::depot::test

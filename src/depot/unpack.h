// SPDX-License-Identifier: Apache-2.0
// Unpacking an archive that may mean harm into an empty folder of ours.
//
// Only files and folders inside that folder are made. Links of both kinds, devices, pipes, absolute
// names, names with "..", a name that comes twice, and more entries or bytes than allowed end the
// unpacking with an error; what the archive says of owners, rights and times is ignored. Formats:
// tar, plain or packed by gzip, bzip2 or xz, and zip.
#pragma once

#include "depot/work.h"

#include <filesystem>
#include <functional>

namespace tutti::depot {

struct UnpackLimits {
    std::uint64_t entries = 100'000;
    std::uint64_t bytes = 64ull << 30;  // of all files together, holes of sparse ones included
};

// Whether a file, named as in the archive, is to be kept; empty = all are.
using IsWanted = std::function<bool(const std::filesystem::path&)>;

// Errors: bad_request (the archive is damaged or refused), too_large, canceled, io (the disk). What
// was unpacked until then is left for the caller to delete.
Result<void> unpack(const std::filesystem::path& archive, const std::filesystem::path& into,
                    const UnpackLimits& limits, const IsWanted& is_wanted, const Work& work);

// By its name: .tar.gz, .tgz, .tar.bz2, .tar.xz, .tar or .zip, a query or fragment behind it left
// out.
bool is_archive_name(std::string_view url);

}  // namespace tutti::depot

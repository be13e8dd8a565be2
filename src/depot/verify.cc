// SPDX-License-Identifier: Apache-2.0
#include "depot/verify.h"

#include "base/log.h"
#include "base/unique_fd.h"
#include "runtime/sha256.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 1 << 18;

// What is wrong with a file, or empty.
Result<std::string> fault_of(const models::ModelFile& file, const fs::path& path, const Work& work,
                             std::uint64_t done_before, std::uint64_t total) {
    std::error_code failure;
    const auto status = fs::status(path, failure);
    if (status.type() == fs::file_type::not_found) return std::string("is missing");
    if (failure) return failure.message();
    if (status.type() != fs::file_type::regular) return std::string("is no regular file");
    const auto size = fs::file_size(path, failure);
    if (failure) return failure.message();
    if (size != file.size)
        return fmt::format("has {} bytes, not the {} of {}", size, file.size, models::kCardName);
    const auto digest = digest_of(path, work, done_before, total);
    if (!digest && digest.error().errc() == Errc::canceled) return digest.error();
    if (!digest) return digest.error().context;
    if (*digest != file.sha256)
        return fmt::format("has the SHA-256 {}, not {} as {} says", *digest, file.sha256,
                           models::kCardName);
    return std::string();
}

}  // namespace

Result<std::string> digest_of(const fs::path& file, const Work& work, std::uint64_t done_before,
                              std::uint64_t total) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return errno_error("read " + log::printable(file.string()));
    runtime::Sha256 sha;
    std::vector<char> block(kBlock);
    for (std::uint64_t done = done_before;;) {
        if (work.must_end()) return canceled();
        const auto n = ::read(fd.get(), block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("read " + log::printable(file.string()));
        if (n == 0) return sha.finish_hex();
        sha.update({block.data(), static_cast<std::size_t>(n)});
        done += static_cast<std::uint64_t>(n);
        work.progress(Stage::verifying, done, total);
    }
}

Result<std::vector<std::string>> find_faults(const models::ModelCard& card, const fs::path& folder,
                                             const Work& work) {
    std::uint64_t total = 0;
    for (const auto& file : card.files) total += file.size;
    std::vector<std::string> faults;
    std::uint64_t done = 0;
    for (const auto& file : card.files) {
        const auto path = folder / file.path;
        const auto why = fault_of(file, path, work, done, total);
        if (!why) return why.error();
        if (!why->empty()) faults.push_back(log::printable(path.string()) + ' ' + *why);
        done += file.size;
    }
    return faults;
}

}  // namespace tutti::depot

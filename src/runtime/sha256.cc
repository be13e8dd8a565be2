// SPDX-License-Identifier: Apache-2.0
#include "runtime/sha256.h"

#include "base/log.h"
#include "base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace tutti::runtime {
namespace {

constexpr std::size_t kBlock = 1 << 18;

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::update(std::string_view bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish_hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

Result<std::string> sha256_of(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("read " + log::printable(file.string()));
    Sha256 sha;
    std::vector<char> block(kBlock);
    for (;;) {
        const auto n = ::read(fd.get(), block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("read " + log::printable(file.string()));
        if (n == 0) return sha.finish_hex();
        sha.update({block.data(), static_cast<std::size_t>(n)});
    }
}

}  // namespace tutti::runtime

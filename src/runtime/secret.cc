// SPDX-License-Identifier: Apache-2.0
#include "runtime/secret.h"

#include "base/log.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace tutti::runtime {
namespace {

constexpr std::size_t kLimit = 4096;

Error unusable(const std::string& origin, std::string_view why) {
    return Error(Errc::bad_config, log::printable(origin) + ": " + std::string(why));
}

Result<std::string> read_file(const std::string& path) {
    struct stat status {};
    std::ifstream in(path, std::ios::binary);
    if (!in || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return unusable(path, "cannot be read");
    if (status.st_mode & S_IROTH)
        log::warn("{}: this key can be read by every user (chmod o-r)", log::printable(path));
    std::string text(kLimit + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

std::string_view without_end(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

Result<std::string> secret_of(std::string_view text, const std::string& origin) {
    text = without_end(text);
    if (text.empty()) return unusable(origin, "holds no key");
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (text.size() > kLimit || std::ranges::any_of(text, is_control))
        return unusable(origin, "holds something that is no key");
    return std::string(text);
}

}  // namespace

Result<std::string> load_secret_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return text.error();
    return secret_of(*text, path);
}

Result<std::string> load_secret_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return secret_of(value ? value : "", "the environment variable " + name);
}

Result<SecretPair> load_secret_pair(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return text.error();
    const auto end = text->find('\n');
    if (end == text->npos)
        return unusable(path, "must hold two lines, the key's id and its secret");
    const std::string_view all = *text;
    auto id = secret_of(all.substr(0, end), path);
    if (!id) return id.error();
    auto secret = secret_of(all.substr(end + 1), path);
    if (!secret) return secret.error();
    return SecretPair{std::move(*id), std::move(*secret)};
}

}  // namespace tutti::runtime

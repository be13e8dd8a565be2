// SPDX-License-Identifier: Apache-2.0
#include "blob/bucket_options.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace tutti::blob {
namespace {

constexpr std::size_t kPrefixLimit = 500;
constexpr std::chrono::seconds kLongestLifetime{7 * 24 * 3600};  // servers allow no more

Error wrong(std::string why) {
    return Error(Errc::bad_config, std::move(why));
}

bool consists_of(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
    });
}

// In lower case, since the name of the host is signed as it is sent.
bool is_server(const std::string& text) {
    const auto url = boost::urls::parse_uri(text);
    if (!url || (url->scheme() != "http" && url->scheme() != "https")) return false;
    if (url->encoded_host().empty() || url->has_userinfo()) return false;
    return url->encoded_path().empty() && !url->has_query() && !url->has_fragment() &&
           std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_bucket_name(std::string_view name) {
    return name.size() >= 3 && name.size() <= 63 && consists_of(name, ".-") &&
           name.front() != '.' && name.front() != '-' && name.find("..") == name.npos;
}

// Characters that need no encoding, and no empty or dotted part: everybody writes it the same way.
bool is_prefix(const std::string& prefix) {
    const auto framed = "/" + prefix;
    return prefix.size() <= kPrefixLimit && consists_of(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./") &&
           framed.find("//") == framed.npos && framed.find("/.") == framed.npos;
}

Result<void> check_key(const BucketOptions& options) {
    if (options.key_file.empty() && options.key_env.empty())
        return wrong("key_file is missing (or key_env)");
    if (!options.key_file.empty() && !options.key_env.empty())
        return wrong("key_env and key_file exclude each other");
    if (!options.key_env.empty() && options.key_env.size() != 2)
        return wrong("key_env must name two variables, of the key's id and of its secret");
    return {};
}

}  // namespace

Result<void> check(const BucketOptions& options) {
    if (!options.is_set()) return {};
    if (!is_server(options.url))
        return wrong("url must be like https://host:port, in lower case and without a path");
    if (!options.public_url.empty() && !is_server(options.public_url))
        return wrong("public_url must be like https://host:port, in lower case and without a path");
    if (!is_bucket_name(options.bucket))
        return wrong("bucket must be 3 to 63 lower-case letters, digits, '-' and '.'");
    if (options.region.empty() || !consists_of(options.region, "-_"))
        return wrong("region must be lower-case letters, digits and '-'");
    if (!is_prefix(options.prefix))
        return wrong("prefix may hold letters, digits, '-', '_', '.' and single '/' inside");
    if (options.link_lifetime < std::chrono::seconds(1) || options.link_lifetime > kLongestLifetime)
        return wrong("link_lifetime must be from 1 to 604800 seconds");
    return check_key(options);
}

}  // namespace tutti::blob

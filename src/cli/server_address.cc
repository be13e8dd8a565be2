// SPDX-License-Identifier: Apache-2.0
#include "cli/server_address.h"

#include "base/log.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace tutti::cli {
namespace {

bool is_port(std::string_view text) {
    std::uint16_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc() && end == text.data() + text.size() && number > 0;
}

}  // namespace

Result<ServerAddress> parse_server_address(std::string_view url) {
    const auto bad = [url](std::string_view why) {
        return Error(Errc::bad_parameter,
                     fmt::format("the server '{}' {}", log::printable(url), why));
    };
    const auto parsed = boost::urls::parse_uri(boost::core::string_view(url.data(), url.size()));
    if (parsed && parsed->scheme() == "https")
        return bad("cannot be reached: https is not supported here, only http");
    if (!parsed || parsed->scheme() != "http" || parsed->encoded_host().empty())
        return bad("must be written like http://127.0.0.1:8000");
    if (parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment())
        return bad("must have no user name, query or fragment");
    const auto port = parsed->has_port() ? std::string(parsed->port()) : "80";
    if (!is_port(port)) return bad("has no usable port");
    ServerAddress address;
    address.host = parsed->host_address();
    address.port = port;
    address.authority = std::string(parsed->encoded_host_and_port());
    address.prefix = std::string(parsed->encoded_path());
    while (address.prefix.ends_with('/')) address.prefix.pop_back();
    return address;
}

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers.h"

namespace tutti::gateway {
namespace {

constexpr const char* kContentPolicy =
    "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'";

// The smallest form that the client can read.
std::pair<const std::string*, const char*> choose_form(const StaticSite::File& file,
                                                       std::string_view accepted) {
    if (!file.brotli.empty() && accepted.find("br") != std::string_view::npos)
        return {&file.brotli, "br"};
    if (!file.gzip.empty() && accepted.find("gzip") != std::string_view::npos)
        return {&file.gzip, "gzip"};
    return {&file.plain, nullptr};
}

}  // namespace

Response site_response(const Services& services, const Exchange& exchange) {
    const auto* file = services.site.find(exchange.path());
    if (!file)
        return error_response(exchange.path().starts_with("/v1/") ? dialect::Protocol::openai
                                                                  : dialect::Protocol::whoasr,
                              as_request_error(Error(Errc::not_found, "Not Found")), exchange.id());
    Response response;
    response.content_type = file->content_type;
    response.headers = {
        {"ETag", file->etag},
        {"Cache-Control", file->is_immutable ? "public, max-age=31536000, immutable" : "no-cache"},
        {"Vary", "Accept-Encoding"},
        {"Content-Security-Policy", kContentPolicy},
        {"Referrer-Policy", "no-referrer"}};
    if (exchange.header("if-none-match").find(file->etag) != std::string_view::npos) {
        response.status = 304;
        response.content_type.clear();
        return response;
    }
    const auto [body, encoding] = choose_form(*file, exchange.header("accept-encoding"));
    if (encoding) response.headers.emplace_back("Content-Encoding", encoding);
    response.body = *body;
    return response;
}

Response preflight_response(const Exchange& exchange, const std::string& allowed) {
    return {.status = 204,
            .content_type = "",
            .headers = {{"Allow", allowed},
                        {"Access-Control-Allow-Methods", allowed},
                        {"Access-Control-Allow-Headers",
                         std::string(exchange.header("access-control-request-headers"))},
                        {"Access-Control-Max-Age", "600"}}};
}

}  // namespace tutti::gateway

// SPDX-License-Identifier: Apache-2.0
#include "blob/bucket.h"

#include "base/ids.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace tutti::blob {
namespace {

constexpr std::size_t kCodeLimit = 64;

// As clients send it: without the port that the scheme implies.
std::string host_of(const std::string& server) {
    const auto url = boost::urls::parse_uri(server).value();
    const std::string_view port = url.port();
    const bool is_implied = port.empty() || port == (url.scheme() == "https" ? "443" : "80");
    return std::string(url.encoded_host()) + (is_implied ? "" : fmt::format(":{}", port));
}

// What stands in <Code>, if it is a word.
std::string code_of(std::string_view body) {
    constexpr std::string_view kBegin = "<Code>";
    const auto begin = body.find(kBegin);
    if (begin == body.npos) return {};
    body.remove_prefix(begin + kBegin.size());
    const auto code = body.substr(0, body.find('<'));
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (code.size() > kCodeLimit || !std::ranges::all_of(code, is_letter)) return {};
    return std::string(code);
}

bool is_success(int status) {
    return status >= 200 && status < 300;
}

Error failure(Errc cause, std::string_view what, int status, const std::string& code) {
    return Error(cause, fmt::format("the audio store {} (status {}{}{})", what, status,
                                    code.empty() ? "" : ", ", code));
}

}  // namespace

Bucket::Bucket(BucketOptions options, Signer signer)
    : options_(std::move(options)), signer_(std::move(signer)) {
}

std::string Bucket::new_name(std::string_view ending) const {
    return options_.prefix + random_uuid() + std::string(ending);
}

std::string Bucket::path_of(const std::string& name) const {
    return "/" + options_.bucket + "/" + name;
}

Request Bucket::sign(std::string method, std::string path, std::string body, Fields headers,
                     SystemTime now) const {
    SignedRequest request{
        .method = std::move(method), .path = std::move(path), .query = {}, .headers = headers};
    request.headers["host"] = host_of(options_.url);
    headers.merge(sign_headers(request, sha256_hex(body), signer_, now));
    Request out{.method = request.method,
                .url = options_.url + encode_uri(request.path, Slash::separates),
                .headers = {},
                .body = std::move(body)};
    for (const auto& [name, value] : headers) out.headers.push_back(name + ": " + value);
    return out;
}

Request Bucket::put(const std::string& name, std::string body, const std::string& type,
                    SystemTime now) const {
    return sign("PUT", path_of(name), std::move(body), {{"content-type", type}}, now);
}

Request Bucket::remove(const std::string& name, SystemTime now) const {
    return sign("DELETE", path_of(name), {}, {}, now);
}

Request Bucket::create(SystemTime now) const {
    // The first region is meant where none is named, and may not be named.
    const auto body =
        options_.region == "us-east-1"
            ? std::string()
            : fmt::format(
                  "<CreateBucketConfiguration "
                  "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>"
                  "{}</LocationConstraint></CreateBucketConfiguration>",
                  options_.region);
    return sign("PUT", "/" + options_.bucket, body, {{"content-type", "application/xml"}}, now);
}

std::string Bucket::link(const std::string& name, SystemTime now) const {
    const auto& server = options_.public_url.empty() ? options_.url : options_.public_url;
    const auto address = server + encode_uri(path_of(name), Slash::separates);
    if (options_.links == Links::plain) return address;
    const SignedRequest request{.method = "GET",
                                .path = path_of(name),
                                .query = {},
                                .headers = {{"host", host_of(server)}}};
    return address + "?" + presign_query(request, options_.link_lifetime, signer_, now);
}

Result<void> read_answer(int status, std::string_view body) {
    if (is_success(status)) return {};
    const auto code = code_of(body);
    const auto because = [&](Errc cause, std::string_view what) {
        return failure(cause, what, status, code);
    };
    if (status == 401 || status == 403) return because(Errc::internal, "refused our key");
    if (status == 404) return because(Errc::internal, "does not have its bucket");
    if (status == 429) return because(Errc::busy, "is at capacity");
    if (status >= 500) return because(Errc::unavailable, "failed");
    if (status >= 300 && status < 400)
        return because(Errc::internal, "redirects, which is not followed");
    return because(Errc::internal, "refused our request");
}

Result<void> read_create_answer(int status, std::string_view body) {
    if (status == 409) return {};
    return read_answer(status, body);
}

std::string without_links(std::string_view text) {
    constexpr std::string_view kMark = "x-amz-";
    const auto same = [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    };
    const auto found = std::search(text.begin(), text.end(), kMark.begin(), kMark.end(), same);
    std::string out(text.begin(), found);
    if (found != text.end()) out += "***";
    return out;
}

}  // namespace tutti::blob

// SPDX-License-Identifier: Apache-2.0
#include "blob/sigv4.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <new>

namespace tutti::blob {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedBody = "UNSIGNED-PAYLOAD";

std::string to_hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string hmac(std::string_view key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
              &size))
        throw std::bad_alloc();
    return {reinterpret_cast<const char*>(digest.data()), size};
}

// "20130524T000000Z"; its first 8 characters are the day.
std::string stamp_of(SystemTime now) {
    return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

std::string scope_of(const std::string& stamp, const Signer& signer) {
    return fmt::format("{}/{}/s3/aws4_request", stamp.substr(0, 8), signer.region);
}

std::string encode_query(const Fields& query) {
    std::string out;
    for (const auto& [name, value] : query)
        out += fmt::format("{}{}={}", out.empty() ? "" : "&", encode_uri(name, Slash::is_encoded),
                           encode_uri(value, Slash::is_encoded));
    return out;
}

std::string names_of(const Fields& headers) {
    std::string out;
    for (const auto& [name, value] : headers) out += (out.empty() ? "" : ";") + name;
    return out;
}

std::string canonical(const SignedRequest& request, std::string_view body) {
    std::string headers;
    for (const auto& [name, value] : request.headers) headers += name + ":" + value + "\n";
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                       encode_uri(request.path, Slash::separates), encode_query(request.query),
                       headers, names_of(request.headers), body);
}

std::string signature_of(const SignedRequest& request, std::string_view body, const Signer& signer,
                         const std::string& stamp) {
    auto key = hmac("AWS4" + signer.secret, stamp.substr(0, 8));
    for (const std::string_view part : {std::string_view(signer.region), std::string_view("s3"),
                                        std::string_view("aws4_request")})
        key = hmac(key, part);
    return to_hex(
        hmac(key, fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp, scope_of(stamp, signer),
                              sha256_hex(canonical(request, body)))));
}

}  // namespace

Fields sign_headers(SignedRequest request, const std::string& body_sha256, const Signer& signer,
                    SystemTime now) {
    const auto stamp = stamp_of(now);
    Fields added = {{"x-amz-date", stamp}, {"x-amz-content-sha256", body_sha256}};
    request.headers.insert(added.begin(), added.end());
    added["authorization"] =
        fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, signer.key_id,
                    scope_of(stamp, signer), names_of(request.headers),
                    signature_of(request, body_sha256, signer, stamp));
    return added;
}

std::string presign_query(SignedRequest request, std::chrono::seconds lifetime,
                          const Signer& signer, SystemTime now) {
    const auto stamp = stamp_of(now);
    request.query["X-Amz-Algorithm"] = kAlgorithm;
    request.query["X-Amz-Credential"] = signer.key_id + "/" + scope_of(stamp, signer);
    request.query["X-Amz-Date"] = stamp;
    request.query["X-Amz-Expires"] = std::to_string(lifetime.count());
    request.query["X-Amz-SignedHeaders"] = names_of(request.headers);
    return encode_query(request.query) +
           "&X-Amz-Signature=" + signature_of(request, kUnsignedBody, signer, stamp);
}

std::string encode_uri(std::string_view text, Slash slash) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~' || (c == '/' && slash == Slash::separates);
        if (is_plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace tutti::blob

// SPDX-License-Identifier: Apache-2.0
#include "policy/resume_token.h"

#include "proto/wire.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>

namespace tutti::policy {
namespace {

using namespace std::chrono_literals;

// Also the version of the layout: another one gets another name.
constexpr std::string_view kKind = "tutti-resume-1";
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kOptionsSize = 16;
constexpr std::size_t kLongestToken = 1024;
// The clocks of two nodes may differ so much.
constexpr auto kSkew = 5s;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) text += kAlphabet[(bits >> (count - 6)) & 63];
    }
    if (count > 0) text += kAlphabet[(bits << (6 - count)) & 63];
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = kAlphabet.find(c);
        if (digit == kAlphabet.npos) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>((bits >> count) & 255);
    }
    // One spelling for one token: what is left over is nothing.
    if (count >= 6 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return bytes;
}

std::string mac_of(std::string_view body, std::string_view key) {
    const auto text = std::string(kKind) + std::string(body);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
              &size))
        throw std::bad_alloc();
    return {reinterpret_cast<const char*>(digest.data()), kMacSize};
}

std::int64_t milliseconds_of(ResumeTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Error not_ours() {
    return Error(Errc::forbidden, "the resume token is not one of this server's");
}

Result<ResumeClaims> open_token(std::string_view token, std::string_view key) {
    if (token.size() > kLongestToken || key.size() != kResumeKeySize) return not_ours();
    const auto bytes = from_base64url(token);
    if (!bytes || bytes->size() <= kMacSize) return not_ours();
    const auto body = std::string_view(*bytes).substr(0, bytes->size() - kMacSize);
    const auto mac = mac_of(body, key);
    if (CRYPTO_memcmp(mac.data(), bytes->data() + body.size(), kMacSize) != 0) return not_ours();
    ResumeClaims claims;
    proto::Reader reader(body);
    reader.take(claims);
    if (!reader.is_used_up()) return not_ours();
    return claims;
}

}  // namespace

std::chrono::milliseconds resume_renewal(std::chrono::seconds window) {
    return std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(window) / 4, 250ms, 5s);
}

std::chrono::milliseconds resume_lifetime(std::chrono::seconds window) {
    return window + resume_renewal(window);
}

std::string digest_of_options(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    return {reinterpret_cast<const char*>(digest.data()), kOptionsSize};
}

std::string sign_resume_token(ResumeClaims claims, ResumeTime now, std::string_view key) {
    claims.issued = milliseconds_of(now);
    std::string body;
    proto::Writer(body).put(claims);
    return to_base64url(body + mac_of(body, key));
}

Result<ResumeClaims> accept_resume_token(std::string_view token, const ResumeTerms& terms) {
    auto claims = open_token(token, terms.key);
    if (!claims) return claims;
    if (claims->tenant != terms.tenant) return not_ours();
    const auto now = milliseconds_of(terms.now);
    if (claims->issued > now + std::chrono::milliseconds(kSkew).count()) return not_ours();
    if (now - claims->issued > terms.lifetime.count())
        return Error(Errc::forbidden, "the resume token is too old; begin a new stream");
    if (claims->options != terms.options)
        return Error(Errc::bad_parameter,
                     "the stream was opened with other options; resume it with the same query");
    return claims;
}

}  // namespace tutti::policy

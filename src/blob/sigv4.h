// SPDX-License-Identifier: Apache-2.0
// Signatures of AWS, version 4, as servers of the S3 protocol check them. Pure.
//
//   auto headers = sign_headers(request, sha256_hex(body), signer, now);   // of a request we send
//   auto query = presign_query(request, lifetime, signer, now);            // of a URL others fetch
//
// 1. Paths and queries are given as they are meant; encode_uri() is what goes over the wire, and
//    what is signed.
// 2. What presign_query() gives is a secret as long as it is valid.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace tutti::blob {

using SystemTime = std::chrono::system_clock::time_point;
using Fields = std::map<std::string, std::string>;

struct Signer {
    std::string key_id;
    std::string secret;
    std::string region;
};

struct SignedRequest {
    std::string method;
    std::string path;  // begins with '/'
    Fields query;
    Fields headers;  // names in lower case; "host" is there
};

// The headers that make it signed: x-amz-date, x-amz-content-sha256 and authorization.
Fields sign_headers(SignedRequest request, const std::string& body_sha256, const Signer& signer,
                    SystemTime now);

// Everything after the '?', the request's own query included.
std::string presign_query(SignedRequest request, std::chrono::seconds lifetime,
                          const Signer& signer, SystemTime now);

// Percent-encoded but for letters, digits and "-._~"; and '/', if it separates.
enum class Slash { separates, is_encoded };
std::string encode_uri(std::string_view text, Slash slash);

std::string sha256_hex(std::string_view bytes);

}  // namespace tutti::blob

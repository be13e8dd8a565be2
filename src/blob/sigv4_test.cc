// SPDX-License-Identifier: Apache-2.0
// The examples that AWS publishes for S3, and some of path style, whose signatures another
// implementation (Python's hmac and urllib) computed; that one gives the published ones too.
#include "blob/sigv4.h"

#include <gtest/gtest.h>

namespace tutti::blob {
namespace {

using std::chrono::seconds;

// The pair of AWS's documentation; it opens nothing.
const Signer kSigner{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                     "us-east-1"};
const SystemTime kNow{seconds(1369353600)};  // 2013-05-24
const Signer kOwnSigner{"minio-id", "zuf/KEY+0123456789=", "eu-central-1"};
const SystemTime kOwnNow{seconds(1767323045)};  // 2026-01-02T03:04:05Z

SignedRequest request(std::string method, std::string path, Fields query = {},
                      Fields headers = {}) {
    headers.emplace("host", "examplebucket.s3.amazonaws.com");
    return {std::move(method), std::move(path), std::move(query), std::move(headers)};
}

std::string signature(const SignedRequest& request, std::string_view body = {},
                      const Signer& signer = kSigner, SystemTime now = kNow) {
    const auto line = sign_headers(request, sha256_hex(body), signer, now).at("authorization");
    return line.substr(line.find("Signature=") + 10);
}

TEST(SigV4, SignsTheRequestsOfTheDocumentation) {
    EXPECT_EQ(signature(request("GET", "/test.txt", {}, {{"range", "bytes=0-9"}})),
              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    EXPECT_EQ(signature(request("PUT", "/test$file.text", {},
                                {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}),
                        "Welcome to Amazon S3."),
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    EXPECT_EQ(signature(request("GET", "/", {{"lifecycle", ""}})),
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    EXPECT_EQ(signature(request("GET", "/", {{"max-keys", "2"}, {"prefix", "J"}})),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, SaysWhatItSigned) {
    const auto headers = sign_headers(request("GET", "/test.txt", {}, {{"range", "bytes=0-9"}}),
                                      sha256_hex(""), kSigner, kNow);
    EXPECT_EQ(headers.size(), 3u);
    EXPECT_EQ(headers.at("x-amz-date"), "20130524T000000Z");
    EXPECT_EQ(headers.at("x-amz-content-sha256"),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_TRUE(headers.at("authorization")
                    .starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
                                 "us-east-1/s3/aws4_request,SignedHeaders=host;range;"
                                 "x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c96"));
}

TEST(SigV4, PresignsTheUrlOfTheDocumentation) {
    EXPECT_EQ(presign_query(request("GET", "/test.txt"), seconds(86400), kSigner, kNow),
              "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
              "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
              "&X-Amz-SignedHeaders=host&X-Amz-Signature="
              "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, SignsInPathStyle) {
    const std::string path = "/audio/tutti/0f8fad5b.wav";
    const Fields host = {{"host", "127.0.0.1:9000"}};
    EXPECT_EQ(presign_query({"GET", path, {}, host}, seconds(600), kOwnSigner, kOwnNow),
              "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=minio-id%2F20260102"
              "%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=600"
              "&X-Amz-SignedHeaders=host&X-Amz-Signature="
              "9a92e03877470088f76d50a285f2651d56dcdbdeada9dfb32712505a70eafe22");
    auto typed = host;
    typed["content-type"] = "audio/wav";
    EXPECT_EQ(signature({"PUT", path, {}, typed}, "RIFF", kOwnSigner, kOwnNow),
              "f617954be599b1c4a91cdd6bab288400302bf24b9c81e0007ed60ce674bb836f");
    EXPECT_EQ(signature({"DELETE", path, {}, host}, "", kOwnSigner, kOwnNow),
              "8bafb5c37a2c8f625047dcc9212c973cc5b3ef57e88fced672409e9b11a21b38");
}

TEST(SigV4, EncodesAllButWhatNeedsNot) {
    EXPECT_EQ(encode_uri("/a b/~c.-_", Slash::separates), "/a%20b/~c.-_");
    EXPECT_EQ(encode_uri("/+\xc3\xa4", Slash::is_encoded), "%2F%2B%C3%A4");
}

}  // namespace
}  // namespace tutti::blob

// SPDX-License-Identifier: Apache-2.0
// Requests to a bucket of an S3 server, in path style, and what its answers mean. Pure; whoever has
// an HTTP client sends them.
//
//   Bucket bucket(options, signer);                  // REQUIRES: check(options)
//   const auto name = bucket.new_name(".wav");
//   send(bucket.put(name, audio, "audio/wav", now));
//   give(bucket.link(name, now));                    // a secret, if links are presigned
//   send(bucket.remove(name, now));
//
// Each of the requests may be sent twice: that is the same as once.
#pragma once

#include "blob/bucket_options.h"
#include "blob/sigv4.h"

namespace tutti::blob {

struct Request {
    std::string method;
    std::string url;
    std::vector<std::string> headers;  // "Name: value", all but Host
    std::string body;
};

class Bucket {
  public:
    Bucket(BucketOptions options, Signer signer);

    // Of an object that nobody else has.
    std::string new_name(std::string_view ending) const;

    Request put(const std::string& name, std::string body, const std::string& type,
                SystemTime now) const;
    Request remove(const std::string& name, SystemTime now) const;
    // The bucket itself.
    Request create(SystemTime now) const;
    std::string link(const std::string& name, SystemTime now) const;

    const BucketOptions& options() const { return options_; }

  private:
    std::string path_of(const std::string& name) const;
    Request sign(std::string method, std::string path, std::string body, Fields headers,
                 SystemTime now) const;

    const BucketOptions options_;
    const Signer signer_;
};

// Of an answer to one of these requests, by its status and body. Nothing of the answer but the
// server's word for the cause ("NoSuchBucket") is told: it may repeat keys and signatures.
Result<void> read_answer(int status, std::string_view body);
// Whether the bucket was there already, for us or for somebody else.
Result<void> read_create_answer(int status, std::string_view body);

// `text` without what might belong to a presigned link in it.
std::string without_links(std::string_view text);

}  // namespace tutti::blob

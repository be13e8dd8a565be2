// SPDX-License-Identifier: Apache-2.0
// Which bucket of which server audio is laid into, where others fetch it from. Plain data, and what
// makes it usable.
#pragma once

#include "base/error.h"

#include <chrono>
#include <string>
#include <vector>

namespace tutti::blob {

// What those who are to fetch an object are given.
enum class Links {
    presigned,  // valid for a while, for whoever has it
    plain,      // the bare address; the bucket lets everybody read
};

struct BucketOptions {
    std::string url;  // of the server, "https://host:port"; empty = there is no bucket
    std::string bucket;
    std::string region = "us-east-1";
    std::string prefix;                // of objects' names: "tutti/"
    std::string key_file;              // two lines: id and secret
    std::vector<std::string> key_env;  // instead: the variables that hold id and secret
    std::string ca_file;               // empty = the system's
    std::string public_url;            // as others reach the server; empty = as we do
    Links links = Links::presigned;
    std::chrono::seconds link_lifetime{600};
    bool creates_bucket = false;  // when it is not there

    bool operator==(const BucketOptions&) const = default;
    bool is_set() const { return !url.empty(); }
};

// Errc::bad_config, with the name of the option as the configuration has it, without its prefix
// ("url must ..."). Options that are not set are fine.
Result<void> check(const BucketOptions& options);

}  // namespace tutti::blob

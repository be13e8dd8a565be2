// SPDX-License-Identifier: Apache-2.0
// The settings of the audio store: members of one struct, so each has the prefix audio_store_.
#include "config/settings.h"

#include <algorithm>

namespace tutti::config {
namespace {

using blob::BucketOptions;
using blob::Links;

Setting text(std::string_view key, std::string BucketOptions::*member, std::string_view help) {
    return {key, Setting::Kind::text, help,
            [member](Config& c, std::string_view value) -> Result<void> {
                c.audio_store.*member = value;
                return {};
            },
            [member](const Config& c) { return c.audio_store.*member; }};
}

Setting key_env() {
    return {"audio_store_key_env", Setting::Kind::list,
            "instead: the two environment variables that hold them",
            [](Config& c, std::string_view value) -> Result<void> {
                c.audio_store.key_env = split_list(value);
                return {};
            },
            [](const Config& c) { return join_list(c.audio_store.key_env); }};
}

Setting links() {
    return {"audio_store_links", Setting::Kind::text,
            "presigned = valid for a while, for whoever has them; plain = the bare address",
            [](Config& c, std::string_view value) -> Result<void> {
                if (value != "presigned" && value != "plain")
                    return Error(Errc::bad_config, "must be presigned or plain");
                c.audio_store.links = value == "plain" ? Links::plain : Links::presigned;
                return {};
            },
            [](const Config& c) {
                return std::string(c.audio_store.links == Links::plain ? "plain" : "presigned");
            }};
}

Setting link_lifetime() {
    return {"audio_store_link_lifetime", Setting::Kind::number,
            "how long a presigned link is valid, in seconds",
            [](Config& c, std::string_view value) -> Result<void> {
                const auto n = parse_number(value);
                if (!n) return n.error();
                c.audio_store.link_lifetime = std::chrono::seconds(std::min<std::int64_t>(*n, 1e9));
                return {};
            },
            [](const Config& c) { return std::to_string(c.audio_store.link_lifetime.count()); }};
}

Setting create_bucket() {
    return {"audio_store_create_bucket", Setting::Kind::truth,
            "make the bucket when it is not there",
            [](Config& c, std::string_view value) -> Result<void> {
                if (value != "true" && value != "false")
                    return Error(Errc::bad_config, "must be true or false");
                c.audio_store.creates_bucket = value == "true";
                return {};
            },
            [](const Config& c) {
                return std::string(c.audio_store.creates_bucket ? "true" : "false");
            }};
}

}  // namespace

std::vector<Setting> audio_store_settings() {
    return {
        text("audio_store_url", &BucketOptions::url,
             "S3-compatible server that models on other servers fetch audio from; empty = none"),
        text("audio_store_bucket", &BucketOptions::bucket, "its bucket"),
        text("audio_store_region", &BucketOptions::region, "its region"),
        text("audio_store_prefix", &BucketOptions::prefix,
             "what the names of objects begin with, as tutti/"),
        text("audio_store_key_file", &BucketOptions::key_file,
             "file of two lines: the key's id and its secret"),
        key_env(),
        text("audio_store_ca_file", &BucketOptions::ca_file,
             "certificates to trust instead of the system's"),
        text("audio_store_public_url", &BucketOptions::public_url,
             "how others reach the server; empty = as we do"),
        links(),
        link_lifetime(),
        create_bucket(),
    };
}

}  // namespace tutti::config

// SPDX-License-Identifier: Apache-2.0
#include "blob/bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::blob {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const SystemTime kNow{seconds(1767323045)};  // 2026-01-02T03:04:05Z

BucketOptions usable() {
    return {.url = "http://127.0.0.1:9000",
            .bucket = "audio",
            .region = "eu-central-1",
            .prefix = "tutti/",
            .key_file = "/etc/tutti/store.key",
            .key_env = {},
            .ca_file = {},
            .public_url = {}};
}
Bucket bucket(BucketOptions options = usable()) {
    auto region = options.region;
    return {std::move(options), {"minio-id", "zuf/KEY+0123456789=", std::move(region)}};
}
std::string fault(const BucketOptions& options) {
    const auto done = check(options);
    if (done) return "none";
    EXPECT_EQ(done.error().errc(), Errc::bad_config);
    return done.error().context;
}

TEST(BucketOptions, AreUsableOrNotSet) {
    EXPECT_EQ(fault({}), "none");
    EXPECT_EQ(fault(usable()), "none");
    auto by_variables = usable();
    by_variables.key_file = {};
    by_variables.key_env = {"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"};
    EXPECT_EQ(fault(by_variables), "none");
}

TEST(BucketOptions, NameWhatIsWrong) {
    const auto with = [](auto change) {
        auto options = usable();
        change(options);
        return fault(options);
    };
    for (const char* url : {"127.0.0.1:9000", "ftp://h", "http://", "http://u:p@h", "http://h/",
                            "http://h/s3", "http://h?x", "http://h#x", "http://Host"}) {
        EXPECT_THAT(with([&](auto& o) { o.url = url; }), StartsWith("url must be")) << url;
        EXPECT_THAT(with([&](auto& o) { o.public_url = url; }), StartsWith("public_url must be"));
    }
    for (const char* name : {"", "ab", "Audio", "a/b", "..", "a..b", ".abc", "a b"})
        EXPECT_THAT(with([&](auto& o) { o.bucket = name; }), StartsWith("bucket must be")) << name;
    for (const char* prefix : {"/a", "a//b", "../", "a/../b", "./", "a b", "a?b", "\xc3\xa4"})
        EXPECT_THAT(with([&](auto& o) { o.prefix = prefix; }), StartsWith("prefix may")) << prefix;
    EXPECT_THAT(with([](auto& o) { o.region = "x/y"; }), StartsWith("region"));
    EXPECT_THAT(with([](auto& o) { o.link_lifetime = seconds(0); }), StartsWith("link_lifetime"));
    EXPECT_THAT(with([](auto& o) { o.link_lifetime = seconds(604801); }), StartsWith("link_life"));
    EXPECT_THAT(with([](auto& o) { o.key_file = {}; }), StartsWith("key_file is missing"));
    EXPECT_THAT(with([](auto& o) { o.key_env = {"A", "B"}; }), StartsWith("key_env and key_file"));
    EXPECT_THAT(with([](auto& o) {
                    o.key_file = {};
                    o.key_env = {"A"};
                }),
                StartsWith("key_env must name two"));
}

TEST(Bucket, PutsInPathStyleWithASignature) {
    const auto request = bucket().put("tutti/0f8fad5b.wav", "RIFF", "audio/wav", kNow);
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.url, "http://127.0.0.1:9000/audio/tutti/0f8fad5b.wav");
    EXPECT_EQ(request.body, "RIFF");
    EXPECT_EQ(request.headers.size(), 4u);
    EXPECT_THAT(request.headers, Contains("content-type: audio/wav"));
    EXPECT_THAT(request.headers, Contains("x-amz-date: 20260102T030405Z"));
    // Computed by another implementation, see sigv4_test.cc.
    EXPECT_THAT(
        request.headers,
        Contains(HasSubstr("f617954be599b1c4a91cdd6bab288400302bf24b9c81e0007ed60ce674bb836f")));
}

TEST(Bucket, RemovesWithASignature) {
    const auto request = bucket().remove("tutti/0f8fad5b.wav", kNow);
    EXPECT_EQ(request.method, "DELETE");
    EXPECT_EQ(request.body, "");
    EXPECT_THAT(
        request.headers,
        Contains(HasSubstr("8bafb5c37a2c8f625047dcc9212c973cc5b3ef57e88fced672409e9b11a21b38")));
}

TEST(Bucket, IsCreatedInItsRegion) {
    const auto request = bucket().create(kNow);
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.url, "http://127.0.0.1:9000/audio");
    EXPECT_THAT(request.body, HasSubstr("<LocationConstraint>eu-central-1<"));
    auto options = usable();
    options.region = "us-east-1";
    EXPECT_EQ(bucket(options).create(kNow).body, "");
}

TEST(Bucket, LinksArePresigned) {
    EXPECT_EQ(bucket().link("tutti/0f8fad5b.wav", kNow),
              "http://127.0.0.1:9000/audio/tutti/0f8fad5b.wav?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
              "X-Amz-Credential=minio-id%2F20260102%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date="
              "20260102T030405Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature="
              "9a92e03877470088f76d50a285f2651d56dcdbdeada9dfb32712505a70eafe22");
}

TEST(Bucket, LinksMayBePlainAndNameTheServerAsOthersKnowIt) {
    auto options = usable();
    options.public_url = "https://audio.example";
    EXPECT_THAT(bucket(options).link("a.wav", kNow),
                StartsWith("https://audio.example/audio/a.wav?X-Amz-"));
    options.links = Links::plain;
    EXPECT_EQ(bucket(options).link("a.wav", kNow), "https://audio.example/audio/a.wav");
}

// Whoever sends the request leaves out the port that the scheme implies, so it is not signed.
TEST(Bucket, AnImpliedPortIsTheSameAsNone) {
    const auto signature = [](std::string url) {
        auto options = usable();
        options.url = std::move(url);
        const auto link = bucket(options).link("a.wav", kNow);
        return link.substr(link.find("X-Amz-Signature"));
    };
    EXPECT_EQ(signature("http://host:80"), signature("http://host"));
    EXPECT_EQ(signature("https://host:443"), signature("https://host"));
    EXPECT_NE(signature("http://host:443"), signature("http://host"));
    EXPECT_NE(signature("http://[::1]:9000"), signature("http://[::1]"));
}

TEST(Bucket, EveryObjectHasANameOfItsOwn) {
    const auto one = bucket().new_name(".wav");
    EXPECT_THAT(one, testing::MatchesRegex("tutti/[0-9a-f-]{36}\\.wav"));
    EXPECT_NE(one, bucket().new_name(".wav"));
}

TEST(BucketAnswer, NamesTheCauseAndNothingElseOfTheAnswer) {
    const auto fault = [](int status, std::string_view body) {
        const auto done = read_answer(status, body);
        return done ? Error() : done.error();
    };
    EXPECT_FALSE(fault(200, "").code);
    EXPECT_FALSE(fault(204, "").code);
    const auto refused = fault(403,
                               "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>id<"
                               "/AWSAccessKeyId></Error>");
    EXPECT_EQ(refused.errc(), Errc::internal);
    EXPECT_EQ(refused.context,
              "the audio store refused our key (status 403, SignatureDoesNotMatch)");
    EXPECT_EQ(fault(404, "<Code>NoSuchBucket</Code>").context,
              "the audio store does not have its bucket (status 404, NoSuchBucket)");
    EXPECT_EQ(fault(503, "<Code>Slow\nDown</Code>").context, "the audio store failed (status 503)");
    EXPECT_EQ(fault(400, "<Code>").context, "the audio store refused our request (status 400)");
    EXPECT_EQ(fault(503, "").errc(), Errc::unavailable);
    EXPECT_EQ(fault(429, "").errc(), Errc::busy);
    EXPECT_EQ(fault(301, "").errc(), Errc::internal);
}

TEST(BucketAnswer, ABucketThatIsThereNeedsNotBeCreated) {
    EXPECT_TRUE(read_create_answer(200, ""));
    EXPECT_TRUE(read_create_answer(409, "<Code>BucketAlreadyOwnedByYou</Code>"));
    EXPECT_FALSE(read_create_answer(403, "<Code>AccessDenied</Code>"));
}

TEST(Links, AreTakenOutOfTexts) {
    const auto link = bucket().link("a.wav", kNow);
    const auto clean = without_links("cannot fetch \"" + link + "\" today");
    EXPECT_THAT(clean, StartsWith("cannot fetch \"http://127.0.0.1:9000/audio/a.wav?***"));
    EXPECT_THAT(clean, Not(HasSubstr("minio-id")));
    EXPECT_EQ(without_links("GET x-amz-signature=1"), "GET ***");
    EXPECT_EQ(without_links("nothing"), "nothing");
}

}  // namespace
}  // namespace tutti::blob

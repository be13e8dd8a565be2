// SPDX-License-Identifier: Apache-2.0
// Against a server that does as it is told; tests/system/models/audio_store.test.ts has a real one.
#include "engine/upstream/audio_store.h"

#include "engine/upstream/test_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <map>
#include <sstream>

namespace tutti::engine {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using Peer = TestServer::Peer;

constexpr std::string_view kSecret = "never-to-be-seen/+=";

// A server with one bucket, whose answers a test can change.
class AudioStoreTest : public testing::Test {
  protected:
    void SetUp() override {
        log_->set_level(spdlog::level::trace);
        spdlog::set_default_logger(log_);
    }
    void TearDown() override {
        spdlog::set_default_logger(before_);
        EXPECT_THAT(text_.str(), Not(HasSubstr(kSecret)));
        EXPECT_THAT(text_.str(), Not(HasSubstr("Signature=")));
    }

    void serve(Peer& peer) {
        const auto& request = peer.request();
        const auto line =
            std::string(request.method_string()) + " " + std::string(request.target());
        std::lock_guard lock(mutex_);
        seen_.push_back(line);
        EXPECT_THAT(std::string(request["authorization"]),
                    HasSubstr("AWS4-HMAC-SHA256 Credential=minio-id/"));
        if (const auto told = told_.find(request.method_string()); told != told_.end())
            return peer.reply(told->second.first, told->second.second);
        if (request.target() == "/audio") {
            has_bucket_ = true;
            return peer.reply(200, "");
        }
        if (!has_bucket_) return peer.reply(404, "<Code>NoSuchBucket</Code>");
        const std::string name(request.target());
        if (request.method_string() == "PUT") objects_[name] = request.body();
        if (request.method_string() == "DELETE") {
            objects_.erase(name);
            if (std::exchange(is_overtaken_, false)) objects_[name] = "late";
        }
        peer.reply(request.method_string() == "PUT" ? 200 : 204, "");
    }
    void answer(const std::string& method, unsigned status, std::string body) {
        std::lock_guard lock(mutex_);
        told_[method] = {status, std::move(body)};
    }
    std::string server_url() const {
        const auto url = server_.url();
        return url.substr(0, url.find("/v1"));
    }
    std::unique_ptr<AudioStore> store(bool creates_bucket = false,
                                      seconds doubt = AudioStore::kDoubt) const {
        blob::BucketOptions options{.url = server_url(),
                                    .bucket = "audio",
                                    .prefix = "t/",
                                    .key_file = "unused",
                                    .creates_bucket = creates_bucket};
        blob::Bucket bucket(options, {"minio-id", std::string(kSecret), options.region});
        PoolOptions pool{.name = "far"};
        pool.retry.first_delay = std::chrono::milliseconds(1);
        return std::make_unique<AudioStore>(std::move(bucket), pool, doubt);
    }
    static AudioStore::TimePoint in_time() {
        return std::chrono::steady_clock::now() + seconds(60);
    }

    std::mutex mutex_;
    bool has_bucket_ = true;
    bool is_overtaken_ = false;  // an upload comes to its end behind the first removal
    std::vector<std::string> seen_;
    std::map<std::string, std::string> objects_;
    std::map<std::string, std::pair<unsigned, std::string>, std::less<>> told_;
    TestServer server_{[this](Peer& peer) { serve(peer); }};
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
    std::shared_ptr<spdlog::logger> log_ = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
};

TEST_F(AudioStoreTest, LaysAudioDownAndTakesItAway) {
    auto far = store();
    auto upload = far->begin("RIFF", true, in_time());
    const auto link = far->finish(upload);
    ASSERT_TRUE(link) << link.error().message();
    EXPECT_THAT(*link, HasSubstr(server_url() + "/audio/" + upload.name + "?X-Amz-Algorithm="));
    EXPECT_EQ(objects_["/audio/" + upload.name], "RIFF");
    far->remove(upload);
    far = nullptr;  // waits for it
    EXPECT_TRUE(objects_.empty());
    EXPECT_EQ(seen_.size(), 2u);
}

TEST_F(AudioStoreTest, TriesAgainWhatFailsForAMoment) {
    answer("PUT", 503, "<Code>SlowDown</Code>");
    auto far = store();
    auto upload = far->begin("RIFF", false, in_time());
    const auto link = far->finish(upload);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().errc(), Errc::unavailable);
    EXPECT_EQ(link.error().context, "the audio store failed (status 503, SlowDown)");
    EXPECT_EQ(seen_.size(), 4u);
    far->remove(upload);  // it may have arrived
    far = nullptr;
    EXPECT_THAT(seen_.back(), HasSubstr("DELETE"));
}

TEST_F(AudioStoreTest, ARemovalThatOvertookTheUploadIsDoneAgain) {
    for (const bool is_used_again : {false, true}) {
        answer("PUT", 503, "<Code>SlowDown</Code>");
        is_overtaken_ = true;
        seen_.clear();
        auto far = store(false, is_used_again ? seconds(0) : seconds(3600));
        auto upload = far->begin("RIFF", false, in_time());
        EXPECT_FALSE(far->finish(upload));
        answer("PUT", 200, "");
        far->remove(upload);
        if (is_used_again) {
            auto next = far->begin("RIFF", false, in_time());
            EXPECT_TRUE(far->finish(next));
        }
        const auto removals = [&] {
            std::lock_guard lock(mutex_);
            return std::ranges::count(seen_, "DELETE /audio/" + upload.name);
        };
        EXPECT_LE(removals(), is_used_again ? 2 : 1);
        far = nullptr;
        EXPECT_EQ(removals(), 2);
        EXPECT_TRUE(objects_.empty());
    }
}

TEST_F(AudioStoreTest, ARefusalIsFinalAndLeavesNothing) {
    answer("PUT", 403, "<Code>SignatureDoesNotMatch</Code><X>" + std::string(kSecret) + "</X>");
    auto far = store();
    auto upload = far->begin("RIFF", false, in_time());
    const auto link = far->finish(upload);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().errc(), Errc::internal);
    far->remove(upload);
    far = nullptr;
    EXPECT_EQ(seen_.size(), 1u);
    EXPECT_EQ(link.error().context,
              "the audio store refused our key (status 403, SignatureDoesNotMatch)");
}

TEST_F(AudioStoreTest, SaysWhatItCouldNotTakeAway) {
    answer("DELETE", 403, "<Code>AccessDenied</Code>");
    auto far = store();
    auto upload = far->begin("RIFF", false, in_time());
    EXPECT_TRUE(far->finish(upload));
    far->remove(upload);
    far = nullptr;
    EXPECT_THAT(text_.str(), HasSubstr("upstream=far " + upload.name + " may be left"));
}

TEST_F(AudioStoreTest, MakesItsBucketOnceWhenItMay) {
    has_bucket_ = false;
    auto far = store(true);
    for (int i = 0; i < 2; ++i) {
        auto upload = far->begin("RIFF", false, in_time());
        EXPECT_TRUE(far->finish(upload));
    }
    EXPECT_EQ(seen_.size(), 3u);
    EXPECT_EQ(seen_.front(), "PUT /audio");

    has_bucket_ = false;  // somebody removed it
    auto lost = far->begin("RIFF", false, in_time());
    EXPECT_FALSE(far->finish(lost));
    auto found = far->begin("RIFF", false, in_time());
    EXPECT_TRUE(far->finish(found));
}

TEST_F(AudioStoreTest, MakesNoBucketUnlessItMay) {
    has_bucket_ = false;
    auto far = store();
    auto upload = far->begin("RIFF", false, in_time());
    const auto link = far->finish(upload);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().context,
              "the audio store does not have its bucket (status 404, NoSuchBucket)");
    EXPECT_EQ(seen_.size(), 1u);
}

TEST(AudioStore, AStoreThatIsDownIsUnavailable) {
    std::string url;
    {
        const TestServer gone([](Peer&) {});
        url = gone.url().substr(0, gone.url().find("/v1"));
    }
    blob::Bucket bucket({.url = url, .bucket = "audio"}, {"id", std::string(kSecret), "r"});
    AudioStore store(std::move(bucket), {.name = "far", .retry = {.retries = 0}});
    auto upload = store.begin("RIFF", false, std::chrono::steady_clock::now() + seconds(60));
    const auto link = store.finish(upload);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().errc(), Errc::unavailable);
    EXPECT_EQ(link.error().context, "the audio store cannot be reached");
}

}  // namespace
}  // namespace tutti::engine

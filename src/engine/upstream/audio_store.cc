// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/audio_store.h"

#include "base/log.h"
#include "runtime/secret.h"

#include <utility>

namespace tutti::engine {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// Of the destructor.
constexpr std::chrono::seconds kLastRemovals{5};
// Beyond it the oldest is removed early.
constexpr std::size_t kMostDoubtful = 1000;

PoolOptions of_store(PoolOptions options, const blob::BucketOptions& bucket) {
    options.name += ".audio_store";
    options.server = "the audio store";
    options.ca_file = bucket.ca_file;
    return options;
}

bool is_over(const std::future<Result<HttpReply>>& reply) {
    return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// What is not there need not be removed.
Result<void> read_removal(const Result<HttpReply>& reply) {
    if (!reply) return reply.error();
    if (reply->status == 404) return {};
    return blob::read_answer(reply->status, reply->body);
}

}  // namespace

Result<blob::Signer> load_signer(const blob::BucketOptions& options) {
    if (!options.key_file.empty()) {
        auto pair = runtime::load_secret_pair(options.key_file);
        if (!pair) return pair.error();
        return blob::Signer{std::move(pair->id), std::move(pair->secret), options.region};
    }
    auto id = runtime::load_secret_variable(options.key_env.at(0));
    if (!id) return id.error();
    auto secret = runtime::load_secret_variable(options.key_env.at(1));
    if (!secret) return secret.error();
    return blob::Signer{std::move(*id), std::move(*secret), options.region};
}

AudioStore::AudioStore(blob::Bucket bucket, PoolOptions pool, std::chrono::seconds doubt)
    : bucket_(std::move(bucket)),
      model_(pool.name),
      doubt_(doubt),
      has_bucket_(!bucket_.options().creates_bucket),
      pool_(of_store(std::move(pool), bucket_.options())) {
}

AudioStore::~AudioStore() {
    const auto latest = steady_clock::now() + kLastRemovals;
    wait_for_removals(latest);
    remove_doubtful(TimePoint::max());
    wait_for_removals(latest);
}

void AudioStore::wait_for_removals(TimePoint latest) {
    std::lock_guard lock(mutex_);
    for (const auto& removal : removals_) removal.wait_until(latest);
}

HttpRequest AudioStore::to_http(blob::Request request) const {
    return {.url = std::move(request.url),
            .headers = std::move(request.headers),
            .body = std::move(request.body),
            .method = std::move(request.method),
            .is_repeatable = true};
}

// A failure is told to the operator; callers learn it from what they want of the bucket.
void AudioStore::ensure_bucket(TimePoint deadline) {
    if (has_bucket_) return;
    auto request = to_http(bucket_.create(system_clock::now()));
    request.deadline = deadline;
    const auto reply = pool_.begin(std::move(request)).get();
    const auto done =
        reply ? blob::read_create_answer(reply->status, reply->body) : Result<void>(reply.error());
    if (!done) log::warn("upstream={} the bucket cannot be made: {}", model_, done.error().context);
    // A refusal will not change; the bucket may be there nevertheless.
    has_bucket_ = reply && reply->status < 500 && reply->status != 429;
}

AudioStore::Upload AudioStore::begin(std::string wav, bool is_urgent, TimePoint deadline) {
    ensure_bucket(deadline);
    Upload upload{.name = bucket_.new_name(".wav"), .reply = {}};
    auto request =
        to_http(bucket_.put(upload.name, std::move(wav), "audio/wav", system_clock::now()));
    request.is_urgent = is_urgent;
    request.deadline = deadline;
    upload.reply = pool_.begin(std::move(request));
    remove_doubtful(steady_clock::now());  // after what somebody waits for
    return upload;
}

Result<std::string> AudioStore::finish(Upload& upload) {
    const auto reply = upload.reply.get();
    if (!reply) return reply.error();
    if (auto done = blob::read_answer(reply->status, reply->body); !done) {
        if (reply->status < 500) upload.state = Upload::State::refused;
        if (reply->status == 404 && bucket_.options().creates_bucket) has_bucket_ = false;
        return done.error();
    }
    upload.state = Upload::State::there;
    return bucket_.link(upload.name, system_clock::now());
}

void AudioStore::remove(const Upload& upload) {
    if (upload.state == Upload::State::refused) return;
    const bool is_there = upload.state == Upload::State::there;
    send_removal(upload.name, is_there);
    if (is_there) return;
    std::lock_guard lock(mutex_);
    doubtful_.push_back({upload.name, steady_clock::now() + doubt_});
}

void AudioStore::remove_doubtful(TimePoint now) {
    std::vector<std::string> names;
    {
        std::lock_guard lock(mutex_);
        while (!doubtful_.empty() &&
               (doubtful_.front().due <= now || doubtful_.size() > kMostDoubtful)) {
            names.push_back(std::move(doubtful_.front().name));
            doubtful_.pop_front();
        }
    }
    for (const auto& name : names) send_removal(name, false);
}

void AudioStore::send_removal(const std::string& name, bool is_there) {
    auto request = to_http(bucket_.remove(name, system_clock::now()));
    const auto level = is_there ? spdlog::level::warn : spdlog::level::debug;
    request.on_end = [level, model = model_, name](const Result<HttpReply>& reply) {
        if (const auto done = read_removal(reply); !done)
            spdlog::log(level, "upstream={} {} may be left in the audio store: {}", model, name,
                        done.error().context);
    };
    auto reply = pool_.begin(std::move(request));
    std::lock_guard lock(mutex_);
    std::erase_if(removals_, is_over);
    removals_.push_back(std::move(reply));
}

}  // namespace tutti::engine

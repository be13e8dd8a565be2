// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_recognizer.h"

#include "base/log.h"
#include "engine/upstream/audio_store.h"
#include "engine/upstream/upstream_answer.h"
#include "engine/upstream/upstream_request.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

namespace tutti::engine {
namespace {

// Two kinds of owners: the factory and every recognizer it made.
struct Upstream {
    Upstream(UpstreamOptions o, std::string k) : options(std::move(o)), key(std::move(k)) {}
    const UpstreamOptions options;
    const std::string key;
    HttpPool pool{options.pool};
    std::unique_ptr<AudioStore> store;  // null when audio goes in requests
};

std::string without_key(std::string text, const std::string& key) {
    if (key.empty()) return text;
    for (auto at = text.find(key); at != text.npos; at = text.find(key, at))
        text.replace(at, key.size(), "***");
    return text;
}

class UpstreamStream : public RecognizerStream {
  public:
    UpstreamStream(Upstream& upstream, StreamOptions options)
        : upstream_(upstream), hotwords_(std::move(options.hotwords)) {}

    void accept_audio(std::span<const std::int16_t> samples) override {
        samples_.insert(samples_.end(), samples.begin(), samples.end());
    }
    void input_finished(Ending) override { is_due_ = !samples_.empty(); }
    bool is_ready() const override { return is_due_; }
    Hypothesis partial() override { return {}; }

    // An utterance is sent, asked about and waited for. The first two do not wait, unless its audio
    // goes through the store: then the second does.
    void send(bool is_urgent) {
        deadline_ = std::chrono::steady_clock::now() + upstream_.options.pool.total_timeout;
        is_urgent_ = is_urgent;
        if (upstream_.store)
            upload_ = upstream_.store->begin(wav_of(samples_), is_urgent, deadline_);
    }
    void ask() {
        if (!upload_)
            return begin(make_request(upstream_.options, upstream_.key, samples_, hotwords_));
        const auto link = upstream_.store->finish(*upload_);
        if (link)
            begin(make_link_request(upstream_.options, upstream_.key, *link, hotwords_));
        else
            failure_ = link.error();
    }
    void wait() {
        if (reply_.valid()) reply_.wait();
        if (upload_ && !upstream_.options.keeps_audio) upstream_.store->remove(*upload_);
        is_due_ = false;
    }

    Outcome result() override {
        const auto length = static_cast<SamplePos>(samples_.size());
        if (failure_) throw RecognitionError(*failure_);
        if (!reply_.valid()) return {{}, length, {}};
        auto reply = reply_.get();
        if (!reply) throw RecognitionError(reply.error());
        auto hypothesis = read_answer(upstream_.options, *reply, proto::to_millis(length));
        if (!hypothesis) {
            report(*reply);
            throw RecognitionError(hypothesis.error());
        }
        return {std::move(*hypothesis), length, {}};
    }

  private:
    void begin(HttpRequest request) {
        request.is_urgent = is_urgent_;
        request.deadline = deadline_;
        reply_ = upstream_.pool.begin(std::move(request));
    }

    // For the operator, what the upstream says of our mistakes. Not of the key or the link: it may
    // repeat them.
    void report(const HttpReply& reply) const {
        if (reply.status < 400 || reply.status >= 429 || reply.status == 401 || reply.status == 403)
            return;
        log::warn("upstream={} refused a request with status {}: {}", upstream_.options.model,
                  reply.status,
                  log::printable(blob::without_links(without_key(reply.body, upstream_.key)), 300));
    }

    Upstream& upstream_;
    const std::vector<std::string> hotwords_;
    std::vector<std::int16_t> samples_;
    bool is_due_ = false;
    bool is_urgent_ = false;
    std::chrono::steady_clock::time_point deadline_;  // once it is sent
    std::optional<AudioStore::Upload> upload_;        // once it is sent through the store
    std::optional<Error> failure_;                    // of the store
    std::future<Result<HttpReply>> reply_;            // valid once it is asked for
};

class UpstreamRecognizer : public Recognizer {
  public:
    UpstreamRecognizer(std::shared_ptr<Upstream> upstream, proto::StreamMode mode)
        : upstream_(std::move(upstream)), is_live_(mode == proto::StreamMode::live) {}

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        return std::make_unique<UpstreamStream>(*upstream_, std::move(options));
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        for (auto* stream : ready) static_cast<UpstreamStream*>(stream)->send(is_live_);
        for (auto* stream : ready) static_cast<UpstreamStream*>(stream)->ask();
        for (auto* stream : ready) static_cast<UpstreamStream*>(stream)->wait();
    }
    // A pool ends every request in time, as long as its thread turns.
    std::optional<std::chrono::steady_clock::time_point> last_progress() const override {
        const auto turned = upstream_->pool.last_turn();
        return upstream_->store ? std::min(turned, upstream_->store->last_turn()) : turned;
    }

  private:
    std::shared_ptr<Upstream> upstream_;
    const bool is_live_;
};

void check_ca_file(const std::string& path) {
    if (!path.empty() && !std::ifstream(path))
        throw std::runtime_error(log::printable(path) + ": cannot be read");
}

std::unique_ptr<AudioStore> load_store(const UpstreamOptions& options,
                                       const blob::BucketOptions& bucket) {
    if (options.audio != AudioForm::link) return nullptr;
    if (!bucket.is_set())
        throw std::runtime_error("model " + options.model +
                                 ": options.audio = url needs an audio store (audio_store_url)");
    check_ca_file(bucket.ca_file);
    if (bucket.links == blob::Links::presigned && bucket.link_lifetime < options.pool.total_timeout)
        log::warn("upstream={}: audio_store_link_lifetime is less than total_timeout",
                  options.model);
    return std::make_unique<AudioStore>(blob::Bucket(bucket, load_signer(bucket).value()),
                                        options.pool);
}

}  // namespace

RecognizerFactory load_upstream(const std::filesystem::path& folder,
                                const blob::BucketOptions& bucket) {
    const auto card = models::load_card(folder).value();
    if (card.backend != "upstream")
        throw std::runtime_error("model " + card.id + ": its backend is not upstream");
    auto options = read_upstream_options(card, folder).value();
    check_ca_file(options.pool.ca_file);
    auto key = load_key(options).value();
    if (!key.empty() && !options.is_private)
        log::warn("upstream={}: the key and all audio go unencrypted to another machine", card.id);
    auto store = load_store(options, bucket);
    auto upstream = std::make_shared<Upstream>(std::move(options), std::move(key));
    upstream->store = std::move(store);
    return [upstream](proto::StreamMode mode) {
        return std::make_unique<UpstreamRecognizer>(upstream, mode);
    };
}

}  // namespace tutti::engine

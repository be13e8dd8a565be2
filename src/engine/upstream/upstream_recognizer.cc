// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_recognizer.h"

#include "base/log.h"
#include "engine/upstream/upstream_answer.h"
#include "engine/upstream/upstream_request.h"

#include <fstream>
#include <utility>

namespace tutti::engine {
namespace {

// Two kinds of owners: the factory and every recognizer it made.
struct Upstream {
    Upstream(UpstreamOptions o, std::string k)
        : options(std::move(o)), key(std::move(k)), pool(options.pool) {}
    const UpstreamOptions options;
    const std::string key;
    HttpPool pool;
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

    void send(bool is_urgent) {
        auto request = make_request(upstream_.options, upstream_.key, samples_, hotwords_);
        request.is_urgent = is_urgent;
        reply_ = upstream_.pool.begin(std::move(request));
    }
    void wait() {
        reply_.wait();
        is_due_ = false;
    }

    Outcome result() override {
        const auto length = static_cast<SamplePos>(samples_.size());
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
    // For the operator, what the upstream says of our mistakes. Not of the key: it may repeat it.
    void report(const HttpReply& reply) const {
        if (reply.status < 400 || reply.status >= 429 || reply.status == 401 || reply.status == 403)
            return;
        log::warn("upstream={} refused a request with status {}: {}", upstream_.options.model,
                  reply.status, log::printable(without_key(reply.body, upstream_.key), 300));
    }

    Upstream& upstream_;
    const std::vector<std::string> hotwords_;
    std::vector<std::int16_t> samples_;
    bool is_due_ = false;
    std::future<Result<HttpReply>> reply_;  // valid once it is asked for
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
        for (auto* stream : ready) static_cast<UpstreamStream*>(stream)->wait();
    }
    // The pool ends every request in time, as long as its thread turns.
    std::optional<std::chrono::steady_clock::time_point> last_progress() const override {
        return upstream_->pool.last_turn();
    }

  private:
    std::shared_ptr<Upstream> upstream_;
    const bool is_live_;
};

}  // namespace

RecognizerFactory load_upstream(const std::filesystem::path& folder) {
    const auto card = models::load_card(folder).value();
    if (card.backend != "upstream")
        throw std::runtime_error("model " + card.id + ": its backend is not upstream");
    auto options = read_upstream_options(card, folder).value();
    if (const auto& ca_file = options.pool.ca_file; !ca_file.empty() && !std::ifstream(ca_file))
        throw std::runtime_error(log::printable(ca_file) + ": cannot be read");
    auto key = load_key(options).value();
    if (!key.empty() && !options.is_private)
        log::warn("upstream={}: the key and all audio go unencrypted to another machine", card.id);
    auto upstream = std::make_shared<Upstream>(std::move(options), std::move(key));
    return [upstream](proto::StreamMode mode) {
        return std::make_unique<UpstreamRecognizer>(upstream, mode);
    };
}

}  // namespace tutti::engine

// SPDX-License-Identifier: Apache-2.0
#include "engine/decode_worker.h"

#include "base/log.h"
#include "engine/decode_worker_messages.h"
#include "engine/frame_socket.h"

#include <cstring>

namespace tutti::engine {
namespace {

const worker_wire::Failed kNoUtterance{"there is no utterance", Errc::internal};

class DecodeWorker {
  public:
    DecodeWorker(UniqueFd connection, Recognizer& recognizer)
        : socket_(std::move(connection), worker_wire::kMaxFrame), recognizer_(recognizer) {}

    void run() {
        for (;;) {
            const auto message = proto::decode<worker_wire::ToWorker>(socket_.receive());
            if (!message) throw PeerGone(message.error().message());
            try {
                std::visit([this](const auto& m) { on(m); }, *message);
            } catch (const PeerGone&) {
                throw;
            } catch (const RecognitionError& e) {
                on_failure({e.what(), e.error.errc()}, wants_answer(*message));
            } catch (const std::exception& e) {
                on_failure({e.what(), Errc::internal}, wants_answer(*message));
            }
        }
    }

  private:
    static bool wants_answer(const worker_wire::ToWorker& message) {
        return std::holds_alternative<worker_wire::Step>(message) ||
               std::holds_alternative<worker_wire::Partial>(message) ||
               std::holds_alternative<worker_wire::Result>(message);
    }

    void on(const worker_wire::Begin& begin) {
        stream_.reset();
        failure_ = kNoUtterance;
        log::reopen();  // the file may have been renamed since the utterance before
        StreamOptions options{.carry = {},
                              .continues = begin.continues,
                              .text = begin.text,
                              .hotwords = begin.hotwords};
        if (!begin.carry.empty()) options.carry = begin.carry;
        stream_ = recognizer_.create_stream(std::move(options));
    }
    void on(const worker_wire::Feed& feed) {
        std::vector<std::int16_t> samples(feed.pcm.size() / sizeof(std::int16_t));
        std::memcpy(samples.data(), feed.pcm.data(), samples.size() * sizeof(std::int16_t));
        utterance().accept_audio(samples);
    }
    void on(const worker_wire::End& end) { utterance().input_finished(end.ending); }
    void on(const worker_wire::Step&) {
        RecognizerStream* one = &utterance();
        while (one->is_ready()) recognizer_.decode({&one, 1});
        answer(worker_wire::Stepped{});
    }
    void on(const worker_wire::Partial&) {
        auto heard = utterance().partial();
        answer(worker_wire::Heard{std::move(heard.text), std::move(heard.words)});
    }
    void on(const worker_wire::Result&) {
        auto outcome = utterance().result();
        stream_.reset();
        auto& heard = outcome.hypothesis;
        answer(worker_wire::Concluded{
            std::move(heard.text), std::move(heard.words), outcome.settled,
            outcome.carry.has_value() ? std::any_cast<std::string>(outcome.carry) : std::string()});
    }
    void on(const worker_wire::Drop&) { stream_.reset(); }

    RecognizerStream& utterance() {
        if (stream_) return *stream_;
        if (failure_.cause != Errc::internal)
            throw RecognitionError(Error(failure_.cause, failure_.why));
        throw std::runtime_error(failure_.why);
    }
    void on_failure(worker_wire::Failed failure, bool is_waited_for) {
        stream_.reset();
        failure_ = std::move(failure);
        if (is_waited_for) answer(failure_);
    }
    template <class Message>
    void answer(const Message& message) {
        std::string frame;
        proto::append_frame(frame, message);
        socket_.send(frame);
    }

    FrameSocket socket_;
    Recognizer& recognizer_;
    std::unique_ptr<RecognizerStream> stream_;
    worker_wire::Failed failure_ = kNoUtterance;  // why there is no stream_
};

}  // namespace

void serve_decodes(UniqueFd connection, Recognizer& recognizer) {
    DecodeWorker worker(std::move(connection), recognizer);
    try {
        worker.run();
    } catch (const PeerGone&) {
        // The engine has no more use for this worker.
    }
}

}  // namespace tutti::engine

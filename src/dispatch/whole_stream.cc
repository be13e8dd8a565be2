// SPDX-License-Identifier: Apache-2.0
#include "dispatch/whole_stream.h"

namespace tutti::dispatch {

using std::chrono::steady_clock;

WholeStream::WholeStream(Engines& engines, const std::string& model, audio::Segment segment,
                         std::string text, std::vector<std::string> hotwords,
                         std::function<void()> on_change)
    : engines_(engines),
      on_change_(std::move(on_change)),
      machine_(segment.first_sample, std::move(segment.samples), std::move(text),
               std::move(hotwords)),
      request_(engines, *this, model, proto::StreamMode::whole) {
}

WholeStream::~WholeStream() {
    if (outcome()) return;
    machine_.on_cancel();
    perform();
}

void WholeStream::give_up_silent_engine(steady_clock::time_point now) {
    if (!machine_.has_engine() || now - given_at_ < kAnswerLimit) return;
    machine_.on_engine_silent();
    perform();
}

void WholeStream::on_engine(Lease lease) {
    lease_ = std::move(lease);
    given_at_ = steady_clock::now();
    machine_.on_engine_found(lease_.stream());
    perform();
    on_change_();
}

void WholeStream::on_reply(const proto::FromEngine& message) {
    machine_.on_message(message);
    perform();
    if (!machine_.has_engine()) on_change_();
}

void WholeStream::on_engine_lost() {
    machine_.on_engine_lost();
    perform();
    on_change_();
}

void WholeStream::perform() {
    for (const auto& action : machine_.take_actions())
        std::visit([this](const auto& a) { act(a); }, action);
}

void WholeStream::act(const policy::SendAudio& audio) {
    const auto bytes = std::as_bytes(audio.samples);
    lease_.post(proto::Audio{audio.ref,
                             audio.first_sample,
                             {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
}

}  // namespace tutti::dispatch

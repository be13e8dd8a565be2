// SPDX-License-Identifier: Apache-2.0
// A session machine for tests: its actions in words, and the audio it sends.
#pragma once

#include "policy/session_machine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>

namespace tutti::policy {

using proto::kCreditWindow;
using proto::kSampleRate;

// Actions as short words, so that a failing table reads like a protocol.
struct Describe {
    std::string operator()(const WantEngine&) const { return "want"; }
    std::string operator()(const LeaveEngine&) const { return "leave"; }
    std::string operator()(const SendOpen& a) const {
        return fmt::format("open@{}", a.message.first_sample);
    }
    std::string operator()(const SendAudio& a) const {
        return fmt::format("audio@{}+{}", a.first_sample, a.samples.size());
    }
    std::string operator()(const SendFlush&) const { return "flush"; }
    std::string operator()(const SendFinish&) const { return "finish"; }
    std::string operator()(const SendCancel&) const { return "cancel"; }
    std::string operator()(const EndInput&) const { return "end-input"; }
    std::string operator()(const TellSpeechStarted& a) const {
        return fmt::format("speech@{}", a.at.count());
    }
    std::string operator()(const TellPartial& a) const { return "partial:" + a.utterance.text; }
    std::string operator()(const TellFinal& a) const { return "final:" + a.utterance.text; }
    std::string operator()(const TellUtteranceEnd& a) const {
        return fmt::format("utterance-end@{}", a.last_word_end.count());
    }
    std::string operator()(const TellFlushed&) const { return "flushed"; }
    std::string operator()(const TellFinished& a) const {
        return fmt::format("finished@{}", a.audio_duration.count());
    }
    std::string operator()(const TellFailed& a) const {
        return fmt::format("failed:{}", name_of(a.error.errc()));
    }
};

class SessionTest : public testing::Test {
  protected:
    void audio(SamplePos samples) {
        std::vector<std::int16_t> block(static_cast<std::size_t>(samples));
        std::iota(block.begin(), block.end(), static_cast<std::int16_t>(machine.received()));
        machine.on_audio(block);
    }
    void open() {
        audio(100);
        machine.on_engine_found(1);
        machine.on_message(proto::Opened{});
        (void)machine.take_actions();
    }
    static proto::Final final_of(std::string text, SamplePos end) {
        proto::Final message;
        message.utterance.text = text;
        message.utterance.words = {{text, Millis(0), proto::to_millis(end), 1}};
        message.consumed_up_to = end;
        return message;
    }
    std::string actions() {
        std::string line;
        for (const auto& action : machine.take_actions())
            line += (line.empty() ? "" : " ") + std::visit(Describe{}, action);
        return line;
    }

    SessionMachine machine{{.utterance_end = Millis(1000)}};
};

}  // namespace tutti::policy

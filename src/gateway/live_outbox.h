// SPDX-License-Identifier: Apache-2.0
// Text frames on their way to a live client. Pure.
//
// Overflow policy: a partial that is still waiting is replaced by the next one and never counts;
// everything else is kept, and when more than kLimit bytes of it wait the client is too slow and
// the connection is to be given up.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace tutti::gateway {

class LiveOutbox {
  public:
    static constexpr std::size_t kLimit = 1 << 20;

    void push(std::string frame) {
        bytes_ += frame.size();
        frames_.push_back({std::move(frame), false});
    }
    void push_partial(std::string frame) {
        if (!frames_.empty() && frames_.back().is_partial)
            frames_.back().text = std::move(frame);
        else
            frames_.push_back({std::move(frame), true});
    }
    std::string pop() {
        Frame frame = std::move(frames_.front());
        frames_.pop_front();
        if (!frame.is_partial) bytes_ -= frame.text.size();
        return std::move(frame.text);
    }
    bool is_empty() const { return frames_.empty(); }
    bool has_overflowed() const { return bytes_ > kLimit; }

  private:
    struct Frame {
        std::string text;
        bool is_partial;
    };
    std::deque<Frame> frames_;
    std::size_t bytes_ = 0;
};

}  // namespace tutti::gateway

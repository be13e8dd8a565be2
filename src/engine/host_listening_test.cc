// SPDX-License-Identifier: Apache-2.0
// The host with detectors that hear all streams at once.
#include "engine/host_fixture.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace tutti::engine {
namespace {

using namespace test;

// Hears sound in whatever is not zero, but only what it was told to expect and listened to.
class Listeners {
  public:
    class Detector final : public audio::FrameDetector {
      public:
        explicit Detector(Listeners& all) : all_(all) { all_.present_.insert(this); }
        ~Detector() override { all_.present_.erase(this); }
        std::size_t frame_samples() const override { return 160; }
        void expect(std::span<const std::int16_t> samples) override {
            expected_.insert(expected_.end(), samples.begin(), samples.end());
        }
        bool is_speech(std::span<const std::int16_t> frame) override {
            const auto sound = std::ranges::any_of(frame, [](auto sample) { return sample != 0; });
            if (heard_.size() < frame.size() ||
                !std::equal(frame.begin(), frame.end(), heard_.begin()))
                throw std::runtime_error("asked for what it has not heard");
            heard_.erase(heard_.begin(), heard_.begin() + static_cast<long>(frame.size()));
            return sound;
        }
        void listen() {
            heard_.insert(heard_.end(), expected_.begin(), expected_.end());
            expected_.clear();
        }

      private:
        Listeners& all_;
        std::vector<std::int16_t> expected_, heard_;
    };

    Hearing hearing() {
        return {.make_detector = [this] { return std::make_unique<Detector>(*this); },
                .listen =
                    [this] {
                        for (auto* one : present_) one->listen();
                    }};
    }

  private:
    std::set<Detector*> present_;
};

struct HasListeners {
    Listeners listeners;
};
class ListeningHostTest : public HasListeners, public HostTest {
  protected:
    ListeningHostTest() : HostTest(100, listeners.hearing()) {}
};

// All in one write, so that the engine reads many messages at once.
TEST_F(ListeningHostTest, AudioIsListenedToBeforeItIsHeardWhateverComesBetween) {
    auto client = connect();
    const StreamRef other{2, 1}, leaving{3, 1};
    for (const auto ref : {kRef, other, leaving}) client.open(ref);
    const auto digits = with_silence(generate_dtmf("159"), 1), more = generate_dtmf("7");
    std::string all;
    const auto add = [&](StreamRef ref, SamplePos at, std::span<const std::int16_t> samples) {
        proto::append_frame(
            all,
            proto::Audio{
                ref, at, {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()}});
    };
    const auto half = digits.size() / 2 + 77;  // in the middle of a frame
    for (const auto ref : {kRef, other, leaving}) add(ref, 0, std::span(digits).first(half));
    proto::append_frame(all, proto::Cancel{leaving});
    for (const auto ref : {kRef, other})
        add(ref, static_cast<SamplePos>(half), std::span(digits).subspan(half));
    add(kRef, static_cast<SamplePos>(digits.size()), more);
    for (const auto ref : {kRef, other}) proto::append_frame(all, proto::Finish{ref});
    client.send_bytes(all);
    ASSERT_TRUE(client.await<proto::Finished>());
    ASSERT_TRUE(client.await<proto::Finished>());
    std::map<std::uint32_t, std::string> heard;
    for (const auto& final : client.finals)
        for (const auto& word : final.utterance.words) heard[final.ref.stream] += word.text;
    EXPECT_EQ(heard, (std::map<std::uint32_t, std::string>{{1, "1597"}, {2, "159"}}));
}

TEST_F(ListeningHostTest, AViolationEndsTheConnectionWithWhatItExpected) {
    auto client = connect();
    client.open(kRef);
    std::string all;
    const std::vector<std::int16_t> samples(1000, 5);
    const proto::ByteView pcm{reinterpret_cast<const char*>(samples.data()), 2000};
    proto::append_frame(all, proto::Audio{kRef, 0, pcm});
    proto::append_frame(all, proto::Audio{{9, 9}, 0, pcm});
    client.send_bytes(all);
    EXPECT_TRUE(client.is_closed_by_engine());
    auto next = connect();
    next.open(kRef);
    next.audio(kRef, with_silence(generate_dtmf("42"), 1));
    next.send(proto::Finish{kRef});
    ASSERT_TRUE(next.await<proto::Finished>());
    EXPECT_EQ(next.digits(), "42");
}

}  // namespace
}  // namespace tutti::engine

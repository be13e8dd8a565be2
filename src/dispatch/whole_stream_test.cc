// SPDX-License-Identifier: Apache-2.0
#include "dispatch/whole_stream.h"

#include "dispatch/engines_fixture.h"

namespace tutti::dispatch {
namespace {

class WholeStreamTest : public test::EnginesFixture {
  protected:
    void ask() {
        stream.emplace(engines, "m", audio::Segment{16000, std::vector<std::int16_t>(800, 7)}, "",
                       [this] { ++hints; });
        stream->ask();
    }
    // The engine's part up to the text.
    proto::StreamRef hear() {
        const auto open = engine_hears<proto::Open>();
        EXPECT_EQ(open.mode, proto::StreamMode::whole);
        EXPECT_EQ(open.first_sample, 16000);
        engine_says(proto::Opened{open.ref});
        EXPECT_EQ(engine_hears<proto::Audio>().pcm.size(), 1600u) << "bytes";
        engine_hears<proto::Finish>();
        return open.ref;
    }
    void answer(proto::StreamRef ref, const std::string& text) {
        proto::Final final{.ref = ref};
        final.utterance.text = text;
        engine_says(final);
        engine_says(proto::Finished{ref});
        run_until([this] { return stream->outcome().has_value(); });
    }

    std::optional<WholeStream> stream;
    int hints = 0;
};

TEST_F(WholeStreamTest, SendsItsAudioAndKnowsTheText) {
    connect();
    ask();
    answer(hear(), "one");
    EXPECT_EQ(stream->outcome()->value().text, "one");
    EXPECT_GT(hints, 0);
}

TEST_F(WholeStreamTest, IsHeardAgainWhenItsEngineDies) {
    connect();
    ask();
    hear();
    peer->close();
    run_until([this] { return stream->wants_engine(); });
    EXPECT_FALSE(stream->is_asking()) << "that is the owner's to do";
    stream->ask();
    run_until([this] { return !stream->is_asking(); });
    peer.emplace(listener->accept());
    answer(hear(), "one");
    EXPECT_EQ(stream->outcome()->value().text, "one");
}

TEST_F(WholeStreamTest, OneThatIsGivenUpIsCancelled) {
    connect();
    ask();
    const auto ref = hear();
    stream.reset();
    EXPECT_EQ(engine_hears<proto::Cancel>().ref.stream, ref.stream);
    engine_says(proto::Finished{ref});  // too late, and of no harm
    ask();
    answer(hear(), "two");
    EXPECT_EQ(stream->outcome()->value().text, "two");
}

TEST_F(WholeStreamTest, HintsWhenTheModelCannotBeLoaded) {
    ask();
    EXPECT_TRUE(stream->is_asking());
    engines.update({.peers = {},
                    .models = {{.id = "m",
                                .state = proto::ModelState::failed,
                                .may_be_asked_for = false,
                                .why = "it broke"}}});
    EXPECT_FALSE(stream->is_asking());
    EXPECT_EQ(hints, 1);
    EXPECT_FALSE(stream->outcome()) << "whether to wait is the owner's to know";
}

}  // namespace
}  // namespace tutti::dispatch

// SPDX-License-Identifier: Apache-2.0
#include "cli/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::cli {
namespace {

using testing::ElementsAre;
using Events = std::vector<std::string>;

// What comes out when `text` arrives in the pieces [0, cut), [cut, end) or, without a cut,
// bytewise.
Events events_of(std::string_view text, std::optional<std::size_t> cut = std::nullopt) {
    EventStream stream;
    Events out;
    const auto push = [&](std::string_view piece) {
        const auto events = stream.push(piece);
        ASSERT_TRUE(events);
        out.insert(out.end(), events->begin(), events->end());
    };
    if (cut) {
        push(text.substr(0, *cut));
        push(text.substr(*cut));
    } else {
        for (const char& c : text) push({&c, 1});
    }
    return out;
}

TEST(EventStream, CutsChangeNothing) {
    const std::string text =
        ": a comment\ndata: {\"a\":1}\n\nevent: x\nid: 7\ndata:two\r\ndata:  lines\r\n\r\n"
        "data: by cr\r\rdata\n\n\n\nretry: 10\n\ndata: last\n\n";
    const Events expected = {"{\"a\":1}", "two\n lines", "by cr", "", "last"};
    EXPECT_EQ(events_of(text), expected);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(events_of(text, cut), expected);
}

TEST(EventStream, AnUnfinishedEventIsNone) {
    EXPECT_THAT(events_of("data: one\n\ndata: two\n"), ElementsAre("one"));
    EXPECT_THAT(events_of("data: one"), ElementsAre());
}

TEST(EventStream, BoundsAnEvent) {
    EventStream stream(20);
    const std::string line = "data: 1234\n";
    ASSERT_TRUE(stream.push(line + "\n" + line + "data: 56789"));
    ASSERT_TRUE(stream.push("0123"));
    EXPECT_EQ(stream.push("45").error().errc(), Errc::too_large);
}

}  // namespace
}  // namespace tutti::cli

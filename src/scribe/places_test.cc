// SPDX-License-Identifier: Apache-2.0
#include "scribe/places.h"

#include "runtime/task_group.h"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace tutti::scribe {
namespace {

struct Guest {
    std::optional<Place> place;
    bool is_refused = false;
};

asio::awaitable<void> enter(Places& places, Guest& guest, std::string& order, char name) {
    auto place = co_await places.take();
    guest.is_refused = !place;
    if (!place) co_return;
    guest.place.emplace(std::move(*place));
    order += name;
}

struct House {
    asio::io_context loop{1};
    Places places{loop, 2, 2};
    Guest a, b, c, d, e;
    std::string order;
    runtime::TaskGroup tasks{loop};
    runtime::TaskGroup impatient{loop};

    void enter_all() {
        tasks.spawn("a", enter(places, a, order, 'a'));
        tasks.spawn("b", enter(places, b, order, 'b'));
        impatient.spawn("c", enter(places, c, order, 'c'));
        tasks.spawn("d", enter(places, d, order, 'd'));
        tasks.spawn("e", enter(places, e, order, 'e'));
        loop.poll();
    }
    void poll() {
        loop.restart();
        loop.poll();
    }
};

TEST(Places, LetsInAsManyAsThereAreAndTheOthersInOrder) {
    House house;
    house.enter_all();
    EXPECT_EQ(house.order, "ab");
    EXPECT_TRUE(house.e.is_refused) << "more than may wait";
    house.b.place.reset();
    house.poll();
    EXPECT_EQ(house.order, "abc");
    house.a.place.reset();
    house.poll();
    EXPECT_EQ(house.order, "abcd");
    house.c.place.reset();
    house.d.place.reset();
}

TEST(Places, AWaitThatIsCancelledLosesNoPlace) {
    House house;
    house.enter_all();
    // Called and cancelled in the same turn: the place goes on to the next.
    asio::post(house.loop, [&] {
        house.a.place.reset();
        house.impatient.cancel();
    });
    house.poll();
    house.c.place.reset();
    house.poll();
    EXPECT_EQ(house.order.back(), 'd');
    house.b.place.reset();
    house.d.place.reset();
    house.tasks.spawn("a", enter(house.places, house.a, house.order, 'A'));
    house.tasks.spawn("b", enter(house.places, house.b, house.order, 'B'));
    house.poll();
    EXPECT_TRUE(house.order.ends_with("AB")) << house.order;
    house.a.place.reset();
    house.b.place.reset();
}

}  // namespace
}  // namespace tutti::scribe

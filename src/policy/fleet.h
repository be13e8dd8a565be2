// SPDX-License-Identifier: Apache-2.0
// Decides how many processes each model has: loaded when somebody waits for it, unloaded when
// nobody uses it, more of them under load, and never more than the node's memory allows. Pure.
//
//   for (const auto& change : fleet.plan(now, views, budget)) ...   // every second or so
//
// 1. A model in use is never taken away, nor one that is pinned or of which `least` is not 0.
// 2. Memory counts as taken from the moment a process is asked for until it has ended. What does
//    not fit waits; idle models go for a model that is waited for, the least recently used first.
// 3. A plan changes a model once: what it takes away to make room stays away.
// 4. A process more comes after kBusyFor of high load, one less after kCalmFor of low load.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tutti::policy {

// One model as it stands.
struct ModelView {
    using Time = std::chrono::steady_clock::time_point;

    std::string id;
    int least = 0;     // processes that it always has
    int most = 1;      // processes that it may have
    int replicas = 0;  // that it is to have now
    int ready = 0;     // of them
    int ending = 0;    // processes besides them that have not ended yet
    bool is_pinned = false;
    bool is_wanted = false;    // somebody waits for it
    bool is_used = false;      // streams are open on it
    bool may_be_tried = true;  // it has not failed lately
    double load = 0;           // of its ready processes, 0 to 1
    Time last_used{};
    std::chrono::seconds idle_unload{0};  // 0 = never
    std::uint64_t memory = 0;             // bytes of all its processes, those that end included
    std::uint64_t estimate = 0;           // bytes of one more
};

struct FleetChange {
    std::string model;
    int replicas = 0;
    std::string why;
    bool is_eviction = false;  // it goes to make room
    bool operator==(const FleetChange&) const = default;
};

class Fleet {
  public:
    using Time = ModelView::Time;
    static constexpr double kHighLoad = 0.8;
    static constexpr double kLowLoad = 0.4;  // that the rest would have
    static constexpr std::chrono::seconds kBusyFor{3};
    static constexpr std::chrono::seconds kCalmFor{60};

    // `budget` in bytes; 0 = no limit.
    std::vector<FleetChange> plan(Time now, std::span<const ModelView> models,
                                  std::uint64_t budget);

  private:
    struct Trend {
        Time calm_at{};  // when the load was last not high
        Time busy_at{};  // when the load was last not low
    };

    int wanted_by_load(Time now, const ModelView& model);

    std::map<std::string, Trend> trends_;
};

}  // namespace tutti::policy

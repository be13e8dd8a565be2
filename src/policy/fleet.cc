// SPDX-License-Identifier: Apache-2.0
#include "policy/fleet.h"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::policy {
namespace {

using Time = ModelView::Time;

std::uint64_t megabytes(std::uint64_t bytes) {
    return bytes / 1'000'000;
}

// A process that has not grown yet may still come to what is expected of it.
std::uint64_t taken_by(const ModelView& model) {
    const auto processes =
        static_cast<std::uint64_t>(model.replicas) + static_cast<std::uint64_t>(model.ending);
    return std::max(model.memory, processes * model.estimate);
}

// What is taken and what is about to be free again.
class Memory {
  public:
    Memory(std::span<const ModelView> models, std::uint64_t budget) : budget_(budget) {
        for (const auto& model : models) {
            taken_ += taken_by(model);
            if (model.replicas == 0) ending_ += taken_by(model);
        }
    }
    bool has_room(std::uint64_t bytes) const { return budget_ == 0 || taken_ + bytes <= budget_; }
    bool will_have_room(std::uint64_t bytes) const {
        return budget_ == 0 || taken_ - ending_ + bytes <= budget_;
    }
    void take(std::uint64_t bytes) { taken_ += bytes; }
    void expect(std::uint64_t bytes) { ending_ += bytes; }

  private:
    std::uint64_t budget_;
    std::uint64_t taken_ = 0;
    std::uint64_t ending_ = 0;
};

bool is_idle(const ModelView& model) {
    return model.replicas > 0 && model.ready == model.replicas && model.least == 0 &&
           !model.is_pinned && !model.is_used && !model.is_wanted;
}

std::vector<const ModelView*> idle_ones(std::span<const ModelView> models) {
    std::vector<const ModelView*> idle;
    for (const auto& model : models)
        if (is_idle(model)) idle.push_back(&model);
    std::ranges::sort(idle, {}, &ModelView::last_used);
    return idle;
}

// What its first processes are expected to take.
std::uint64_t needed_by(const ModelView& model) {
    return static_cast<std::uint64_t>(std::max(1, model.least)) * model.estimate;
}

// The idle models that must go for `model` to fit; none when that is not enough.
std::vector<const ModelView*> victims_for(const ModelView& model,
                                          const std::vector<const ModelView*>& idle,
                                          Memory memory) {
    std::vector<const ModelView*> victims;
    for (const auto* candidate : idle) {
        if (memory.will_have_room(needed_by(model))) break;
        memory.expect(taken_by(*candidate));
        victims.push_back(candidate);
    }
    if (!memory.will_have_room(needed_by(model))) victims.clear();
    return victims;
}

bool must_load(const ModelView& model) {
    return model.replicas == 0 && model.may_be_tried &&
           (model.is_wanted || model.is_pinned || model.least > 0);
}

bool has_idled(const ModelView& model, Time now) {
    return is_idle(model) && model.idle_unload.count() > 0 &&
           now - model.last_used >= model.idle_unload;
}

}  // namespace

std::vector<FleetChange> Fleet::plan(Time now, std::span<const ModelView> models,
                                     std::uint64_t budget) {
    std::vector<FleetChange> changes;
    Memory memory(models, budget);
    auto idle = idle_ones(models);
    const auto unload = [&](const ModelView& model, std::string why, bool is_eviction = true) {
        changes.push_back({model.id, 0, std::move(why), is_eviction});
        memory.expect(taken_by(model));
        std::erase(idle, &model);
    };
    for (const auto& model : models)
        if (has_idled(model, now))
            unload(model, fmt::format("not used for {} s", model.idle_unload.count()), false);
    // A process may turn out larger than was expected.
    for (const auto* victim : std::vector(idle))
        if (!memory.will_have_room(0)) unload(*victim, "the memory budget is exceeded");
    for (const auto& model : models) {
        if (!must_load(model)) continue;
        if (memory.has_room(needed_by(model))) {
            const int replicas = std::max(1, model.least);
            changes.push_back(
                {model.id, replicas, model.is_wanted ? "it is asked for" : "it is kept"});
            memory.take(needed_by(model));
            continue;
        }
        for (const auto* victim : victims_for(model, idle, memory))
            unload(*victim, fmt::format("{} needs {} MB", model.id, megabytes(needed_by(model))));
    }
    for (const auto& model : models) {
        const int replicas = wanted_by_load(now, model);
        const bool is_decided = std::ranges::count(changes, model.id, &FleetChange::model) > 0;
        if (replicas == model.replicas || is_decided) continue;
        if (replicas > model.replicas && !memory.has_room(model.estimate)) continue;
        if (replicas > model.replicas) memory.take(model.estimate);
        changes.push_back(
            {model.id, replicas, fmt::format("its load is {:.0f} %", model.load * 100)});
    }
    return changes;
}

int Fleet::wanted_by_load(Time now, const ModelView& model) {
    auto& trend = trends_.try_emplace(model.id, Trend{now, now}).first->second;
    const bool is_settled = model.replicas > 0 && model.ready == model.replicas;
    const double load_of_rest =
        model.replicas > 1 ? model.load * model.replicas / (model.replicas - 1) : 1;
    if (!is_settled || model.load < kHighLoad) trend.calm_at = now;
    if (!is_settled || load_of_rest >= kLowLoad) trend.busy_at = now;
    if (now - trend.calm_at >= kBusyFor && model.replicas < model.most && model.may_be_tried)
        return model.replicas + 1;
    if (now - trend.busy_at >= kCalmFor && model.replicas > std::max(1, model.least))
        return model.replicas - 1;
    return model.replicas;
}

}  // namespace tutti::policy

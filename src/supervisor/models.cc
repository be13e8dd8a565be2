// SPDX-License-Identifier: Apache-2.0
#include "supervisor/models.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace tutti::supervisor {
namespace {

using proto::ModelState;
using runtime::Metric;

// Work that waits says so every second.
constexpr auto kWantedFor = std::chrono::milliseconds(2500);
constexpr auto kLeastRetryPause = std::chrono::seconds(30);
constexpr auto kMostRetryPause = std::chrono::minutes(10);
// What a process takes besides its model's files.
constexpr std::uint64_t kProgramBytes = 40'000'000;

std::uint64_t size_of_files(const std::string& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        const auto size = it->file_size(error);
        if (!error) bytes += size;
        error.clear();
    }
    return bytes;
}

std::uint64_t first_estimate(const config::Model& model) {
    if (model.memory_bytes > 0) return model.memory_bytes;
    return kProgramBytes + (model.directory.empty() ? 0 : size_of_files(model.directory));
}

Error unknown(const std::string& model) {
    return Error(Errc::unknown_model,
                 fmt::format("there is no model '{}' here", log::printable(model, 60)));
}

}  // namespace

// --- what is ------------------------------------------------------------------------------------

Models::Record* Models::find(const std::string& model) {
    const auto found = std::ranges::find(records_, model, [](const auto& r) { return r.model.id; });
    return found == records_.end() ? nullptr : &*found;
}

template <class Visit>
void Models::each_place(const std::string& model, Visit visit) const {
    for (const auto& place : places_)
        if (place->role() == proto::Role::engine && place->model() == model) visit(*place);
}

int Models::ready_of(const std::string& model) const {
    int ready = 0;
    each_place(model, [&](const Place& place) { ready += place.serving() != nullptr; });
    return ready;
}

void Models::configure(const config::Config& config) {
    const auto sizes = sizes_for(config);
    std::vector<Record> records;
    for (const auto& id : config.models) {
        Record record;
        if (auto* known = find(id)) record = std::move(*known);
        record.model = *config::find_model(config, id);
        record.least = record.model.replicas;
        record.replicas = sizes.at(id);
        record.is_held = false;
        record.estimate = std::max(record.estimate, first_estimate(record.model));
        record.last_used = Clock::now();
        records.push_back(std::move(record));
    }
    records_ = std::move(records);
    budget_ = config.memory_budget_bytes;
    load_limit_ = config.boot_limit + config.engine_wait;
}

Models::Sizes Models::sizes_for(const config::Config& config) const {
    Sizes sizes;
    for (const auto& id : config.models) {
        const auto& model = *config::find_model(config, id);
        sizes[id] = std::min(std::max(model.replicas, ready_of(id)), config::most_replicas(model));
    }
    return sizes;
}

Models::Sizes Models::sizes() const {
    Sizes sizes;
    for (const auto& record : records_) sizes[record.model.id] = record.replicas;
    return sizes;
}

void Models::set_least(const std::string& model, int replicas) {
    auto* record = find(model);
    if (!record) return;
    record->least = record->replicas = replicas;
    record->model.max_replicas = std::max(record->model.max_replicas, replicas);
    record->is_held = false;
}

void Models::observe(Record& record, Clock::time_point now, const Memory& memory) {
    std::uint64_t processes = 0;
    std::int64_t work_done = 0;
    record.memory = 0;
    record.is_used = false;
    each_place(record.model.id, [&](const Place& place) {
        place.each([&](const Process& process) {
            ++processes;
            work_done += process.slot().get(Metric::utterances_decoded);
            record.is_used |= process.slot().get(Metric::engine_streams) > 0;
            if (const auto found = memory.find(process.pid()); found != memory.end())
                record.memory += found->second;
        });
    });
    if (processes > 0) record.estimate = std::max(record.estimate, record.memory / processes);
    if (record.is_used || std::exchange(record.work_done, work_done) != work_done)
        record.last_used = now;
}

double Models::load_of(const std::string& model) const {
    double load = 0;
    int ready = 0;
    each_place(model, [&](const Place& place) {
        const auto* process = place.serving();
        if (!process) return;
        ++ready;
        const bool is_behind = process->slot().get(Metric::utterances_waiting) > 0;
        const auto streams = static_cast<double>(process->slot().get(Metric::engine_streams));
        load += is_behind ? 1 : std::min(1.0, streams / std::max(1u, process->peer().live_limit));
    });
    return ready > 0 ? load / ready : 0;
}

policy::ModelView Models::view_of(const Record& record, Clock::time_point now) const {
    const bool may_be_asked_for = !record.is_held && now >= record.retry_at;
    std::size_t ending = 0;
    each_place(record.model.id, [&](const Place& place) { ending += place.leaving(); });
    return {.id = record.model.id,
            .least = record.is_held ? 0 : record.least,
            .most = config::most_replicas(record.model),
            .replicas = record.replicas,
            .ready = ready_of(record.model.id),
            .ending = static_cast<int>(ending),
            .is_pinned = record.is_pinned,
            .is_wanted = may_be_asked_for && now < record.wanted_until,
            .is_used = record.is_used,
            .may_be_tried = may_be_asked_for,
            .load = load_of(record.model.id),
            .last_used = record.last_used,
            .idle_unload = record.model.idle_unload,
            .memory = record.memory,
            .estimate = record.estimate};
}

// --- what happens by itself ----------------------------------------------------------------------

void Models::on_wanted(const std::string& model) {
    auto* record = find(model);
    if (!record) return;
    const auto now = Clock::now();
    record->wanted_until = now + kWantedFor;
    record->last_used = now;
    if (record->replicas == 0) decide(now);
}

void Models::tick(Clock::time_point now, const std::function<Memory()>& measure) {
    const auto memory = budget_ > 0 ? measure() : Memory();
    for (auto& record : records_) observe(record, now, memory);
    note_failures(now);
    decide(now);
    if (notes() != told_) node_.on_roster_changed();
}

void Models::decide(Clock::time_point now) {
    if (!node_.was_ready || node_.is_stopping) return;
    std::vector<policy::ModelView> views;
    for (const auto& record : records_) views.push_back(view_of(record, now));
    for (const auto& change : fleet_.plan(now, views, budget_)) {
        auto& record = *find(change.model);
        const int before = record.replicas;
        if (!resize(record, change.replicas)) continue;
        log::info("model {}: {} process{}, was {}: {}", change.model, change.replicas,
                  change.replicas == 1 ? "" : "es", before, change.why);
        if (change.replicas == 0 && change.is_eviction) ++record.evictions;
    }
}

bool Models::resize(Record& record, int replicas) {
    if (!resize_(record.model.id, replicas)) return false;
    record.replicas = replicas;
    return true;
}

// Their places would try again and again.
void Models::note_failures(Clock::time_point now) {
    if (!node_.was_ready || node_.is_stopping) return;
    for (auto& record : records_) {
        std::string why;
        each_place(record.model.id, [&](const Place& place) {
            if (place.is_wanted() && !place.has_been_ready() && place.deaths() > 0)
                why = place.last_death();
        });
        // As long as one serves, the others are looked after as all places are.
        if (!why.empty() && ready_of(record.model.id) == 0) give_up(record, now, why);
        if (record.failures > 0 && ready_of(record.model.id) == record.replicas &&
            record.replicas > 0)
            record.failures = 0;
    }
}

void Models::give_up(Record& record, Clock::time_point now, const std::string& why) {
    if (!resize(record, 0)) return;
    const auto pause = std::min<std::chrono::seconds>(
        kLeastRetryPause * (1 << std::min(record.failures, 10)), kMostRetryPause);
    ++record.failures;
    record.failure = why;
    record.retry_at = now + pause;
    log::error("model {} cannot be loaded: {}; the next try is in {} s at the earliest",
               record.model.id, why, pause.count());
}

// --- what somebody asks for ----------------------------------------------------------------------

asio::awaitable<Result<void>> Models::load(std::string model) {
    auto* record = find(model);
    if (!record) co_return unknown(model);
    const auto now = Clock::now();
    const auto deadline = now + load_limit_;
    record->is_held = false;
    record->failures = 0;
    record->retry_at = {};
    record->wanted_until = deadline;
    record->last_used = now;
    decide(now);
    const auto is_decided = [this, &model] {
        const auto* present = find(model);
        return !present || present->failures > 0 || present->is_held || ready_of(model) > 0 ||
               node_.is_stopping;
    };
    const bool has_ended = co_await node_.changed.wait(is_decided, deadline);
    record = find(model);
    if (!record || node_.is_stopping) co_return Error(Errc::canceled, "the server is changing");
    record->wanted_until = {};
    if (record->is_held) co_return Error(Errc::canceled, model + " was unloaded meanwhile");
    if (ready_of(model) > 0) co_return Result<void>();
    if (has_ended)
        co_return Error(Errc::unavailable, fmt::format("{} cannot be loaded: {}; see the log",
                                                       model, record->failure));
    co_return Error(Errc::busy, record->replicas > 0
                                    ? fmt::format("{} is still loading", model)
                                    : fmt::format("{} needs {} MB, and models in use take the "
                                                  "memory budget",
                                                  model, record->estimate / 1'000'000));
}

Result<void> Models::unload(const std::string& model) {
    auto* record = find(model);
    if (!record) return unknown(model);
    if (!resize(*record, 0))
        return Error(Errc::busy, "another change of the server is under way; try again");
    record->is_held = record->least > 0;
    record->is_pinned = false;
    record->wanted_until = {};
    node_.on_roster_changed();
    log::info("model {}: unloaded by an operator", model);
    return {};
}

Result<void> Models::pin(const std::string& model, bool is_pinned) {
    auto* record = find(model);
    if (!record) return unknown(model);
    record->is_pinned = is_pinned;
    if (is_pinned) record->is_held = false;
    decide(Clock::now());
    return {};
}

// --- what others are told ------------------------------------------------------------------------

proto::ModelNote Models::note_of(const Record& record) const {
    proto::ModelNote note{.id = record.model.id, .is_on_demand = record.least == 0};
    bool is_ending = false;
    std::string died;  // a process of it, and its successor is not there
    each_place(note.id, [&](const Place& place) {
        is_ending |= !place.is_empty();
        if (place.is_wanted() && !place.serving() && place.deaths() > 0) died = place.last_death();
    });
    if (ready_of(note.id) > 0)
        note.state = ModelState::ready;
    else if (record.replicas > 0)
        note.state = died.empty() ? ModelState::loading : ModelState::failed;
    else if (record.failures > 0)
        note.state = ModelState::failed;
    else if (is_ending)
        note.state = ModelState::draining;
    if (record.is_held) {
        note.may_be_asked_for = false;
        note.why = fmt::format("it was unloaded; 'tutti ctl load {}' loads it", note.id);
    } else if (note.state == ModelState::failed && !died.empty()) {
        note.why = fmt::format("its process ended ({}), the next one is not there yet", died);
    } else if (note.state == ModelState::failed) {
        note.may_be_asked_for = Clock::now() >= record.retry_at;
        note.why = fmt::format("it could not be loaded: {}", record.failure);
    }
    return note;
}

std::vector<Models::Facts> Models::facts() const {
    std::vector<Facts> facts;
    for (const auto& record : records_)
        facts.push_back({note_of(record), record.model.kind, record.model.backend, record.replicas,
                         ready_of(record.model.id), record.is_pinned, record.memory,
                         record.evictions});
    return facts;
}

const std::vector<proto::ModelNote>& Models::tell() {
    told_ = notes();
    return told_;
}

std::vector<proto::ModelNote> Models::notes() const {
    std::vector<proto::ModelNote> notes;
    for (const auto& record : records_) notes.push_back(note_of(record));
    return notes;
}

}  // namespace tutti::supervisor

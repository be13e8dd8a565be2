// SPDX-License-Identifier: Apache-2.0
// The served models: which are loaded, and everything that loads and unloads them (the decisions:
// policy/fleet.h).
//
//   Models models(node, places, resize);
//   models.configure(config);            // at start, and when a configuration took effect
//   plan of config with models.sizes()
//   models.tick(now, memory);            // every second
//   models.note_failures(now);           // after a death
//   co_await models.load("en-us");       // and what else an operator asks for
//
// Loop thread only.
#pragma once

#include "policy/fleet.h"
#include "supervisor/place.h"

#include <list>
#include <map>

namespace tutti::supervisor {

class Models {
  public:
    using Clock = std::chrono::steady_clock;
    using Places = std::list<std::unique_ptr<Place>>;
    // Of each process with its children, by pid.
    using Memory = std::map<pid_t, std::uint64_t>;
    // Processes of each served model.
    using Sizes = std::map<std::string, int>;
    // Makes or retires places until the model has so many. False: not now.
    using Resize = std::function<bool(const std::string& model, int replicas)>;

    Models(Node& node, const Places& places, Resize resize)
        : node_(node), places_(places), resize_(std::move(resize)) {}

    void configure(const config::Config& config);
    Sizes sizes() const;
    // Those with another configuration: what is loaded by demand stays loaded.
    Sizes sizes_for(const config::Config& config) const;
    // Until the next configuration.
    void set_least(const std::string& model, int replicas);

    void on_wanted(const std::string& model);
    // `measure` is asked only when there is a budget to keep.
    void tick(Clock::time_point now, const std::function<Memory()>& measure);
    // A model that died before it was ever ready is given up for a while.
    void note_failures(Clock::time_point now);

    // Returns when it is ready; an error tells why it is not.
    asio::awaitable<Result<void>> load(std::string model);
    // It finishes what it does. One that is always kept stays away until it is loaded again or a
    // configuration takes effect.
    Result<void> unload(const std::string& model);
    // A pinned model is loaded, and never unloaded for others.
    Result<void> pin(const std::string& model, bool is_pinned);

    struct Facts {
        proto::ModelNote note;
        models::Kind kind = models::Kind::asr_streaming;
        std::string backend;
        int replicas = 0;
        int ready = 0;
        bool is_pinned = false;
        std::uint64_t memory = 0;  // 0 without a budget
        std::uint64_t evictions = 0;
    };
    std::vector<Facts> facts() const;
    // For the roster.
    const std::vector<proto::ModelNote>& tell();

  private:
    struct Record {
        config::Model model;
        int least = 0;
        int replicas = 0;
        bool is_pinned = false;
        bool is_held = false;  // unloaded by an operator, who wants it to stay so
        bool is_used = false;
        std::uint64_t memory = 0;
        std::uint64_t estimate = 0;  // of one process
        std::int64_t work_done = 0;
        Clock::time_point wanted_until{};
        Clock::time_point last_used{};
        int failures = 0;  // loads in a row
        Clock::time_point retry_at{};
        std::string failure;
        std::uint64_t evictions = 0;
    };

    Record* find(const std::string& model);
    template <class Visit>
    void each_place(const std::string& model, Visit visit) const;
    int ready_of(const std::string& model) const;
    void observe(Record& record, Clock::time_point now, const Memory& memory);
    policy::ModelView view_of(const Record& record, Clock::time_point now) const;
    double load_of(const std::string& model) const;
    void decide(Clock::time_point now);
    bool resize(Record& record, int replicas);
    void give_up(Record& record, Clock::time_point now, const std::string& why);
    proto::ModelNote note_of(const Record& record) const;
    std::vector<proto::ModelNote> notes() const;

    Node& node_;
    const Places& places_;
    Resize resize_;
    std::uint64_t budget_ = 0;
    std::chrono::seconds load_limit_{};
    std::vector<Record> records_;  // in the order of the configuration
    policy::Fleet fleet_;
    std::vector<proto::ModelNote> told_;  // by the last roster
};

}  // namespace tutti::supervisor

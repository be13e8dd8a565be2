// SPDX-License-Identifier: Apache-2.0
// All engines of the node as one process sees them: connected as the roster tells, and asked for
// room by whoever needs a stream.
//
//   engines.update(roster);
//   engines.want(request);        // request.client->on_engine(lease) follows, perhaps at once
//
// A request waits, in order, until a replica of its model has room; destroying it withdraws it.
// The deadline of the wait is the client's. Loop thread only.
#pragma once

#include "dispatch/engine_link.h"

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace tutti::dispatch {

class Engines {
  public:
    // A client's standing question. Must outlive its wait; not movable while it waits.
    class Request {
      public:
        Request(Engines& engines, EngineClient& client, std::string model, proto::StreamMode mode)
            : engines_(engines), client_(client), model_(std::move(model)), mode_(mode) {}
        Request(const Request&) = delete;
        Request& operator=(const Request&) = delete;
        ~Request() { withdraw(); }

        bool is_waiting() const { return is_waiting_; }
        void withdraw();

      private:
        friend class Engines;
        Engines& engines_;
        EngineClient& client_;
        std::string model_;
        proto::StreamMode mode_;
        bool is_waiting_ = false;
        std::list<Request*>::iterator place_;
    };

    Engines(asio::io_context& loop, runtime::Slot& slot);

    void update(const proto::Roster& roster);
    // Work waits for a model that nobody serves; told again every kWantedEvery as long as it waits.
    std::function<void(const std::string& model)> on_wanted = [](const std::string&) {};
    static constexpr std::chrono::seconds kWantedEvery{1};
    void want(Request& request);
    // Work for the model will come; one that is loaded on demand may be loaded ahead of it.
    void expect_work(const std::string& model) { tell_wanted(model); }
    // Room may have become free (a stream ended); serves those who wait.
    void look_again();

    proto::ModelState state_of(std::string_view model) const;
    // An engine of this model serves: connected, or about to be.
    bool is_served(std::string_view model) const;
    // It is one that aligns text with audio.
    bool aligns(std::string_view model) const;
    // Engines of the model are connected, and none has room for a live stream.
    bool is_full(std::string_view model) const;
    // An engine serves it, or one is loaded as soon as work waits for it.
    bool can_serve(std::string_view model) const;
    // Why work must not wait for the model; nullopt when it may.
    std::optional<Error> refusal(std::string_view model) const;
    // It is being loaded: a wait for it is not in vain.
    bool is_loading(std::string_view model) const;
    // Requests that wait for the model.
    std::size_t waiting(std::string_view model) const;
    // Segments the connected engines of the model decode at once.
    std::size_t whole_slots(std::string_view model) const;

    // Ends every connection; run() returns then.
    void shut_down();
    asio::awaitable<void> wait() { return tasks_.wait(); }

  private:
    struct Replica {
        proto::Peer peer;
        std::shared_ptr<EngineLink> link;
        bool is_kept = false;     // a keep_connected() task runs for it
        bool takes_work = false;  // the roster names it; otherwise its streams come to their end

        // Connected, or about to be.
        bool is_serving() const { return takes_work && !(link && link->is_leaving()); }
        bool takes_work_now() const { return takes_work && link && !link->is_leaving(); }
    };

    asio::awaitable<void> keep_connected(std::uint32_t id);
    std::shared_ptr<EngineLink> choose(const Request& request) const;
    const proto::ModelNote* note_of(std::string_view model) const;
    void tell_wanted(const std::string& model);
    void refuse_waiting();
    asio::awaitable<void> retry_later();

    asio::io_context& loop_;
    runtime::Slot& slot_;
    std::map<std::uint32_t, Replica> replicas_;
    std::vector<proto::ModelNote> notes_;
    std::list<Request*> waiting_;
    std::map<std::string, std::chrono::steady_clock::time_point> wanted_told_;
    bool is_retrying_ = false;
    bool is_shut_down_ = false;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::dispatch

// SPDX-License-Identifier: Apache-2.0
// The end of a gateway, as policy/drain_plan.h plans it: not ready first, then nothing new, then
// the live streams are told to go one by one, then what is left is cut off.
//
//   drain.on_drain({...});                 spawned or already running, it goes faster
//   tasks.spawn("drain", drain.run());     returns when the process may end
//
// Loop thread only.
#pragma once

#include "gateway/acceptor.h"
#include "gateway/services.h"
#include "policy/drain_plan.h"

namespace tutti::gateway {

class Drain {
  public:
    Drain(Services& services, Acceptor& acceptor, const runtime::TaskGroup& connections);

    void on_drain(const policy::DrainTimes& times);
    bool has_begun() const { return plan_.is_draining(); }

    asio::awaitable<void> run();

  private:
    void step(policy::DrainPlan::Time now);
    bool is_over(policy::DrainPlan::Time now) const;
    policy::DrainPlan::Time next_look(policy::DrainPlan::Time now) const;

    Services& services_;
    Acceptor& acceptor_;
    const runtime::TaskGroup& connections_;
    policy::DrainPlan plan_;
    asio::steady_timer timer_;
};

}  // namespace tutti::gateway

// SPDX-License-Identifier: Apache-2.0
// The outbox of webhook events inside the store's file.
#pragma once

#include "store/sqlite_jobs.h"

namespace tutti::store {

// One event for each endpoint of the job, if the rules tell of its present state.
void write_events(const Transaction& tx, const Job& job);

// Hands out due events fairly: endpoints take turns, and one that has `per_endpoint` under way
// waits. Used by the writer's operations only, and remembers where the turn was.
class EventTurns {
  public:
    std::vector<WebhookEvent> take(const Transaction& tx, const DueRequest& request);

  private:
    std::optional<std::string> next_endpoint(Database& db, const std::string& after) const;

    std::string last_;  // endpoint served last
};

bool record_event_attempt(Database& db, const std::string& event, const DeliveryAttempt& attempt,
                          const AfterAttempt& after);
bool replay_event(Database& db, const TenantId& tenant, const std::string& event, Now now);
std::optional<EventHistory> find_event(Database& db, const TenantId& tenant,
                                       const std::string& event);

}  // namespace tutti::store

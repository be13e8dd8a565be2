// SPDX-License-Identifier: Apache-2.0
// What the outbox holds: events that somebody is to be told of, each written together with the
// change that it tells of.
#pragma once

#include "store/job.h"

namespace tutti::store {

// The numbers are stored.
enum class DeliveryState : std::uint8_t { pending = 0, delivered = 1, given_up = 2 };

struct WebhookEvent {
    std::string id;  // the same in every attempt; no full stop in it
    TenantId tenant;
    std::string endpoint;
    JobId job;
    ChangeNumber sequence = 0;  // of the change it tells of
    std::string payload;        // what is sent, byte for byte
    int attempt = 0;            // attempts begun so far, the present one included
    int attempt_of_round = 0;   // of these, since it was made or last replayed
    WallTime due{};             // of the next attempt, while pending
    WallTime created{};
    DeliveryState state = DeliveryState::pending;
};

// One attempt, as its sender saw it.
struct DeliveryAttempt {
    int attempt = 0;
    WallTime at{};
    int status = 0;  // of the answer; 0 = there was none
    std::chrono::milliseconds latency{};
    std::string note;  // the error, or how the answer begins; at most kMaxNoteBytes are kept
};
inline constexpr std::size_t kMaxNoteBytes = 1024;

// What follows an attempt; decided by the sender's schedule.
struct AfterAttempt {
    DeliveryState state = DeliveryState::delivered;
    WallTime next_due{};  // when still pending
};

struct EventHistory {
    WebhookEvent event;
    std::vector<DeliveryAttempt> attempts;  // oldest first
};

}  // namespace tutti::store

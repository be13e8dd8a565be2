// SPDX-License-Identifier: Apache-2.0
// Who is in this gateway: its connections, those without a first request yet, its requests. Counts
// them against the limits (policy/gateway_limits.h) and on the scoreboard. Loop thread only;
// outlives every place and hold given out.
#pragma once

#include "policy/gateway_limits.h"
#include "runtime/scoreboard.h"

#include <utility>

namespace tutti::gateway {

class Admission {
  public:
    // A connection's place, kept as long as the connection is open.
    class Place {
      public:
        explicit Place(Admission& admission);
        Place(Place&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)),
              is_handshaking_(other.is_handshaking_) {}
        Place& operator=(Place&&) = delete;
        ~Place();

        bool is_handshaking() const { return is_handshaking_; }
        // Its first request has come.
        void end_handshake();

      private:
        Admission* admission_;
        bool is_handshaking_ = true;
    };

    // A request's, kept until it is answered.
    class RequestHold {
      public:
        explicit RequestHold(Admission& admission);
        RequestHold(const RequestHold&) = delete;
        RequestHold& operator=(const RequestHold&) = delete;
        ~RequestHold();

      private:
        Admission& admission_;
    };

    Admission(policy::GatewayLimits limits, runtime::Slot& slot) : limits_(limits), slot_(slot) {}

    bool takes_connection() const { return policy::takes_connection(limits_, load_); }
    bool takes_request() const { return policy::takes_request(limits_, load_); }
    std::chrono::seconds rest_limit(bool is_closing) const {
        return policy::rest_limit(limits_, load_, is_closing);
    }
    const policy::GatewayLimits& limits() const { return limits_; }
    const policy::GatewayLoad& load() const { return load_; }

    void count_refusal() { slot_.add(runtime::Metric::connections_refused); }

  private:
    policy::GatewayLimits limits_;
    policy::GatewayLoad load_;
    runtime::Slot& slot_;
};

}  // namespace tutti::gateway

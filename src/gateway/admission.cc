// SPDX-License-Identifier: Apache-2.0
#include "gateway/admission.h"

namespace tutti::gateway {

using runtime::Metric;

Admission::Place::Place(Admission& admission) : admission_(&admission) {
    ++admission_->load_.connections;
    ++admission_->load_.handshakes;
    admission_->slot_.add(Metric::http_connections);
}

Admission::Place::~Place() {
    if (!admission_) return;
    end_handshake();
    --admission_->load_.connections;
    admission_->slot_.add(Metric::http_connections, -1);
}

void Admission::Place::end_handshake() {
    if (std::exchange(is_handshaking_, false)) --admission_->load_.handshakes;
}

Admission::RequestHold::RequestHold(Admission& admission) : admission_(admission) {
    ++admission_.load_.requests;
    admission_.slot_.add(Metric::http_in_flight);
}

Admission::RequestHold::~RequestHold() {
    --admission_.load_.requests;
    admission_.slot_.add(Metric::http_in_flight, -1);
}

}  // namespace tutti::gateway

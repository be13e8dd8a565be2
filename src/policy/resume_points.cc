// SPDX-License-Identifier: Apache-2.0
#include "policy/resume_points.h"

#include <algorithm>

namespace tutti::policy {

ResumePoints::Closed ResumePoints::on_final(const TellFinal& final) {
    on_settled(final.closes);
    claims_.told_up_to = std::max(claims_.told_up_to, proto::heard_until(final.utterance));
    return {claims_.segment++, claims_.offset};
}

void ResumePoints::on_settled(SamplePos position) {
    claims_.offset = std::max(claims_.offset, position * rate_ / proto::kSampleRate);
}

}  // namespace tutti::policy

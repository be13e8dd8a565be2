// SPDX-License-Identifier: Apache-2.0
// whoAsr over HTTP: the form and the answers of POST /offline/recognize, and GET /health.
// Errors of a form are detail_body's; failures of the work itself are whoasr_failure_body's.
#pragma once

#include "dialect/query.h"
#include "dialect/request_error.h"
#include "dialect/whoasr_models.h"
#include "proto/transcript.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::dialect {

// The upload as the form described it.
struct WhoasrUpload {
    std::string key;  // names the request in the answer
    std::string filename;
    std::uint64_t size = 0;
};

// What is wrong with the form, if anything: no file, a suffix that is not audio's, batch sizes that
// are not numbers. Batch sizes are accepted and change nothing. `filename` is nullopt when there
// was no file part.
std::optional<RequestError> check_whoasr_form(const Fields& form,
                                              const std::optional<std::string>& filename);

// What is wrong with the name of the audio part `param`, if anything; nullopt = no such part.
std::optional<RequestError> check_whoasr_audio(std::string_view param,
                                               const std::optional<std::string>& filename);

// The sentences are the transcript's, cut anew, or its utterances; one has `spk` when its speaker
// is known.
std::string whoasr_body(const proto::Transcript& transcript,
                        const std::vector<proto::Utterance>& sentences, const WhoasrUpload& upload);

std::string whoasr_failure_body(const Error& failure);

struct WhoasrHealth {
    std::chrono::system_clock::time_point now;
    WhoasrModels models;
    // nullopt is shown as "unknown".
    std::optional<double> memory_total_gb;
    std::optional<double> memory_available_gb;
    std::optional<double> memory_usage_percent;
    std::optional<double> cpu_usage_percent;
};

std::string whoasr_health_body(const WhoasrHealth& health);

}  // namespace tutti::dialect

// SPDX-License-Identifier: Apache-2.0
// The token with which a client takes up a live stream again, at any gateway that has the key.
// Pure; why it is so: docs/decisions/0010-resume-tokens.md.
//
//   token := base64url( body | HMAC-SHA256(key, kind | body) )      body: ResumeClaims, as wire.h
//
// 1. It carries all that the server needs, so the server keeps nothing.
// 2. Nothing in it can be changed by who has it; each final renews it.
// 3. It is no secret about anybody, but whoever has it goes on with the stream: it is not logged.
#pragma once

#include "base/error.h"
#include "proto/transcript.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace tutti::policy {

struct ResumeClaims {
    std::string stream_id;
    std::string tenant;
    std::string model;          // the one that serves
    std::string options;        // digest_of_options() of what the stream was opened with
    std::int64_t issued = 0;    // milliseconds since 1970; 0 = never, the stream is new
    std::uint32_t segment = 0;  // of the next final
    std::int64_t offset = 0;    // where the client goes on: samples of one channel, at its own rate
    proto::Millis told_up_to{};  // where the last final that was told ends

    bool operator==(const ResumeClaims&) const = default;
    static auto tied(auto& self) {
        return std::tie(self.stream_id, self.tenant, self.model, self.options, self.issued,
                        self.segment, self.offset, self.told_up_to);
    }
};

using ResumeTime = std::chrono::system_clock::time_point;

inline constexpr std::size_t kResumeKeySize = 32;

// How often a token is renewed while nothing else renews it, and how long one is taken: at least
// for `window` after the connection broke, whenever the last renewal was.
std::chrono::milliseconds resume_renewal(std::chrono::seconds window);
std::chrono::milliseconds resume_lifetime(std::chrono::seconds window);

// `text` is the options in any form that is the same whenever they are.
std::string digest_of_options(std::string_view text);

std::string sign_resume_token(ResumeClaims claims, ResumeTime now, std::string_view key);

// What a presented token is held against.
struct ResumeTerms {
    std::string_view key;
    std::string_view tenant;
    std::string_view options;  // as in ResumeClaims
    ResumeTime now;
    std::chrono::milliseconds lifetime{};
};

// Errors: forbidden (not made here, of another tenant, or too old), bad_parameter (the options are
// others). What was not made here is not told apart from what belongs to others.
Result<ResumeClaims> accept_resume_token(std::string_view token, const ResumeTerms& terms);

}  // namespace tutti::policy

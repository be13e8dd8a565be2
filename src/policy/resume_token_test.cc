// SPDX-License-Identifier: Apache-2.0
#include "policy/resume_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const ResumeTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2);
const std::string kKey(kResumeKeySize, 'k');
const std::string kOptions = digest_of_options("encoding=linear16");

ResumeClaims claims() {
    return {.stream_id = "6f1c",
            .tenant = "default",
            .model = "tone",
            .options = kOptions,
            .segment = 7,
            .offset = 123456789012,
            .told_up_to = proto::Millis(4321)};
}
std::string token() {
    return sign_resume_token(claims(), kNow, kKey);
}
ResumeTerms terms(ResumeTime now = kNow) {
    return {.key = kKey,
            .tenant = "default",
            .options = kOptions,
            .now = now,
            .lifetime = resume_lifetime(60s)};
}
std::string fault_of(std::string_view token, const ResumeTerms& terms) {
    const auto claims = accept_resume_token(token, terms);
    return claims ? "none" : claims.error().message();
}
void expect_not_ours(std::string_view token, const ResumeTerms& terms) {
    const auto claims = accept_resume_token(token, terms);
    ASSERT_FALSE(claims) << token;
    EXPECT_EQ(claims.error().errc(), Errc::forbidden);
    EXPECT_THAT(claims.error().context, HasSubstr("not one of this server's"));
}

TEST(ResumeToken, CarriesWhatItWasMadeOf) {
    auto expected = claims();
    expected.issued = kNow.time_since_epoch() / 1ms;
    EXPECT_EQ(accept_resume_token(token(), terms()).value(), expected);
}

TEST(ResumeToken, GoesWhereASubprotocolGoes) {
    EXPECT_EQ(token().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_"),
              std::string::npos);
    EXPECT_LT(token().size(), 200u);
}

TEST(ResumeToken, EveryChangedCharacterIsNoticed) {
    const auto good = token();
    for (std::size_t at = 0; at < good.size(); ++at)
        for (const char other : {'A', 'B', '_', '=', ' ', '\0'}) {
            auto bad = good;
            if (bad[at] == other) continue;
            bad[at] = other;
            expect_not_ours(bad, terms());
        }
}

TEST(ResumeToken, EveryOtherLengthIsNoticed) {
    const auto good = token();
    for (std::size_t size = 0; size < good.size(); ++size)
        expect_not_ours(good.substr(0, size), terms());
    for (const char* more : {"A", "AA", "AAAA", "=", "\n"}) expect_not_ours(good + more, terms());
    expect_not_ours(std::string(1 << 20, 'A'), terms());
}

TEST(ResumeToken, OneOfAnotherKeyIsRefused) {
    const std::string other(kResumeKeySize, 'o');
    expect_not_ours(sign_resume_token(claims(), kNow, other), terms());
    auto no_key = terms();
    no_key.key = {};
    expect_not_ours(sign_resume_token(claims(), kNow, ""), no_key);
}

TEST(ResumeToken, OneOfAnotherTenantLooksLikeAForgedOne) {
    auto others = claims();
    others.tenant = "other";
    expect_not_ours(sign_resume_token(others, kNow, kKey), terms());
}

TEST(ResumeToken, LivesForItsLifetimeFromItsLastRenewal) {
    const auto lifetime = resume_lifetime(60s);
    EXPECT_GE(lifetime, 60s + resume_renewal(60s));
    EXPECT_EQ(fault_of(token(), terms(kNow + lifetime)), "none");
    EXPECT_THAT(fault_of(token(), terms(kNow + lifetime + 1ms)), HasSubstr("too old"));
    // Another node's clock may be a little behind, but nothing comes from the future.
    EXPECT_EQ(fault_of(token(), terms(kNow - 5s)), "none");
    expect_not_ours(token(), terms(kNow - 6s));
}

TEST(ResumeToken, HoldsForTheSameOptionsOnly) {
    const auto other = digest_of_options("encoding=mulaw");
    auto changed = terms();
    changed.options = other;
    const auto claims = accept_resume_token(token(), changed);
    ASSERT_FALSE(claims);
    EXPECT_EQ(claims.error().errc(), Errc::bad_parameter);
    EXPECT_THAT(claims.error().context, HasSubstr("other options"));
}

TEST(ResumeToken, IsRenewedWellWithinItsWindow) {
    EXPECT_EQ(resume_renewal(60s), 5s);
    EXPECT_EQ(resume_renewal(3600s), 5s);
    EXPECT_EQ(resume_renewal(8s), 2s);
    EXPECT_EQ(resume_renewal(0s), 250ms);
}

}  // namespace
}  // namespace tutti::policy

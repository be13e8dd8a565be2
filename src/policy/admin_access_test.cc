// SPDX-License-Identifier: Apache-2.0
#include "policy/admin_access.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

const std::vector<std::string> kOrigins = {"http://localhost:5173", "http://ops.example"};
constexpr AdminCaller kHere{.is_loopback = true, .host = "127.0.0.1:8000"};

bool may(AdminAccess access, AdminCaller caller) {
    return !admin_refusal(access, caller, kOrigins);
}

AdminCaller with(auto AdminCaller::*member, auto value, AdminCaller caller = kHere) {
    caller.*member = value;
    return caller;
}

TEST(AdminAccess, TheMachineItselfMayAndOthersNot) {
    for (const char* host : {"127.0.0.1:8000", "localhost", "localhost:80", "[::1]:8000"})
        EXPECT_TRUE(may(AdminAccess::loopback, with(&AdminCaller::host, host))) << host;
    EXPECT_FALSE(may(AdminAccess::loopback, with(&AdminCaller::is_loopback, false)));
    EXPECT_FALSE(may(AdminAccess::loopback, with(&AdminCaller::is_forwarded, true)));
    for (const char* host : {"", "rebound.example:8000", "127.0.0.1.example", "localhost.example"})
        EXPECT_FALSE(may(AdminAccess::loopback, with(&AdminCaller::host, host))) << host;
}

TEST(AdminAccess, AnyMeansAnybodyButForeignPages) {
    const AdminCaller far{.is_forwarded = true, .host = "speech.example"};
    EXPECT_TRUE(may(AdminAccess::any, far));
    EXPECT_TRUE(may(AdminAccess::any, with(&AdminCaller::origin, "http://ops.example", far)));
    EXPECT_TRUE(may(AdminAccess::any, with(&AdminCaller::origin, "https://speech.example", far)));
    EXPECT_FALSE(may(AdminAccess::any, with(&AdminCaller::origin, "https://evil.example", far)));
    EXPECT_FALSE(may(AdminAccess::any, with(&AdminCaller::origin, "null", far)));
}

TEST(AdminAccess, APageNeedsAKnownOriginHereToo) {
    EXPECT_TRUE(may(AdminAccess::loopback, with(&AdminCaller::origin, "http://127.0.0.1:8000")));
    EXPECT_TRUE(may(AdminAccess::loopback, with(&AdminCaller::origin, "http://localhost:5173")));
    EXPECT_FALSE(may(AdminAccess::loopback, with(&AdminCaller::origin, "https://evil.example")));
}

TEST(AdminAccess, OffMeansNobody) {
    EXPECT_FALSE(may(AdminAccess::off, kHere));
    EXPECT_EQ(find_admin_access("any"), AdminAccess::any);
    EXPECT_EQ(find_admin_access("yes"), std::nullopt);
}

}  // namespace
}  // namespace tutti::policy

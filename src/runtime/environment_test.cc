// SPDX-License-Identifier: Apache-2.0
#include "runtime/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> passed(std::vector<const char*> environment,
                                std::vector<std::string> also = {}) {
    environment.push_back(nullptr);
    return child_environment(environment.data(), also);
}

TEST(ChildEnvironment, HoldsWhatEveryProgramNeedsInItsOrder) {
    EXPECT_THAT(passed({"HOME=/root", "SECRET=x", "PATH=/bin:/x=y", "LC_TIME=C", "https_proxy=p",
                        "ASAN_OPTIONS=a=1", "AWS_SECRET_ACCESS_KEY=k", "PATHS=no", "LC=no"}),
                ElementsAre("HOME=/root", "PATH=/bin:/x=y", "LC_TIME=C", "https_proxy=p",
                            "ASAN_OPTIONS=a=1"));
}

TEST(ChildEnvironment, HoldsWhatTheOperatorNames) {
    EXPECT_THAT(passed({"CUDA_VISIBLE_DEVICES=0", "CUDA=1", "EMPTY="},
                       {"CUDA_VISIBLE_DEVICES", "EMPTY", "ABSENT"}),
                ElementsAre("CUDA_VISIBLE_DEVICES=0", "EMPTY="));
}

TEST(ChildEnvironment, NeverHoldsWhatIsTheSupervisorsOwn) {
    for (const char* name :
         {"TUTTI_PORT", "TUTTI_ANYTHING", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID",
          "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY"}) {
        EXPECT_TRUE(is_supervisors_own(name)) << name;
        const auto entry = std::string(name) + "=1";
        EXPECT_THAT(passed({entry.c_str()}, {name}), IsEmpty()) << name;
    }
}

TEST(ChildEnvironment, SkipsWhatIsNoAssignment) {
    EXPECT_THAT(passed({"PATH", "=", ""}), IsEmpty());
    EXPECT_THAT(child_environment(nullptr, {}), IsEmpty());
}

}  // namespace
}  // namespace tutti::runtime

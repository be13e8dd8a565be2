// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/probe.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace tutti::engine::sherpa {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string fault_of(const std::function<void()>& attempt, std::chrono::milliseconds limit = 60s) {
    const auto done = try_in_child(attempt, limit);
    return done ? "" : done.error().context;
}

TEST(Probe, WhatReturnsIsGood) {
    int here = 0;
    EXPECT_EQ(fault_of([&] { ++here; }), "");
    EXPECT_EQ(here, 0) << "it happened in another process";
}

TEST(Probe, WhatIsThrownIsTheError) {
    EXPECT_EQ(fault_of([] { throw std::runtime_error("no such model"); }), "no such model");
}

TEST(Probe, AnExitIsAnErrorWithTheLastWords) {
    const auto fault = fault_of([] {
        std::fprintf(stderr, "one\ntwo\nno 'window_size' in the \x1b metadata\n");
        ::_exit(255);
    });
    EXPECT_THAT(fault, HasSubstr("exit code 255"));
    EXPECT_THAT(fault, HasSubstr("one; two; no 'window_size' in the"));
    EXPECT_EQ(fault.find('\x1b'), fault.npos);
}

TEST(Probe, ACrashIsAnError) {
    EXPECT_THAT(fault_of([] { std::abort(); }), HasSubstr("signal 6"));
    EXPECT_THAT(fault_of([] { ::raise(SIGSEGV); }), HasSubstr("signal 11"));
    EXPECT_THAT(fault_of([] { throw 7; }), HasSubstr("exit code 1"));
}

TEST(Probe, AHangEndsAtTheLimit) {
    EXPECT_THAT(fault_of(
                    [] {
                        std::fprintf(stderr, "thinking\n");
                        for (;;) ::pause();
                    },
                    200ms),
                HasSubstr("did not load within 0 s"));
}

TEST(Probe, MuchOutputIsCutFromTheFront) {
    const auto fault = fault_of([] {
        for (int i = 0; i < 100000; ++i) std::fprintf(stderr, "line %d\n", i);
        throw std::runtime_error("the end");
    });
    EXPECT_EQ(fault, "line 99998; line 99999; the end");
}

}  // namespace
}  // namespace tutti::engine::sherpa

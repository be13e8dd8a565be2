// SPDX-License-Identifier: Apache-2.0
// A second process of the test program, to be killed: store_test --child MODE PATH COUNT.
//
//   submit        submits without end, one after another, and prints each id when it is
//   acknowledged crowd         the same with 16 at a time work          submits COUNT jobs ("S
//   id"), leases whatever it can ("L id epoch") until its
//                 standard input ends
//
// main_test.cc is its main.
#pragma once

#include "base/unique_fd.h"

#include <optional>
#include <string>

namespace tutti::store {

class TestChild {
  public:
    TestChild(const std::string& mode, const std::string& path, int count = 0);
    ~TestChild();

    // The next line of its output; nullopt = it has ended.
    std::optional<std::string> read_line();
    void end_input() { input_.reset(); }
    void kill();
    // Its exit code; -1 after a signal.
    int wait();

  private:
    pid_t pid_ = -1;
    UniqueFd input_;
    UniqueFd output_;
    std::string buffer_;
};

// What the child does; its exit code.
int run_child(const std::string& mode, const std::string& path, int count);

}  // namespace tutti::store

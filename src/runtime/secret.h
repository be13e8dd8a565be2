// SPDX-License-Identifier: Apache-2.0
// Keys that an operator keeps in a file or in the environment, never in a command line.
//
// Errors: Errc::bad_config, naming the file or the variable, never what it holds.
#pragma once

#include "base/error.h"

#include <string>

namespace tutti::runtime {

// One line of printable bytes, without white space at its end. Warns of a file that every user may
// read.
Result<std::string> load_secret_file(const std::string& path);
Result<std::string> load_secret_variable(const std::string& name);

// A file of two lines: who, and the secret. None is empty.
struct SecretPair {
    std::string id;
    std::string secret;
};
Result<SecretPair> load_secret_pair(const std::string& path);

}  // namespace tutti::runtime

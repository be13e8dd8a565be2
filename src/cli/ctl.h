// SPDX-License-Identifier: Apache-2.0
// The command `tutti ctl`: the client of a running server's control socket.
//
//   CtlOptions options;
//   options.add_to(command);  // it must outlive the parsing
//   return run_ctl(options);
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tutti::cli {

struct CtlOptions {
    // Where the server is: its socket, or else the settings that `tutti serve` was given.
    std::string socket;
    std::optional<std::uint16_t> port;
    std::string config_file;
    std::optional<double> timeout_seconds;  // nullopt = as long as it takes

    boost::json::object request;  // of the verb
    bool as_json = false;

    void add_to(CLI::App& command);

  private:
    void add_queries(CLI::App& command);
    void add_commands(CLI::App& command);
    void add_changes(CLI::App& command);

    // The verb's own arguments, until its request is made of them.
    std::vector<std::string> place_;  // in words
    std::string amount_;
    std::string choice_;
};

// Writes what the server says to standard output. Returns ok, failed when it did not do it,
// unavailable without a server, bad_config when the configuration that should tell where it is
// cannot be read.
int run_ctl(const CtlOptions& options);

}  // namespace tutti::cli

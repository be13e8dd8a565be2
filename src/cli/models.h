// SPDX-License-Identifier: Apache-2.0
// The command `tutti models`: the model folders in models_dir.
//
//   ModelsOptions options;
//   options.add_to(command);  // it must outlive the parsing
//   return run_models(options);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tutti::cli {

struct ModelsOptions {
    enum class Verb { list, verify, pull, remove };

    Verb verb = Verb::list;
    std::string models_dir;   // empty = that of the configuration
    std::string config_file;  // empty = none
    std::string catalogue;    // a file instead of the catalogue in the program; empty = that one

    std::vector<std::string> ids;  // of verify and remove
    std::string what;              // to pull
    std::string sha256;
    std::uint64_t most_bytes = 0;  // of a download; 0 = the usual limit
    double stall_seconds = 0;      // 0 = the usual limit
    bool is_json = false;
    bool is_available = false;  // list what can be pulled instead of what is there
    bool is_sure = false;       // remove without asking

    void add_to(CLI::App& command);

  private:
    void add_list(CLI::App& command);
    void add_verify(CLI::App& command);
    void add_pull(CLI::App& command);
    void add_remove(CLI::App& command);
};

// Returns ok, failed when something was not done or is not well, usage, bad_config, unavailable
// when a server cannot be reached, cannot_create when models_dir cannot be written to, 128 + n when
// signal n ended it.
int run_models(const ModelsOptions& options);

}  // namespace tutti::cli

// SPDX-License-Identifier: Apache-2.0
// The command line of `tutti ctl`: its options, its verbs and their help.
#include "cli/ctl.h"
#include "cli/ctl_report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tutti::cli {
namespace {

constexpr const char* kWhere =
    "Without --socket the server is looked for where 'tutti serve' with the same --port, --config\n"
    "and environment has its control socket.\n"
    "\n"
    "Examples:\n"
    "  tutti ctl status\n"
    "  tutti ctl scale gateway +1\n"
    "  tutti ctl --socket /run/tutti/ctl.sock reload\n"
    "\n"
    "Exit status: 0 done, 1 not done, 64 usage, 69 no server there, 78 unusable configuration.";

constexpr const char* kStatus =
    "One row for each process: how long it runs (AGE), when its loop turned last (BEAT), and what\n"
    "it did and does. A place without a process tells why.";
constexpr const char* kConfig = "What it prints can be given to 'tutti serve --config'.";
constexpr const char* kReload =
    "The configuration is read again from the sources the server was started with. It takes "
    "effect\n"
    "as a whole or not at all: if it has a fault, or a new process cannot start, everything stays\n"
    "as it was, the reason is told and the exit status is 1. Returns when the new processes serve.";
constexpr const char* kReopen = "For log rotation: rename the log file, then reopen.";
constexpr const char* kDrain =
    "/readyz fails and connections are no longer accepted; clients that are connected finish.\n"
    "'tutti ctl undrain' ends it.";
constexpr const char* kUndrain = "Ends 'tutti ctl drain'.";
constexpr const char* kUpgrade =
    "Starts the program file of the server anew, with its arguments and sockets. When the new\n"
    "server serves, the old one drains and ends; if it fails, the old one goes on unchanged.";
constexpr const char* kRestart =
    "PLACE is a name that 'tutti ctl status' shows, or the id of a model for all its processes. "
    "The\n"
    "successor is ready before the old process is told to go: a new version in the model's folder\n"
    "takes over when it loads and passes its self-test, else the old one goes on.\n"
    "\n"
    "Examples:\n"
    "  tutti ctl restart gateway 0\n"
    "  tutti ctl restart engine en-us 1\n"
    "  tutti ctl restart en-us";
constexpr const char* kScale =
    "WHAT is gateway, scribe or the id of a model; NUMBER is how many processes there shall be, "
    "or\n"
    "with a sign how many more or fewer. Lasts until the next reload or restart of the server.\n"
    "\n"
    "Examples:\n"
    "  tutti ctl scale gateway 4\n"
    "  tutti ctl scale en-us +1\n"
    "  tutti ctl scale scribe -1";
constexpr const char* kLoad =
    "Returns when the model serves; otherwise the reason is told and the exit status is 1.";
constexpr const char* kUnload =
    "Its processes finish what they do and end. A model that is always kept (replicas above 0)\n"
    "stays away until 'tutti ctl load' or a reload; one that is loaded on demand comes back with\n"
    "the next request.";
constexpr const char* kPin =
    "A pinned model is loaded, and goes neither for want of use nor to make room for others.";
constexpr const char* kUnpin = "Ends 'tutti ctl pin'.";
constexpr const char* kLogLevel = "Of all processes, until the next reload.";
constexpr const char* kStop =
    "HOW is one of\n"
    "  graceful  requests and last words are finished first, within stop_timeout\n"
    "  quick     the same within 2 s\n"
    "  now       everything is killed";

// Makes a verb whose options may stand before it or behind it.
CLI::App* add_verb(CLI::App& command, const char* name, const char* help, const char* more) {
    auto* verb = command.add_subcommand(name, help)->fallthrough();
    verb->footer(fmt::format("{}\n\nWhich server it is for: see 'tutti ctl --help'.", more));
    return verb;
}

// Each of them names a server. (CLI11's own exclusions clutter the help.)
void check_one_server(const CLI::App& command) {
    std::string first;
    for (const auto* name : {"--socket", "--port", "--config"}) {
        if (command.count(name) == 0) continue;
        if (!first.empty()) throw CLI::ExcludesError(first, name);
        first = name;
    }
}

// For validators: an empty text means that all is well.
std::string explain_amount(const std::string& text) {
    return is_amount(text) ? "" : fmt::format("'{}' is no number such as 4, +1 or -1", text);
}

}  // namespace

void CtlOptions::add_to(CLI::App& command) {
    command.add_option("--socket", socket, "The control socket")->type_name("PATH");
    command.add_option("--port", port, "The server's port [8000]")
        ->type_name("NUMBER")
        ->check(CLI::Range(1, 65535).description(""));
    command.add_option("-c,--config", config_file, "The server's TOML file")
        ->type_name("FILE")
        ->check(CLI::ExistingFile.description(""));
    command.parse_complete_callback([&command] { check_one_server(command); });
    command.add_option("--timeout", timeout_seconds, "How long to wait for the answer [no limit]")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.001, 1e6).description(""));
    command.require_subcommand(1);
    command.footer(kWhere);
    add_queries(command);
    add_commands(command);
    add_changes(command);
}

void CtlOptions::add_queries(CLI::App& command) {
    auto* status = add_verb(command, "status", "Show the server and each process", kStatus);
    status->add_flag("--json", as_json, "As JSON, for programs");
    status->callback([this] { request = {{"command", "status"}}; });
    auto* config = add_verb(command, "config", "Print the configuration in effect", kConfig);
    config->callback([this] { request = {{"command", "config"}}; });
}

// Those that are a word alone.
void CtlOptions::add_commands(CLI::App& command) {
    struct Verb {
        const char* name;
        const char* help;
        const char* more;
    };
    static constexpr Verb kVerbs[] = {
        {"reload", "Read the configuration again and renew every process", kReload},
        {"reopen", "Open the log files again", kReopen},
        {"drain", "Take no more clients", kDrain},
        {"undrain", "Take clients again", kUndrain},
        {"upgrade", "Replace the server by its program file as it is now", kUpgrade}};
    for (const auto& verb : kVerbs)
        add_verb(command, verb.name, verb.help, verb.more)->callback([this, name = verb.name] {
            request = {{"command", name}};
        });
}

void CtlOptions::add_changes(CLI::App& command) {
    auto* restart = add_verb(command, "restart", "Replace one process", kRestart);
    restart->add_option("PLACE", place_, "As 'gateway 0'")->required()->type_name("");
    restart->callback([this] {
        request = {{"command", "restart"}, {"what", fmt::format("{}", fmt::join(place_, " "))}};
    });

    auto* scale = add_verb(command, "scale", "Change the number of processes", kScale);
    scale->add_option("WHAT", choice_, "gateway, scribe or a model")->required()->type_name("");
    scale->add_option("NUMBER", amount_, "As 4, +1 or -1")
        ->required()
        ->check(CLI::Validator(explain_amount, ""))
        ->type_name("");
    scale->callback([this] { request = scale_request(choice_, amount_); });

    struct ModelVerb {
        const char* name;
        const char* help;
        const char* more;
    };
    static constexpr ModelVerb kModelVerbs[] = {{"load", "Load a model", kLoad},
                                                {"unload", "Unload a model", kUnload},
                                                {"pin", "Keep a model loaded", kPin},
                                                {"unpin", "Let a model go when unused", kUnpin}};
    for (const auto& [name, help, more] : kModelVerbs) {
        auto* verb = add_verb(command, name, help, more);
        verb->add_option("MODEL", choice_, "Its id")->required()->type_name("");
        verb->callback([this, name = name] { request = {{"command", name}, {"what", choice_}}; });
    }

    auto* level = add_verb(command, "log-level", "Change what is logged", kLogLevel);
    level->add_option("LEVEL", choice_, "debug, info, warn or error")
        ->required()
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}).description(""))
        ->type_name("");
    level->callback([this] { request = {{"command", "log-level"}, {"level", choice_}}; });

    auto* stop = add_verb(command, "stop", "End the server", kStop);
    stop->add_option("HOW", choice_, "graceful, quick or now [graceful]")
        ->check(CLI::IsMember({"graceful", "quick", "now"}).description(""))
        ->type_name("");
    stop->callback([this] {
        request = {{"command", "stop"}, {"how", choice_.empty() ? "graceful" : choice_}};
    });
}

}  // namespace tutti::cli

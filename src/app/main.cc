// SPDX-License-Identifier: Apache-2.0
// `tutti`: one program, many roles.
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/version.h"
#include "cli/ctl.h"
#include "cli/models.h"
#include "cli/transcribe.h"
#include "config/explain.h"
#include "config/inherited.h"
#include "config/surroundings.h"
#include "gateway/gateway.h"
#include "runtime/environment.h"
#include "runtime/key_file.h"
#include "runtime/privileges.h"
#include "runtime/worker.h"
#include "scribe/scribe.h"
#include "supervisor/run.h"

#include "models/model_folders.h"
#include <CLI/CLI.hpp>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>

namespace tutti::app {
namespace {

namespace fs = std::filesystem;

fs::path own_folder() {
    return fs::read_symlink("/proc/self/exe").parent_path();
}

// Where our files lie follows from where this program does: in a build folder, or installed.
void fill_in_folders(config::Config& config) {
    const auto here = own_folder();
    if (config.program_dir.empty()) config.program_dir = here;
    if (config.state_dir.empty()) config.state_dir = runtime::usual_state_dir();
    if (!config.web_dir.empty()) return;
    for (const auto& candidate : {here / "../web", here / "../share/tutti/web"}) {
        config.web_dir = candidate.lexically_normal();
        if (fs::is_directory(candidate)) return;
    }
}

Result<void> check_passed_environment(const config::Config& config) {
    for (const auto& name : config.pass_environment)
        if (runtime::is_supervisors_own(name))
            return Error(Errc::bad_config,
                         "pass_environment: " + name + " is for the supervisor alone");
    return {};
}

int fail(const Error& error) {
    std::fprintf(stderr, "tutti: %s\n", error.message().c_str());
    return error.errc() == Errc::bad_config ? exit_code::bad_config : exit_code::internal;
}

// Every setting is a flag too: port -> --port, spool_dir -> --spool-dir.
struct ConfigFlags {
    std::string file;
    std::map<std::string, std::string> values;

    void add_to(CLI::App& command) {
        command.add_option("-c,--config", file, "TOML file to read");
        for (const auto& setting : config::setting_helps()) {
            std::string name(setting.key);
            std::replace(name.begin(), name.end(), '_', '-');
            auto help = std::string(setting.help);
            if (!setting.fallback.empty()) help += " [" + setting.fallback + "]";
            command
                .add_option_function<std::string>(
                    "--" + name,
                    [this, key = std::string(setting.key)](const std::string& value) {
                        values[key] = value;
                    },
                    help)
                ->type_name("VALUE");
        }
    }
    Result<config::LoadedConfig> load_with_origins() const {
        config::Sources sources{.environment = environ,
                                .flags = values,
                                .usual_models_dir = models::usual_models_dir()};
        if (!file.empty()) sources.file = file;
        auto loaded = config::load_with_origins(sources);
        if (!loaded) return loaded;
        if (auto done = check_passed_environment(loaded->config); !done) return done.error();
        fill_in_folders(loaded->config);
        return loaded;
    }
};

// Warnings go to the log.
Result<config::Config> reload(const ConfigFlags& flags) {
    auto loaded = flags.load_with_origins();
    if (!loaded) return loaded.error();
    for (const auto& warning : loaded->warnings) log::warn("{}", warning);
    return std::move(loaded->config);
}

// `tutti serve --check`.
int check(const ConfigFlags& flags) {
    const auto loaded = flags.load_with_origins();
    if (!loaded) return fail(loaded.error());
    const auto user = runtime::resolve_user(loaded->config.user, loaded->config.group);
    if (!user) return fail(user.error());
    std::optional<config::Account> children;
    if (*user) children = {(*user)->uid, (*user)->gid};
    if (auto done = config::check_surroundings(*loaded, children); !done) return fail(done.error());
    for (const auto& warning : loaded->warnings)
        std::fprintf(stderr, "tutti: warning: %s\n", warning.c_str());
    std::fputs(config::explain(*loaded).c_str(), stdout);
    return exit_code::ok;
}

int serve(const ConfigFlags& flags, int argc, char** argv) {
    const auto loaded = flags.load_with_origins();
    if (!loaded) return fail(loaded.error());
    const auto& config = loaded->config;
    log::init("supervisor", config.log_level, config.log_file);
    crash::install();
    for (const auto& warning : loaded->warnings) log::warn("{}", warning);
    return supervisor::run(config, {.load = [&flags] { return reload(flags); },
                                    .program = fs::read_symlink("/proc/self/exe"),
                                    .argv = {argv, argv + argc}});
}

int run_role(const std::string& role, std::size_t slot, const std::string& run_as) {
    const auto config = config::load_inherited(runtime::kConfigFd);
    if (!config) return fail(config.error());
    try {
        runtime::restrict_self(run_as).value();
        log::init(role, config->log_level, config->log_file);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "tutti: %s: %s\n", role.c_str(), e.what());
        return exit_code::cannot_create;
    }
    crash::install();
    return role == "gateway" ? gateway::run(*config, slot) : scribe::run(*config, slot);
}

int main(int argc, char** argv) {
    CLI::App app("Tutti: speech recognition for many people speaking at once.");
    app.set_version_flag("--version", kVersion);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);

    auto* serve_command = app.add_subcommand("serve", "Run the server");
    ConfigFlags flags;
    flags.add_to(*serve_command);
    bool is_check = false;
    serve_command->add_flag("--check", is_check,
                            "Check the configuration, print it with where each value came from, "
                            "and start nothing");

    auto* transcribe_command = app.add_subcommand("transcribe", "Turn audio files into text");
    cli::TranscribeOptions transcribe;
    transcribe.add_to(*transcribe_command);

    auto* ctl_command = app.add_subcommand("ctl", "Ask or change a server that runs");
    cli::CtlOptions ctl;
    ctl.add_to(*ctl_command);

    auto* models_command = app.add_subcommand("models", "Download, check and remove models");
    cli::ModelsOptions models_options;
    models_options.add_to(*models_command);

    auto* role_command = app.add_subcommand("role", "")->group("");
    std::string role;
    std::size_t slot = 0;
    role_command->add_option("role", role)->required()->check(CLI::IsMember({"gateway", "scribe"}));
    role_command->add_option("--slot", slot)->required();
    std::string run_as;
    role_command->add_option("--run-as", run_as);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
    }
    if (role_command->parsed()) return run_role(role, slot, run_as);
    if (ctl_command->parsed()) return cli::run_ctl(ctl);
    if (models_command->parsed()) return cli::run_models(models_options);
    if (transcribe_command->parsed()) return cli::run_transcribe(transcribe, own_folder());
    return is_check ? check(flags) : serve(flags, argc, argv);
}

}  // namespace
}  // namespace tutti::app

int main(int argc, char** argv) {
    try {
        return tutti::app::main(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "tutti: %s\n", e.what());
        return tutti::exit_code::internal;
    }
}

// SPDX-License-Identifier: Apache-2.0
// The command line of `tutti models`: its options, its verbs and their help.
#include "cli/models.h"

#include <CLI/CLI.hpp>

namespace tutti::cli {
namespace {

constexpr const char* kWhere =
    "Models lie in the folder that the server's setting models_dir names: --models-dir, or that "
    "of\n"
    "--config or TUTTI_MODELS_DIR, or /var/lib/tutti/models for root and\n"
    "~/.local/share/tutti/models for others.\n"
    "\n"
    "Examples:\n"
    "  tutti models list --available\n"
    "  tutti models pull whisper-tiny\n"
    "  tutti models verify\n"
    "\n"
    "Exit status: 0 done, 1 not done or not well, 64 usage, 69 no server, 73 the folder cannot be\n"
    "written to, 78 unusable configuration.";
constexpr const char* kList = "A model is broken when its card or one of its files is.";
constexpr const char* kVerify =
    "Compares size and SHA-256 of every file with the model's card. Without ID all models are\n"
    "verified.";
constexpr const char* kPull =
    "WHAT is a name of the catalogue ('tutti models list --available'), or the URL (http, https,\n"
    "file) of an archive (.tar.gz, .tar.bz2, .tar.xz, .zip) with a folder that holds a "
    "model.toml.\n"
    "A model of the same id is replaced when the new one is complete. A download that was\n"
    "interrupted goes on where it ended when the same command is given again.";
constexpr const char* kRemove = "Asks first, on a terminal; elsewhere --yes is needed.";

CLI::App* add_verb(CLI::App& command, const char* name, const char* help, const char* more) {
    auto* verb = command.add_subcommand(name, help)->fallthrough();
    verb->footer(more);
    return verb;
}

void add_catalogue(CLI::App& verb, std::string& catalogue) {
    verb.add_option("--catalogue", catalogue, "A catalogue to use instead of the program's own")
        ->type_name("FILE")
        ->check(CLI::ExistingFile.description(""));
}

}  // namespace

void ModelsOptions::add_to(CLI::App& command) {
    command.add_option("--models-dir", models_dir, "Where the models are")->type_name("FOLDER");
    command.add_option("-c,--config", config_file, "The server's TOML file")
        ->type_name("FILE")
        ->check(CLI::ExistingFile.description(""));
    command.require_subcommand(1);
    command.footer(kWhere);
    add_list(command);
    add_pull(command);
    add_verify(command);
    add_remove(command);
}

void ModelsOptions::add_list(CLI::App& command) {
    auto* list = add_verb(command, "list", "Show the models that are there", kList);
    list->add_flag("--json", is_json, "As JSON, for programs");
    list->add_flag("--available", is_available, "Show what can be pulled by name instead");
    add_catalogue(*list, catalogue);
    list->callback([this] { verb = Verb::list; });
}

void ModelsOptions::add_verify(CLI::App& command) {
    auto* verify = add_verb(command, "verify", "Compare files with their digests", kVerify);
    verify->add_option("ID", ids, "Models to verify")->type_name("");
    verify->callback([this] { verb = Verb::verify; });
}

void ModelsOptions::add_pull(CLI::App& command) {
    auto* pull = add_verb(command, "pull", "Download a model", kPull);
    pull->add_option("WHAT", what, "A name or a URL")->required()->type_name("");
    pull->add_option("--sha256", sha256, "Digest that the archive must have")->type_name("HEX");
    pull->add_option("--max-bytes", most_bytes, "Largest download [16 GiB]")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 50).description(""));
    pull->add_option("--stall", stall_seconds, "Longest time without a byte [30]")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 1e6).description(""));
    add_catalogue(*pull, catalogue);
    pull->callback([this] { verb = Verb::pull; });
}

void ModelsOptions::add_remove(CLI::App& command) {
    auto* remove = add_verb(command, "remove", "Delete models", kRemove);
    remove->add_option("ID", ids, "Models to remove")->required()->type_name("");
    remove->add_flag("-y,--yes", is_sure, "Without asking");
    remove->callback([this] { verb = Verb::remove; });
}

}  // namespace tutti::cli

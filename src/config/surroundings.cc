// SPDX-License-Identifier: Apache-2.0
#include "config/surroundings.h"

#include "base/check.h"
#include "config/explain.h"

#include "models/model_folders.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace tutti::config {
namespace {

namespace fs = std::filesystem;

// While it lives the process has the effective rights of an account, without other groups.
class ActingAs {
  public:
    explicit ActingAs(std::optional<Account> account)
        : self_{::geteuid(), ::getegid()}, is_other_(account.has_value()) {
        if (!is_other_) return;
        groups_.resize(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
        const int known = ::getgroups(static_cast<int>(groups_.size()), groups_.data());
        has_failed_ = known < 0 || ::setgroups(0, nullptr) != 0 || ::setegid(account->gid) != 0 ||
                      ::seteuid(account->uid) != 0;
    }
    ActingAs(const ActingAs&) = delete;
    ~ActingAs() {
        if (!is_other_) return;
        const bool is_back = ::seteuid(self_.uid) == 0 && ::setegid(self_.gid) == 0;
        check(is_back, "root takes its own rights back");
        check(::setgroups(groups_.size(), groups_.data()) == 0, "root takes its groups back");
    }
    // The system refuses; errno says why.
    bool has_failed() const { return has_failed_; }

  private:
    Account self_;
    bool is_other_;
    std::vector<gid_t> groups_;
    bool has_failed_ = false;
};

Error wrong(const LoadedConfig& loaded, std::string_view key, std::string why) {
    return Error(Errc::bad_config, fmt::format("{}: {} ({})", key, why, origin_of(loaded, key)));
}

Result<void> check_host(const LoadedConfig& loaded) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    const auto& host = loaded.config.host;
    if (const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found))
        return wrong(loaded, "host",
                     fmt::format("{} does not resolve: {}", host, ::gai_strerror(failure)));
    ::freeaddrinfo(found);
    return {};
}

std::string last_error() {
    return std::strerror(errno);
}

bool is_allowed(const fs::path& path, int mode) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

Result<void> check_folder(const LoadedConfig& loaded, std::string_view key, const std::string& path,
                          int mode) {
    std::error_code failure;
    if (!fs::is_directory(path, failure))
        return wrong(loaded, key,
                     failure ? fmt::format("{} cannot be used: {}", path, failure.message())
                             : fmt::format("{} is not a folder", path));
    if (!is_allowed(path, mode))
        return wrong(loaded, key,
                     fmt::format("{} cannot be {}: {}", path, mode & W_OK ? "written to" : "read",
                                 last_error()));
    return {};
}

Result<void> check_program(const LoadedConfig& loaded, std::string_view key,
                           const std::string& name) {
    const auto path = fs::path(loaded.config.program_dir) / name;
    if (!is_allowed(path, X_OK))
        return wrong(loaded, key, fmt::format("cannot run {}: {}", path.native(), last_error()));
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored))
        return wrong(loaded, key, fmt::format("{} is not a program", path.native()));
    return {};
}

// A folder with a card holds the files that the card names.
Result<void> check_model_files(const LoadedConfig& loaded, std::string_view key,
                               const fs::path& directory) {
    if (!models::has_card(directory)) return {};
    const auto card = models::load_card(directory);
    if (!card) return wrong(loaded, key, card.error().context);
    if (auto done = models::check_files(*card, directory); !done)
        return wrong(loaded, key, done.error().context);
    return {};
}

Result<void> check_models(const LoadedConfig& loaded) {
    for (const auto& id : loaded.config.models) {
        const auto& model = *find_model(loaded.config, id);
        const auto key = fmt::format("model.{}.", id);
        if (auto done = check_program(loaded, key + "backend", "tutti-engine-" + model.backend);
            !done)
            return done;
        if (model.directory.empty()) continue;
        if (auto done = check_folder(loaded, key + "directory", model.directory, R_OK | X_OK);
            !done)
            return done;
        if (auto done = check_model_files(loaded, key + "directory", model.directory); !done)
            return done;
    }
    return {};
}

// Of a file that the supervisor makes itself, with the rights it has now.
Result<void> check_parent(const LoadedConfig& loaded, std::string_view key,
                          const std::string& path) {
    if (path.empty()) return {};
    const auto parent = fs::path(path).parent_path();
    return check_folder(loaded, key, parent.empty() ? "." : parent.string(), W_OK | X_OK);
}

Result<void> check_own_files(const LoadedConfig& loaded) {
    const auto& c = loaded.config;
    if (auto done = check_parent(loaded, "log_file", c.log_file); !done) return done;
    if (auto done = check_parent(loaded, "pidfile", c.pidfile); !done) return done;
    return check_parent(loaded, "control_socket", c.control_socket);
}

// Looks for the key and does not read it.
Result<void> check_audio_store(const LoadedConfig& loaded) {
    const auto& store = loaded.config.audio_store;
    if (!store.is_set()) return {};
    const auto check_file = [&](std::string_view key, const std::string& path) -> Result<void> {
        if (path.empty() || is_allowed(path, R_OK)) return {};
        return wrong(loaded, key, fmt::format("{} cannot be read: {}", path, last_error()));
    };
    if (auto done = check_file("audio_store_key_file", store.key_file); !done) return done;
    if (auto done = check_file("audio_store_ca_file", store.ca_file); !done) return done;
    for (const auto& name : store.key_env)
        if (const char* value = std::getenv(name.c_str()); !value || !*value)
            return wrong(loaded, "audio_store_key_env", name + " is not set");
    return {};
}

Result<void> check_as_children(const LoadedConfig& loaded) {
    for (const char* program : {"tutti", "tutti-decode"})
        if (auto done = check_program(loaded, "program_dir", program); !done) return done;
    if (auto done = check_models(loaded); !done) return done;
    if (auto done = check_audio_store(loaded); !done) return done;
    return check_folder(loaded, "spool_dir", loaded.config.spool_dir, W_OK | X_OK);
}

}  // namespace

Result<void> check_surroundings(const LoadedConfig& loaded, std::optional<Account> children) {
    if (auto done = check_host(loaded); !done) return done;
    if (auto done = check_own_files(loaded); !done) return done;
    const ActingAs acting(children);
    if (acting.has_failed())
        return wrong(loaded, "user", "its rights cannot be taken: " + last_error());
    return check_as_children(loaded);
}

}  // namespace tutti::config

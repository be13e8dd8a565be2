// SPDX-License-Identifier: Apache-2.0
#include "models/model_folders.h"

#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace tutti::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemDir = "/var/lib/tutti/models";

// Sets an error in each folder whose id an earlier one has.
void mark_doubles(std::vector<ModelFolder>& folders) {
    std::map<std::string, const ModelFolder*> first;
    for (auto& folder : folders) {
        if (!folder.card) continue;
        const auto [known, is_new] = first.emplace(folder.card->id, &folder);
        if (is_new) continue;
        folder.card = Error(
            Errc::bad_config,
            fmt::format("{}: {} has the same id, {}",
                        log::printable((folder.path / kCardName).string()),
                        log::printable((known->second->path / kCardName).string()), known->first));
    }
}

// An absolute path, or empty: relative ones would depend on where a command is started.
fs::path absolute_path_in(const char* variable) {
    const char* const value = std::getenv(variable);
    return value && *value == '/' ? fs::path(value) : fs::path();
}

// The path goes into configurations, so it must be text.
Result<ModelCard> load_named(const fs::path& folder) {
    if (is_model_id(folder.filename().native())) return load_card(folder);
    return Error(Errc::bad_config,
                 fmt::format("{}: the folder's name must be of letters, digits, '.', '_' and '-'",
                             log::printable(folder.string())));
}

}  // namespace

std::string ModelFolder::id() const {
    return card ? card->id : path.filename().string();
}

bool has_card(const fs::path& folder) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(folder / kCardName, ignored));
}

Result<std::vector<ModelFolder>> find_folders(const fs::path& models_dir) {
    std::vector<ModelFolder> found;
    std::error_code failure;
    fs::directory_iterator entry(models_dir, failure);
    if (failure == std::errc::no_such_file_or_directory) return found;
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
        const auto& path = entry->path();
        if (!path.filename().native().starts_with('.') && has_card(path))
            found.push_back({path, load_named(path)});
    }
    if (failure)
        return Error(Errc::bad_config,
                     fmt::format("{} cannot be read: {}", log::printable(models_dir.string()),
                                 failure.message()));
    std::ranges::sort(found, {}, &ModelFolder::path);
    mark_doubles(found);
    return found;
}

fs::path usual_models_dir() {
    if (::geteuid() == 0) return kSystemDir;
    if (const auto data = absolute_path_in("XDG_DATA_HOME"); !data.empty())
        return data / "tutti/models";
    if (const auto home = absolute_path_in("HOME"); !home.empty())
        return home / ".local/share/tutti/models";
    return kSystemDir;
}

}  // namespace tutti::models

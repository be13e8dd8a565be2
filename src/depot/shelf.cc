// SPDX-License-Identifier: Apache-2.0
#include "depot/shelf.h"

#include "base/log.h"
#include "base/unique_fd.h"

#include "depot/dir_lock.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;
using models::ModelFolder;

constexpr std::string_view kOld = ".old-";

std::string shown(const fs::path& path) {
    return log::printable(path.string());
}

Error refused(std::string why) {
    return Error(Errc::bad_parameter, std::move(why));
}

std::uint64_t bytes_of(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code failure;
    fs::recursive_directory_iterator entry(folder, failure);
    for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
        std::error_code vanished;
        if (!entry->is_regular_file(vanished) || entry->is_symlink(vanished)) continue;
        const auto size = entry->file_size(vanished);
        if (!vanished) bytes += size;
    }
    return bytes;
}

ShelvedModel look_at(ModelFolder folder) {
    ShelvedModel model{.folder = std::move(folder)};
    model.bytes = bytes_of(model.folder.path);
    if (!model.folder.card)
        model.fault = model.folder.card.error().context;
    else if (const auto done = models::check_files(*model.folder.card, model.folder.path); !done)
        model.fault = done.error().context;
    return model;
}

Result<void> sync(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::fsync(fd.get()) != 0) return errno_error("write " + shown(path) + " to the disk");
    return {};
}

// The folder itself last: its names count only when what they name is there.
Result<void> sync_all(const fs::path& folder) {
    std::error_code failure;
    fs::recursive_directory_iterator entry(folder, failure);
    for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure))
        if (auto done = sync(entry->path()); !done) return done;
    if (failure) return Error(failure, "read " + shown(folder));
    return sync(folder);
}

// A name of our own that nothing has. Only one process of this number uses it.
fs::path old_name(const fs::path& models_dir, const std::string& id) {
    fs::path path;
    for (int n = 0; path.empty() || fs::exists(fs::symlink_status(path)); ++n)
        path = models_dir / fmt::format("{}{}-{}-{}", kOld, id, ::getpid(), n);
    return path;
}

void delete_folder(const fs::path& folder) {
    std::error_code failure;
    fs::remove_all(folder, failure);
    if (failure) log::warn("{} cannot be deleted: {}", shown(folder), failure.message());
}

// Where a model of that id goes, and whether one is there.
struct Place {
    fs::path path;
    bool is_taken = false;
};

Result<Place> place_for(const fs::path& models_dir, const std::string& id) {
    const auto folders = models::find_folders(models_dir);
    if (!folders) return folders.error();
    const auto present = std::ranges::find(*folders, id, &ModelFolder::id);
    if (present != folders->end()) {
        auto found = find_model(models_dir, id);
        if (!found) return found.error();
        return Place{found->path, true};
    }
    const auto path = models_dir / id;
    if (!fs::exists(fs::symlink_status(path))) return Place{path};
    return refused(
        fmt::format("{} is in the way: it is not the folder of a model '{}'", shown(path), id));
}

// One step where the file system can do that. Else there is a moment without the model, and what
// was there comes back if the new one cannot take its place.
Result<void> exchange(const fs::path& fresh, const fs::path& place, const fs::path& old) {
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0) {
        if (::rename(fresh.c_str(), old.c_str()) != 0)
            return errno_error("move away " + shown(fresh));
        return {};
    }
    if (errno != EINVAL && errno != ENOSYS) return errno_error("replace " + shown(place));
    if (::rename(place.c_str(), old.c_str()) != 0) return errno_error("move away " + shown(place));
    if (::rename(fresh.c_str(), place.c_str()) == 0) return {};
    auto failure = errno_error("replace " + shown(place));
    if (::rename(old.c_str(), place.c_str()) != 0)
        failure.context += fmt::format("; the former model is in {}", shown(old));
    return failure;
}

}  // namespace

Result<std::vector<ShelvedModel>> list_models(const fs::path& models_dir) {
    auto folders = models::find_folders(models_dir);
    if (!folders) return folders.error();
    std::vector<ShelvedModel> models;
    for (auto& folder : *folders) models.push_back(look_at(std::move(folder)));
    return models;
}

Result<ModelFolder> find_model(const fs::path& models_dir, const std::string& id) {
    auto folders = models::find_folders(models_dir);
    if (!folders) return folders.error();
    const auto found = std::ranges::find(*folders, id, &ModelFolder::id);
    if (found == folders->end())
        return refused(
            fmt::format("there is no model '{}' in {}", log::printable(id), shown(models_dir)));
    std::error_code failure;
    if (fs::is_symlink(fs::symlink_status(found->path, failure)))
        return refused(fmt::format("{} is a link to a folder outside {}", shown(found->path),
                                   shown(models_dir)));
    return std::move(*found);
}

Result<void> prepare(const fs::path& models_dir) {
    std::error_code failure;
    fs::create_directories(models_dir, failure);
    if (failure) return Error(failure, "make the folder " + shown(models_dir));
    if (::access(models_dir.c_str(), W_OK | X_OK) != 0)
        return errno_error("write to " + shown(models_dir));
    const auto lock = DirLock::take(models_dir);
    if (!lock) return lock.error();
    for (const auto& entry : fs::directory_iterator(models_dir, failure))
        if (entry.path().filename().native().starts_with(kOld)) delete_folder(entry.path());
    return {};
}

Result<fs::path> put_in_place(const fs::path& folder, const fs::path& models_dir,
                              const std::string& id) {
    if (auto done = sync_all(folder); !done) return done.error();
    const auto lock = DirLock::take(models_dir);
    if (!lock) return lock.error();
    auto place = place_for(models_dir, id);
    if (!place) return place.error();
    if (!place->is_taken) {
        // Never over something that came meanwhile.
        if (::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, place->path.c_str(),
                        RENAME_NOREPLACE) != 0 &&
            (errno != EINVAL || ::rename(folder.c_str(), place->path.c_str()) != 0))
            return errno_error("move the model to " + shown(place->path));
    } else {
        const auto old = old_name(models_dir, id);
        if (auto done = exchange(folder, place->path, old); !done) return done.error();
        delete_folder(old);
    }
    if (auto done = sync(models_dir); !done) return done.error();
    return place->path;
}

Result<void> take_out(const ModelFolder& folder, const fs::path& models_dir) {
    const auto lock = DirLock::take(models_dir);
    if (!lock) return lock.error();
    const auto old = old_name(models_dir, folder.path.filename().string());
    if (::rename(folder.path.c_str(), old.c_str()) != 0)
        return errno_error("remove " + shown(folder.path));
    if (auto done = sync(models_dir); !done) return done;
    std::error_code failure;
    fs::remove_all(old, failure);
    if (failure) return Error(failure, "delete " + shown(old));
    return {};
}

}  // namespace tutti::depot

// SPDX-License-Identifier: Apache-2.0
#include "depot/pull.h"

#include "base/log.h"
#include "runtime/sha256.h"

#include "depot/claim.h"
#include "depot/partial_file.h"
#include "depot/shelf.h"
#include "depot/verify.h"
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <list>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;
using models::ModelCard;

constexpr std::string_view kFresh = ".new-";

std::string shown(const fs::path& path) {
    return log::printable(path.string());
}

Error no_good(std::string why) {
    return Error(Errc::bad_request, std::move(why));
}

// A short name for files that belong to a URL.
std::string key_of(const std::string& url) {
    runtime::Sha256 sha;
    sha.update(url);
    return sha.finish_hex().substr(0, 16);
}

std::string file_name_of(const std::string& url) {
    return fs::path(url.substr(0, url.find_first_of("?#"))).filename().string();
}

// A folder that goes with its owner.
class Workspace {
  public:
    explicit Workspace(fs::path path) : path_(std::move(path)) {}
    Workspace(const Workspace&) = delete;
    ~Workspace() { clear(); }
    const fs::path& path() const { return path_; }
    Result<void> begin() {
        clear();
        std::error_code failure;
        fs::create_directory(path_, failure);
        if (failure) return Error(failure, "make the folder " + shown(path_));
        return {};
    }

  private:
    void clear() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    fs::path path_;
};

class Pull {
  public:
    Pull(const PullRequest& request, const Work& work)
        : request_(request),
          work_(work),
          partials_(request.models_dir / ".partial"),
          workspace_(request.models_dir / (std::string(kFresh) + key_of(request.what))) {}

    Result<Pulled> run(const CatalogueEntry* entry);

  private:
    struct Fetched {
        fs::path path;
        std::string digest;
    };
    Result<void> begin();
    Result<Pulled> run_entry(const CatalogueEntry& entry);
    Result<Pulled> run_url();
    Result<Fetched> fetch(const Download& download);
    Result<Fetched> compared(const fs::path& path, const Download& download);
    Result<fs::path> unpacked(const fs::path& archive, const std::string& name,
                              const ModelCard* wanted);
    Result<void> gather(const CatalogueEntry& entry, const fs::path& folder);
    Result<void> complete(ModelCard& card, const fs::path& folder) const;
    Result<Pulled> shelve(const ModelCard& card, const fs::path& folder, std::string note);
    void forget_downloads();
    void sweep();

    const PullRequest& request_;
    const Work& work_;
    fs::path partials_;
    std::list<Claim> claims_;
    std::vector<fs::path> downloads_;  // those that are ours to delete
    Workspace workspace_;
    std::string digests_;  // for people: "name sha256" of each download
};

Result<Pulled> Pull::run(const CatalogueEntry* entry) {
    if (auto done = begin(); !done) return done.error();
    auto pulled = entry ? run_entry(*entry) : run_url();
    // What arrived whole and is no good would be no better the next time.
    if (pulled || pulled.error().errc() == Errc::bad_request) forget_downloads();
    return pulled;
}

Result<void> Pull::begin() {
    if (auto done = prepare(request_.models_dir); !done) return done;
    std::error_code failure;
    fs::create_directory(partials_, failure);
    if (failure) return Error(failure, "make the folder " + shown(partials_));
    auto claim = Claim::take(partials_ / (key_of(request_.what) + ".pull"));
    if (!claim) return claim.error();
    claims_.push_back(std::move(*claim));
    sweep();
    return workspace_.begin();
}

// Deletes the workspaces of commands that were killed.
void Pull::sweep() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(request_.models_dir, ignored)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(kFresh) || entry.path() == workspace_.path()) continue;
        if (const auto claim = Claim::take(partials_ / (name.substr(kFresh.size()) + ".pull")))
            fs::remove_all(entry.path(), ignored);
    }
}

void Pull::forget_downloads() {
    for (const auto& path : downloads_) PartialFile::remove(path);
}

Result<Pull::Fetched> Pull::fetch(const Download& download) {
    const auto local = local_path_of(download.url);
    if (!local) return local.error();
    if (*local) return compared(**local, download);
    const auto path = partials_ / (key_of(download.url) + ".part");
    auto claim = Claim::take(fs::path(path) += ".lock");
    if (!claim) return claim.error();
    claims_.push_back(std::move(*claim));
    if (auto done = depot::download(download.url, path, request_.download_limits, work_); !done)
        return done.error();
    downloads_.push_back(path);
    return compared(path, download);
}

Result<Pull::Fetched> Pull::compared(const fs::path& path, const Download& download) {
    std::error_code failure;
    const auto bytes = fs::file_size(path, failure);
    if (failure) return Error(failure, "read " + shown(path));
    if (download.bytes != 0 && bytes != download.bytes)
        return no_good(fmt::format("{}: has {} bytes, not {}", shown_url(download.url), bytes,
                                   download.bytes));
    auto digest = digest_of(path, work_, 0, bytes);
    if (!digest) return digest.error();
    if (!download.sha256.empty() && *digest != download.sha256)
        return no_good(fmt::format("{}: has the SHA-256 {}, not {}; it is not used",
                                   shown_url(download.url), *digest, download.sha256));
    digests_ += fmt::format("# {}\n# SHA-256 {}\n", shown_url(download.url), *digest);
    return Fetched{path, std::move(*digest)};
}

bool is_legal_text(const fs::path& name) {
    const auto file = name.filename().string();
    return std::ranges::any_of(std::array{"README", "LICENSE", "LICENCE", "NOTICE"},
                               [&](const char* start) { return file.starts_with(start); });
}

// In an archive with one top folder, as those of the catalogue have.
fs::path without_top(const fs::path& name) {
    fs::path rest;
    for (auto part = std::next(name.begin()); part != name.end(); ++part) rest /= *part;
    return rest;
}

// Of a catalogue entry, `wanted` says which files are kept. Returns the folder that holds the
// model: what was unpacked, or the only folder in it.
Result<fs::path> Pull::unpacked(const fs::path& archive, const std::string& name,
                                const ModelCard* wanted) {
    const auto into = workspace_.path() / name;
    std::error_code failure;
    fs::create_directory(into, failure);
    if (failure) return Error(failure, "make the folder " + shown(into));
    const auto is_named = [wanted](const fs::path& path) {
        return std::ranges::any_of(wanted->files, [&](const auto& file) {
            return path == file.path || without_top(path) == file.path;
        });
    };
    const IsWanted filter = [&](const fs::path& path) {
        return is_named(path) || is_legal_text(path);
    };
    if (auto done =
            unpack(archive, into, request_.unpack_limits, wanted ? filter : IsWanted(), work_);
        !done)
        return done.error();
    if (!wanted && models::has_card(into)) return into;
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(into, failure)) found.push_back(entry.path());
    if (wanted) return found.size() == 1 && fs::is_directory(found[0]) ? found[0] : into;
    std::erase_if(found, [](const fs::path& path) {
        return !fs::is_directory(path) || !models::has_card(path);
    });
    if (found.size() == 1) return found[0];
    return no_good(found.empty() ? "the archive holds no folder with a model.toml"
                                 : "the archive holds several folders with a model.toml");
}

Result<Pulled> Pull::run_url() {
    const auto archive = fetch({.url = request_.what, .sha256 = request_.sha256});
    if (!archive) return archive.error();
    const auto folder = unpacked(archive->path, "archive", nullptr);
    if (!folder) return folder.error();
    const auto card = models::load_card(*folder);
    if (!card) return no_good("the archive's card: " + card.error().context);
    // Its card could send our audio, and a file of ours as its key, to any server.
    if (card->backend == "upstream")
        return no_good("the archive is of a model on another server; write its card by hand");
    if (std::ranges::count(request_.reserved_ids, card->id) > 0)
        return no_good(
            fmt::format("the archive's model would replace the built-in '{}'", card->id));
    const auto faults = find_faults(*card, *folder, work_);
    if (!faults) return faults.error();
    if (!faults->empty()) return no_good("the archive does not match its card: " + faults->front());
    std::string note;
    if (request_.sha256.empty())
        note = fmt::format("no digest was given to compare the archive with; its SHA-256 is {}",
                           archive->digest);
    return shelve(*card, *folder, note);
}

Result<Pulled> Pull::run_entry(const CatalogueEntry& entry) {
    const auto folder = workspace_.path() / "model";
    if (auto done = gather(entry, folder); !done) return done.error();
    auto card = entry.card;
    if (auto done = complete(card, folder); !done) return done.error();
    std::ofstream out(folder / models::kCardName);
    out << "# Written by tutti models pull, of:\n" << digests_ << models::print(card) << std::flush;
    if (!out) return errno_error("write " + shown(folder / models::kCardName));
    out.close();
    std::string note;
    if (!entry.has_digests() && request_.sha256.empty())
        note =
            "the catalogue knows no digests of this model: they were computed from what arrived "
            "and are in its model.toml, but could not be compared";
    return shelve(card, folder, note);
}

// Puts the files of all downloads where the card says. What is in the way of none is kept too.
Result<void> Pull::gather(const CatalogueEntry& entry, const fs::path& folder) {
    std::error_code failure;
    fs::create_directory(folder, failure);
    for (std::size_t n = 0; n < entry.downloads.size(); ++n) {
        auto download = entry.downloads[n];
        if (!request_.sha256.empty()) download.sha256 = request_.sha256;
        const auto fetched = fetch(download);
        if (!fetched) return fetched.error();
        if (!is_archive_name(download.url)) {
            fs::copy_file(fetched->path, folder / file_name_of(download.url), failure);
            if (failure) return Error(failure, "copy " + shown(fetched->path));
            continue;
        }
        const auto from = unpacked(fetched->path, std::to_string(n), &entry.card);
        if (!from) return from.error();
        for (const auto& file : fs::directory_iterator(*from, failure)) {
            fs::rename(file.path(), folder / file.path().filename(), failure);
            if (failure) break;
        }
        if (failure) return Error(failure, "move the files of " + shown(*from));
    }
    return {};
}

// Fills in the sizes and digests that the catalogue does not know.
Result<void> Pull::complete(ModelCard& card, const fs::path& folder) const {
    for (auto& file : card.files) {
        const auto path = folder / file.path;
        std::error_code failure;
        const auto size = fs::file_size(path, failure);
        if (failure)
            return no_good(
                fmt::format("what was downloaded has no file {} ({})", file.path, file.role));
        if (file.size == 0) file.size = size;
        if (!file.sha256.empty()) continue;
        auto digest = digest_of(path, work_, 0, size);
        if (!digest) return digest.error();
        file.sha256 = std::move(*digest);
    }
    const auto faults = find_faults(card, folder, work_);
    if (!faults) return faults.error();
    if (!faults->empty()) return no_good("not what the catalogue says: " + faults->front());
    return {};
}

Result<Pulled> Pull::shelve(const ModelCard& card, const fs::path& folder, std::string note) {
    if (work_.must_end()) return canceled();
    auto place = put_in_place(folder, request_.models_dir, card.id);
    if (!place) return place.error();
    Pulled pulled{.id = card.id, .folder = std::move(*place), .note = std::move(note)};
    for (const auto& file : card.files) pulled.bytes += file.size;
    return pulled;
}

}  // namespace

Result<Pulled> pull(const PullRequest& request, const Catalogue& catalogue, const Work& work) {
    const auto* entry = catalogue.find(request.what);
    const auto bad = [](std::string why) { return Error(Errc::bad_parameter, std::move(why)); };
    if (!request.sha256.empty() && !models::is_digest(request.sha256))
        return bad("a SHA-256 has 64 hexadecimal digits, in lower case");
    if (entry && !request.sha256.empty() && entry->downloads.size() != 1)
        return bad(
            fmt::format("'{}' is made of several downloads, not of one that a digest could "
                        "be compared with",
                        entry->card.id));
    if (!entry && request.what.find("://") == std::string::npos)
        return bad(
            fmt::format("'{}' is neither in the catalogue ('tutti models list --available') "
                        "nor a URL",
                        log::printable(request.what)));
    if (!entry)
        if (auto path = local_path_of(request.what); !path) return path.error();
    return Pull(request, work).run(entry);
}

}  // namespace tutti::depot

// SPDX-License-Identifier: Apache-2.0
#include "depot/catalogue.h"

#include "base/check.h"

#include "depot/download.h"
#include "depot/unpack.h"
#include "models/card_table.h"
#include <fmt/format.h>

#include <algorithm>

namespace tutti::depot {

// Made of catalogue.toml by the build.
extern const char* const kCatalogueText;

namespace {

Error bad(std::string_view origin, std::string_view why) {
    return Error(Errc::bad_config, fmt::format("{}: {}", origin, why));
}

Result<Download> read_download(const toml::table& table, std::string_view origin) {
    Download download{.url = table["url"].value_or(std::string()),
                      .sha256 = table["sha256"].value_or(std::string())};
    const auto bytes = table["bytes"].value_or(std::int64_t{0});
    if (download.url.empty()) return bad(origin, "downloads.url is missing");
    if (auto path = local_path_of(download.url); !path) return bad(origin, path.error().context);
    if (bytes < 0) return bad(origin, "downloads.bytes must be a number, at least 0");
    if (!download.sha256.empty() && !models::is_digest(download.sha256))
        return bad(origin, "downloads.sha256 must be 64 hexadecimal digits");
    download.bytes = static_cast<std::uint64_t>(bytes);
    return download;
}

Result<CatalogueEntry> read_entry(toml::table table, std::string_view origin) {
    const auto* list = table["downloads"].as_array();
    if (!list || !list->is_array_of_tables() || list->empty())
        return bad(origin, "downloads must be a list of tables");
    CatalogueEntry entry;
    for (const auto& item : *list) {
        auto download = read_download(*item.as_table(), origin);
        if (!download) return download.error();
        entry.downloads.push_back(std::move(*download));
    }
    table.erase("downloads");
    auto card = models::read_card(table, origin, models::Digests::optional);
    if (!card) return card.error();
    if (card->files.empty()) return bad(origin, "files is missing");
    entry.card = std::move(*card);
    return entry;
}

}  // namespace

bool CatalogueEntry::has_digests() const {
    return std::ranges::none_of(downloads, &std::string::empty, &Download::sha256) ||
           std::ranges::none_of(card.files, &std::string::empty, &models::ModelFile::sha256);
}

const CatalogueEntry* Catalogue::find(std::string_view id) const {
    const auto found =
        std::ranges::find(entries, id, [](const auto& entry) { return entry.card.id; });
    return found == entries.end() ? nullptr : &*found;
}

Result<Catalogue> parse_catalogue(std::string_view text, std::string_view origin) {
    toml::table root;
    try {
        root = toml::parse(text, origin);
    } catch (const toml::parse_error& e) {
        return bad(fmt::format("{}:{}", origin, e.source().begin.line), e.description());
    }
    const auto* list = root["model"].as_array();
    if (!list || !list->is_array_of_tables()) return bad(origin, "has no [[model]] tables");
    Catalogue catalogue;
    for (const auto& item : *list) {
        auto entry =
            read_entry(*item.as_table(), fmt::format("{}:{}", origin, item.source().begin.line));
        if (!entry) return entry.error();
        if (catalogue.find(entry->card.id))
            return bad(origin, fmt::format("two models have the id {}", entry->card.id));
        catalogue.entries.push_back(std::move(*entry));
    }
    return catalogue;
}

const Catalogue& built_in_catalogue() {
    static const Catalogue catalogue = [] {
        auto parsed = parse_catalogue(kCatalogueText, "catalogue.toml");
        check(parsed.has_value(), "the catalogue in the program can be read");
        return std::move(*parsed);
    }();
    return catalogue;
}

}  // namespace tutti::depot

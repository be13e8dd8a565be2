// SPDX-License-Identifier: Apache-2.0
#include "cli/models_report.h"

#include "base/log.h"
#include "cli/human_units.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tutti::cli {
namespace {

namespace json = boost::json;
using depot::CatalogueEntry;
using depot::ShelvedModel;
using Row = std::vector<std::string>;

constexpr std::size_t kShownLanguages = 5;
constexpr std::size_t kShownText = 1000;

// Cells in columns two spaces apart; nothing stands behind the last one.
std::string table_of(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += fmt::format("{:<{}}  ", row[i], widths[i]);
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

std::string shown(std::string_view text) {
    return text.empty() ? "-" : log::printable(text, kShownText);
}

// Whisper knows a hundred.
std::string shown_languages(const std::vector<std::string>& languages) {
    if (languages.size() <= kShownLanguages)
        return shown(fmt::format("{}", fmt::join(languages, ",")));
    return shown(fmt::format("{},+{}",
                             fmt::join(languages.begin(), languages.begin() + kShownLanguages, ","),
                             languages.size() - kShownLanguages));
}

Row row_of(const ShelvedModel& model) {
    const auto state =
        model.fault.empty() ? "ok" : "broken: " + log::printable(model.fault, kShownText);
    const auto size = short_size(static_cast<double>(model.bytes));
    const auto path = shown(model.folder.path.string());
    if (!model.folder.card) return {shown(model.id()), "?", "?", "?", size, "?", path, state};
    const auto& card = *model.folder.card;
    return {card.id,      std::string(models::name_of(card.kind)),
            card.backend, shown_languages(card.languages),
            size,         shown(card.licence),
            path,         state};
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const auto& text : texts) array.push_back(json::string(text));
    return array;
}

json::object object_of(const models::ModelCard& card) {
    json::object options;
    for (const auto& [key, value] : card.options) options[key] = value;
    return {{"id", card.id},
            {"kind", models::name_of(card.kind)},
            {"backend", card.backend},
            {"title", card.title},
            {"version", card.version},
            {"licence", card.licence},
            {"languages", array_of(card.languages)},
            {"options", std::move(options)}};
}

json::object object_of(const ShelvedModel& model) {
    json::object object = model.folder.card ? object_of(*model.folder.card)
                                            : json::object{{"id", log::printable(model.id())}};
    object["bytes"] = model.bytes;
    object["folder"] = log::printable(model.folder.path.string(), kShownText);
    object["state"] = model.fault.empty() ? "ok" : "broken";
    if (!model.fault.empty()) object["fault"] = model.fault;
    return object;
}

json::object object_of(const CatalogueEntry& entry, bool is_present) {
    auto object = object_of(entry.card);
    json::array urls;
    for (const auto& download : entry.downloads) urls.push_back(json::string(download.url));
    object["urls"] = std::move(urls);
    object["has_digests"] = entry.has_digests();
    object["is_present"] = is_present;
    return object;
}

}  // namespace

std::string models_text(const std::vector<ShelvedModel>& models, const std::string& models_dir) {
    if (models.empty())
        return fmt::format(
            "There are no models in {}.\n'tutti models list --available' shows what "
            "can be pulled.\n",
            log::printable(models_dir, kShownText));
    std::vector<Row> rows = {
        {"ID", "KIND", "BACKEND", "LANGUAGES", "SIZE", "LICENCE", "FOLDER", "STATE"}};
    for (const auto& model : models) rows.push_back(row_of(model));
    return table_of(rows);
}

std::string models_json(const std::vector<ShelvedModel>& models) {
    json::array list;
    for (const auto& model : models) list.push_back(object_of(model));
    return json::serialize(list) + "\n";
}

std::string catalogue_text(const depot::Catalogue& catalogue,
                           const std::set<std::string>& present) {
    std::vector<Row> rows = {{"ID", "KIND", "BACKEND", "LANGUAGES", "LICENCE", "DIGESTS", "WHAT"}};
    for (const auto& entry : catalogue.entries) {
        const auto& card = entry.card;
        rows.push_back({card.id, std::string(models::name_of(card.kind)), card.backend,
                        shown_languages(card.languages), shown(card.licence),
                        entry.has_digests() ? "known" : "untested",
                        shown(card.title) + (present.contains(card.id) ? " (is here)" : "")});
    }
    std::string text = table_of(rows);
    if (std::ranges::any_of(catalogue.entries, [](const auto& one) { return !one.has_digests(); }))
        text +=
            "\nuntested: the catalogue knows no digests of it. A pull records those of what "
            "arrives, and cannot\ncompare them. Where no licence is shown, see to it yourself.\n";
    return text;
}

std::string catalogue_json(const depot::Catalogue& catalogue,
                           const std::set<std::string>& present) {
    json::array list;
    for (const auto& entry : catalogue.entries)
        list.push_back(object_of(entry, present.contains(entry.card.id)));
    return json::serialize(list) + "\n";
}

}  // namespace tutti::cli

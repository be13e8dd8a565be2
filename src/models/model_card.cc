// SPDX-License-Identifier: Apache-2.0
#include "models/model_card.h"

#include "base/log.h"

#include "models/card_table.h"
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

namespace tutti::models {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestId = 100;
constexpr std::uintmax_t kLargestCard = 1 << 20;
constexpr std::array<std::pair<Kind, std::string_view>, 6> kKinds = {{
    {Kind::asr_streaming, "asr-streaming"},
    {Kind::asr_offline, "asr-offline"},
    {Kind::vad, "vad"},
    {Kind::punctuation, "punctuation"},
    {Kind::alignment, "alignment"},
    {Kind::diarization, "diarization"},
}};

Error bad(std::string_view origin, std::string_view why) {
    return Error(Errc::bad_config, fmt::format("{}: {}", origin, why));
}

// Reads one table and remembers the first thing that is wrong with it.
class TableReader {
  public:
    TableReader(const toml::table& table, std::string_view origin, std::string_view prefix = {})
        : table_(table), origin_(origin), prefix_(prefix) {}

    std::string text(std::string_view key) {
        const auto* node = find(key);
        if (!node) return {};
        if (const auto* value = node->as_string()) return value->get();
        fail(key, "must be a string");
        return {};
    }

    std::string needed_text(std::string_view key) {
        auto value = text(key);
        if (value.empty()) fail(key, "is missing");
        return value;
    }

    std::uint64_t number(std::string_view key, std::uint64_t otherwise) {
        const auto* node = find(key);
        if (!node) return otherwise;
        const auto* value = node->as_integer();
        if (value && value->get() >= 0) return static_cast<std::uint64_t>(value->get());
        fail(key, "must be a number, at least 0");
        return otherwise;
    }

    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> values;
        const auto* node = find(key);
        if (!node) return values;
        if (!node->is_array()) fail(key, "must be a list of strings");
        if (const auto* list = node->as_array())
            for (const auto& item : *list) {
                if (const auto* value = item.as_string())
                    values.push_back(value->get());
                else
                    fail(key, "must be a list of strings");
            }
        return values;
    }

    const toml::node* find(std::string_view key) {
        known_.insert(key);
        return table_.get(key);
    }

    void fail(std::string_view key, std::string_view why) {
        if (!error_) error_ = bad(origin_, fmt::format("{}{} {}", prefix_, key, why));
    }

    // The first fault; a key that was never asked for is one too.
    std::optional<Error> error() {
        for (const auto& [key, node] : table_)
            if (!known_.contains(key.str())) fail(key.str(), "is not known");
        return error_;
    }

  private:
    const toml::table& table_;
    std::string_view origin_;
    std::string_view prefix_;
    std::set<std::string_view> known_;
    std::optional<Error> error_;
};

Result<std::map<std::string, std::string>> read_options(const toml::table& table,
                                                        std::string_view origin) {
    std::map<std::string, std::string> options;
    for (const auto& [key, node] : table) {
        const auto name = std::string(key.str());
        if (const auto* text = node.as_string())
            options[name] = text->get();
        else if (const auto* number = node.as_integer())
            options[name] = std::to_string(number->get());
        else if (const auto* real = node.as_floating_point())
            options[name] = fmt::format("{}", real->get());
        else if (const auto* truth = node.as_boolean())
            options[name] = truth->get() ? "true" : "false";
        else
            return bad(origin,
                       fmt::format("options.{} must be a string, a number or a boolean", name));
    }
    return options;
}

Result<ModelFile> read_file(const toml::table& table, std::string_view origin, Digests digests) {
    TableReader reader(table, origin, "files.");
    ModelFile file{.role = reader.needed_text("role"),
                   .path = reader.needed_text("path"),
                   .size = reader.number("size", 0),
                   .sha256 = digests == Digests::needed ? reader.needed_text("sha256")
                                                        : reader.text("sha256")};
    if (!is_inside(file.path)) reader.fail("path", "must stay inside the model's folder");
    if (!file.sha256.empty() && !is_digest(file.sha256))
        reader.fail("sha256", "must be 64 hexadecimal digits");
    if (auto error = reader.error()) return *error;
    return file;
}

Result<std::vector<ModelFile>> read_files(const toml::node* node, std::string_view origin,
                                          Digests digests) {
    std::vector<ModelFile> files;
    if (!node) return files;
    const auto* list = node->as_array();
    if (!node->is_array_of_tables()) return bad(origin, "files must be a list of tables");
    for (const auto& item : *list) {
        auto file = read_file(*item.as_table(), origin, digests);
        if (!file) return file.error();
        if (std::ranges::count(files, file->role, &ModelFile::role) > 0)
            return bad(origin, fmt::format("files: two have the role {}", file->role));
        files.push_back(std::move(*file));
    }
    return files;
}

Result<std::optional<SelfTest>> read_self_test(const toml::node* node, std::string_view origin) {
    if (!node) return std::optional<SelfTest>();
    if (!node->is_table()) return bad(origin, "self_test must be a table");
    TableReader reader(*node->as_table(), origin, "self_test.");
    SelfTest self_test{.audio = reader.needed_text("audio"), .text = reader.needed_text("text")};
    if (!is_inside(self_test.audio)) reader.fail("audio", "must stay inside the model's folder");
    if (auto error = reader.error()) return *error;
    return std::optional(std::move(self_test));
}

Kind read_kind(TableReader& reader) {
    const auto name = reader.needed_text("kind");
    if (const auto kind = find_kind(name)) return *kind;
    reader.fail("kind", "must be one of " + kind_names());
    return {};
}

}  // namespace

std::string_view name_of(Kind kind) {
    return std::ranges::find(kKinds, kind, [](const auto& entry) { return entry.first; })->second;
}

std::optional<Kind> find_kind(std::string_view name) {
    const auto found =
        std::ranges::find(kKinds, name, [](const auto& entry) { return entry.second; });
    if (found == kKinds.end()) return std::nullopt;
    return found->first;
}

bool recognises_speech(Kind kind) {
    return kind == Kind::asr_streaming || kind == Kind::asr_offline;
}

std::string kind_names() {
    std::string names;
    for (const auto& [kind, name] : kKinds)
        names += (names.empty() ? "" : ", ") + std::string(name);
    return names;
}

bool is_model_id(std::string_view text) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !text.empty() && text.size() <= kLongestId && text.front() != '.' &&
           text.front() != '-' && text.find_first_not_of(kAllowed) == text.npos;
}

bool is_digest(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_inside(std::string_view path) {
    if (path.empty() || path.find('\0') != path.npos || path.front() == '/') return false;
    return std::ranges::none_of(fs::path(path), [](const auto& part) { return part == ".."; });
}

Result<ModelCard> parse_card(std::string_view text, std::string_view origin) {
    toml::table root;
    try {
        root = toml::parse(text, origin);
    } catch (const toml::parse_error& e) {
        return bad(fmt::format("{}:{}", origin, e.source().begin.line), e.description());
    }
    return read_card(root, origin, Digests::needed);
}

Result<ModelCard> read_card(const toml::table& table, std::string_view origin, Digests digests) {
    TableReader reader(table, origin);
    ModelCard card{.id = reader.needed_text("id"),
                   .kind = read_kind(reader),
                   .backend = reader.needed_text("backend"),
                   .title = reader.text("title"),
                   .version = reader.text("version"),
                   .licence = reader.text("licence"),
                   .languages = reader.texts("languages"),
                   .sample_rate = static_cast<std::uint32_t>(reader.number("sample_rate", 16000))};
    if (!is_model_id(card.id)) reader.fail("id", "must be of letters, digits, '.', '_' and '-'");
    if (!is_model_id(card.backend)) reader.fail("backend", "must be of letters, digits and '-'");
    const auto* options = reader.find("options");
    if (options && !options->is_table()) reader.fail("options", "must be a table");
    const auto* files = reader.find("files");
    const auto* self_test = reader.find("self_test");
    if (auto error = reader.error()) return *error;
    if (options) {
        auto read = read_options(*options->as_table(), origin);
        if (!read) return read.error();
        card.options = std::move(*read);
    }
    auto read = read_files(files, origin, digests);
    if (!read) return read.error();
    card.files = std::move(*read);
    auto test = read_self_test(self_test, origin);
    if (!test) return test.error();
    card.self_test = std::move(*test);
    return card;
}

Result<ModelCard> load_card(const fs::path& folder) {
    const auto path = folder / kCardName;
    std::error_code failure;
    // Nothing else: a pipe of that name would keep us waiting.
    const bool is_file = fs::is_regular_file(path, failure);
    std::ifstream in;
    if (is_file) in.open(path);
    if (!is_file || !in) return bad(log::printable(path.string()), "cannot be read");
    if (fs::file_size(path, failure) > kLargestCard)
        return bad(log::printable(path.string()), "is too large to be a card");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return parse_card(text, log::printable(path.string()));
}

std::string print(const ModelCard& card) {
    toml::table root{{"id", card.id},
                     {"kind", name_of(card.kind)},
                     {"backend", card.backend},
                     {"sample_rate", static_cast<std::int64_t>(card.sample_rate)}};
    for (const auto& [key, value] :
         {std::pair{"title", &card.title}, {"version", &card.version}, {"licence", &card.licence}})
        if (!value->empty()) root.insert(key, *value);
    toml::array languages;
    for (const auto& language : card.languages) languages.push_back(language);
    root.insert("languages", std::move(languages));
    toml::table options;
    for (const auto& [key, value] : card.options) options.insert(key, value);
    if (!options.empty()) root.insert("options", std::move(options));
    if (card.self_test)
        root.insert("self_test",
                    toml::table{{"audio", card.self_test->audio}, {"text", card.self_test->text}});
    toml::array files;
    for (const auto& file : card.files)
        files.push_back(toml::table{{"role", file.role},
                                    {"path", file.path},
                                    {"size", static_cast<std::int64_t>(file.size)},
                                    {"sha256", file.sha256}});
    if (!files.empty()) root.insert("files", std::move(files));
    std::ostringstream out;
    out << toml::default_formatter(
               root, toml::default_formatter::default_flags & ~toml::format_flags::indentation)
        << '\n';
    return out.str();
}

bool punctuates(const ModelCard& card) {
    const auto option = [&](const char* name) -> std::string_view {
        const auto found = card.options.find(name);
        return found == card.options.end() ? std::string_view() : found->second;
    };
    if (const auto said = option("punctuates"); !said.empty()) return said == "true";
    const auto family = option("family");
    return family == "whisper" || family == "moonshine" ||
           (family == "sense_voice" && option("use_itn") == "true");
}

Result<void> check_files(const ModelCard& card, const fs::path& folder) {
    for (const auto& file : card.files) {
        std::error_code error;
        const auto name = log::printable((folder / file.path).string());
        const auto size = fs::file_size(folder / file.path, error);
        if (error) return bad(name, error.message());
        if (size != file.size)
            return bad(name,
                       fmt::format("has {} bytes, not the {} of {}", size, file.size, kCardName));
    }
    return {};
}

Result<fs::path> path_of(const ModelCard& card, const fs::path& folder, std::string_view role) {
    const auto found = std::ranges::find(card.files, role, &ModelFile::role);
    if (found == card.files.end())
        return bad(fmt::format("model {}", card.id), fmt::format("has no file '{}'", role));
    return folder / found->path;
}

}  // namespace tutti::models

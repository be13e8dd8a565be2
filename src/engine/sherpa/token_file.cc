// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/token_file.h"

#include "base/log.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>

namespace tutti::engine::sherpa {
namespace {

constexpr std::uintmax_t kLargestFile = 64 << 20;

Error bad(std::string_view origin, std::string_view why) {
    return Error(Errc::bad_config, fmt::format("{}: {}", origin, why));
}

// -1 when it is none.
int parse_id(std::string_view text) {
    int id = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc() && end == text.data() + text.size() && id >= 0 ? id : -1;
}

}  // namespace

Result<TokenFile> parse_tokens(std::string_view text, std::string_view origin) {
    TokenFile tokens;
    int number = 0;
    while (!text.empty()) {
        ++number;
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        while (line.ends_with('\r') || line.ends_with(' ') || line.ends_with('\t'))
            line.remove_suffix(1);
        if (line.empty()) continue;
        const auto split = line.find_last_of(" \t");
        const auto symbol = split == line.npos ? std::string_view{} : line.substr(0, split);
        const int id = parse_id(line.substr(split == line.npos ? 0 : split + 1));
        if (id < 0) return bad(origin, fmt::format("line {} does not end in a number", number));
        if (!tokens.ids.insert(id).second)
            return bad(origin, fmt::format("line {}: a second token {}", number, id));
        tokens.symbols.emplace(symbol);
        tokens.has_blank |= symbol == "<blk>" || symbol == "<eps>" || symbol == "<blank>";
    }
    if (tokens.ids.empty()) return bad(origin, "has no tokens");
    return tokens;
}

Result<TokenFile> load_tokens(const std::filesystem::path& file) {
    const auto name = log::printable(file.string());
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) return bad(name, "cannot be read");
    if (size > kLargestFile) return bad(name, "is no tokens file: it is too large");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return parse_tokens(text, name);
}

}  // namespace tutti::engine::sherpa

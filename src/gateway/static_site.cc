// SPDX-License-Identifier: Apache-2.0
#include "gateway/static_site.h"

#include "base/log.h"

#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <iterator>

namespace tutti::gateway {
namespace {

namespace fs = std::filesystem;

std::string_view content_type_of(std::string_view extension) {
    static const std::map<std::string_view, std::string_view> types = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"}};
    const auto it = types.find(extension);
    return it == types.end() ? "application/octet-stream" : it->second;
}

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

StaticSite StaticSite::load(const fs::path& folder) {
    StaticSite site;
    std::error_code failure;
    for (const auto& entry : fs::recursive_directory_iterator(folder, failure)) {
        const auto& path = entry.path();
        const auto extension = path.extension().string();
        if (!entry.is_regular_file() || extension == ".br" || extension == ".gz") continue;
        File file;
        file.content_type = content_type_of(extension);
        file.plain = read(path);
        file.gzip = read(path.string() + ".gz");
        file.brotli = read(path.string() + ".br");
        file.etag = fmt::format("\"{:x}\"", std::hash<std::string>{}(file.plain));
        const auto url = "/" + fs::relative(path, folder).generic_string();
        file.is_immutable = url.starts_with("/assets/");
        site.files_.emplace(url, std::move(file));
    }
    if (site.files_.empty()) log::warn("no console: {} has no files", folder.string());
    return site;
}

const StaticSite::File* StaticSite::find(std::string_view path) const {
    const auto it = files_.find(path == "/" ? "/index.html" : path);
    return it == files_.end() ? nullptr : &it->second;
}

}  // namespace tutti::gateway

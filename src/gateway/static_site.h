// SPDX-License-Identifier: Apache-2.0
// The console's files, read once at start and served from memory, compressed as the client likes.
//
// Files under /assets/ carry a hash in their names and may be kept for ever; everything else is
// asked for again with its ETag. x.br and x.gz beside x are its compressed forms.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::gateway {

class StaticSite {
  public:
    struct File {
        std::string content_type;
        std::string etag;
        bool is_immutable = false;
        std::string plain, gzip, brotli;  // empty = there is no such form
    };

    // A folder that does not exist gives an empty site.
    static StaticSite load(const std::filesystem::path& folder);

    // "/" is index.html.
    const File* find(std::string_view path) const;

  private:
    std::map<std::string, File, std::less<>> files_;
};

}  // namespace tutti::gateway

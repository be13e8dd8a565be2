// SPDX-License-Identifier: Apache-2.0
// `tutti models pull`: from a name or a URL to a model folder in models_dir.
//
//   auto pulled = pull({.models_dir = dir, .what = "whisper-tiny"}, built_in_catalogue(), work);
//
// Everything happens in hidden folders of models_dir until one rename shows the finished model, in
// the place of the one it had before if there was one. What fails or is interrupted leaves the
// model that was there as it is, and of the new one at most the download, with which the next pull
// goes on.
//
// Errors: bad_parameter (no such name, no URL), busy (another command pulls the same), those of
// download() and unpack(), bad_request (the archive holds no good model, or digests differ).
#pragma once

#include "depot/catalogue.h"
#include "depot/download.h"
#include "depot/unpack.h"

#include <filesystem>
#include <string>

namespace tutti::depot {

struct PullRequest {
    std::filesystem::path models_dir;
    std::string what;                       // an id of the catalogue, or a URL
    std::string sha256;                     // of the archive; empty = not known
    std::vector<std::string> reserved_ids;  // no URL may bring a model of such an id
    DownloadLimits download_limits;
    UnpackLimits unpack_limits;
};

struct Pulled {
    std::string id;
    std::filesystem::path folder;
    std::uint64_t bytes = 0;  // of the files its card names
    std::string note;         // what could not be compared; empty = everything was
};

Result<Pulled> pull(const PullRequest& request, const Catalogue& catalogue, const Work& work);

}  // namespace tutti::depot

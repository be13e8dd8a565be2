// SPDX-License-Identifier: Apache-2.0
// The backend whose recognition another server does, over HTTP.
//
//   auto load_recognizer = load_upstream(folder, bucket);   // a factory; throws when the card is
//                                                           // wrong, or it wants a bucket and none
//                                                           // is set
//
// An utterance is sent when its audio is complete; until then there are no partials. Those of one
// decode() are sent side by side, and all recognizers of the process share one HttpPool. What goes
// wrong is a RecognitionError: another engine would ask the same server.
#pragma once

#include "engine/recognizer.h"

#include "blob/bucket_options.h"

#include <filesystem>

namespace tutti::engine {

RecognizerFactory load_upstream(const std::filesystem::path& folder,
                                const blob::BucketOptions& bucket = {});

}  // namespace tutti::engine

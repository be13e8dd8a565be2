// SPDX-License-Identifier: Apache-2.0
// What the two ways of using the library share.
#pragma once

#include "engine/recognizer.h"

#include <pocketsphinx.h>

#include <memory>
#include <stdexcept>
#include <string_view>

namespace tutti::engine {

struct DecoderDeleter {
    void operator()(ps_decoder_t* decoder) const { ps_free(decoder); }
};
using DecoderPtr = std::unique_ptr<ps_decoder_t, DecoderDeleter>;

inline constexpr proto::Millis kFrame{10};

inline void require(bool condition, const char* what) {
    if (!condition) throw std::runtime_error(std::string("pocketsphinx: ") + what);
}

// The spoken form of a dictionary entry, or nothing for silence and noise: "the(2)" is "the".
inline std::string_view spoken(std::string_view entry) {
    if (entry.empty() || entry[0] == '<' || entry[0] == '[' || entry.starts_with("++")) return {};
    return entry.substr(0, entry.find('('));
}

// A stream of this backend.
class PocketSphinxStream : public RecognizerStream {
  public:
    virtual void decode() = 0;
};

}  // namespace tutti::engine

// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes as they pass.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace tutti::runtime {

class Sha256 {
  public:
    Sha256();
    void update(std::string_view bytes);
    // Of all bytes so far; ends the computation.
    std::string finish_hex();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Of a whole file; blocks.
Result<std::string> sha256_of(const std::filesystem::path& file);

}  // namespace tutti::runtime

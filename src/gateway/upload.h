// SPDX-License-Identifier: Apache-2.0
// Receiving a request's body into the spool, never whole in memory.
#pragma once

#include "dialect/query.h"
#include "gateway/exchange.h"
#include "gateway/services.h"
#include "gateway/spool_file.h"

#include <optional>

namespace tutti::gateway {

struct Upload {
    dialect::Fields form;  // plain fields; none for a raw body
    std::optional<SpoolFile> file;
    std::optional<std::string> filename;
};

// Which parts of a form are wanted.
struct FormParts {
    std::string_view file;
    // A part that may also be sent as a file; it becomes a field.
    std::string_view text = {};
    std::size_t field_limit = 64 * 1024;  // bytes of each field
};

// multipart/form-data: the part `parts.file` goes to the spool, other files are dropped, plain
// fields are kept. A form without the part has no file; whether that is an error is the dialect's
// to say.
asio::awaitable<Result<Upload>> receive_form(Exchange& exchange, Services& services,
                                             FormParts parts);

struct RawUpload {
    SpoolFile file;
    std::string sha256_hex;      // of the body received
    std::uint64_t received = 0;  // bytes of it
};

// The body as it is, behind `prefix`.
asio::awaitable<Result<RawUpload>> receive_raw(Exchange& exchange, Services& services,
                                               std::string_view prefix = {});

// A body that is read as a whole: JSON. Errc::too_large beyond `limit` bytes.
asio::awaitable<Result<std::string>> read_text(Exchange& exchange, std::size_t limit);

}  // namespace tutti::gateway

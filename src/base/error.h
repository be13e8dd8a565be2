// SPDX-License-Identifier: Apache-2.0
// The error and result types of the house.
//
// An expected failure travels as Result<T>; its Error names the cause (Errc) and carries one line
// of context for people. Causes a client can see are mapped to HTTP statuses and close codes in
// one place only, dialect/error_map.h.
//
//   Result<Config> load(path);
//   auto config = load(path);
//   if (!config) return config.error();
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <system_error>

namespace tutti {

enum class Errc {
    ok = 0,
    bad_request,         // The request does not follow its protocol; repeating it fails again.
    bad_parameter,       // A named parameter has a value that cannot be served.
    unknown_model,       // No such model here.
    unknown_language,    // The model does not know the language.
    undecodable_audio,   // The bytes are not audio that can be read.
    too_large,           // A size limit was exceeded.
    too_long,            // The audio lasts longer than is allowed.
    forbidden,           // This client may not do that.
    not_found,           // No such path.
    wrong_method,        // The path exists, the method does not.
    client_idle,         // Nothing came from the client within its deadline.
    client_gone,         // The client closed or vanished.
    busy,                // At capacity now; try again later.
    unavailable,         // A part of the service is missing (engine or scribe down).
    no_space,            // The spool is full.
    protocol_violation,  // Our own processes disagree about a message; the channel is destroyed.
    canceled,            // Stopped on purpose; never logged as a failure.
    bad_config,          // The configuration cannot be used.
    io,                  // A system call failed; the context says which.
    internal,            // A fault of ours.
};

const std::error_category& errc_category();
inline std::error_code make_error_code(Errc e) {
    return {static_cast<int>(e), errc_category()};
}

// Its stable snake_case name, as logs and error bodies show it.
std::string_view name_of(Errc e);

struct Error {
    std::error_code code;
    std::string context;

    Error() = default;
    Error(Errc e, std::string why = {}) : code(make_error_code(e)), context(std::move(why)) {}
    Error(std::error_code c, std::string why) : code(c), context(std::move(why)) {}

    // The Errc, or Errc::io for a foreign code.
    Errc errc() const;
    std::string message() const;
};

// An Error made from errno, with the name of the call that failed.
Error errno_error(std::string_view call);

// Found by argument-dependent lookup when .value() is called on a failed Result.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace tutti

template <>
struct std::is_error_code_enum<tutti::Errc> : std::true_type {};

// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>

namespace tutti {
namespace {

class Category : public std::error_category {
  public:
    const char* name() const noexcept override { return "tutti"; }
    std::string message(int value) const override {
        return std::string(name_of(static_cast<Errc>(value)));
    }
};

}  // namespace

const std::error_category& errc_category() {
    static const Category category;
    return category;
}

std::string_view name_of(Errc e) {
    switch (e) {
        case Errc::ok:
            return "ok";
        case Errc::bad_request:
            return "bad_request";
        case Errc::bad_parameter:
            return "bad_parameter";
        case Errc::unknown_model:
            return "unknown_model";
        case Errc::unknown_language:
            return "unknown_language";
        case Errc::undecodable_audio:
            return "undecodable_audio";
        case Errc::too_large:
            return "too_large";
        case Errc::too_long:
            return "too_long";
        case Errc::forbidden:
            return "forbidden";
        case Errc::not_found:
            return "not_found";
        case Errc::wrong_method:
            return "wrong_method";
        case Errc::client_idle:
            return "client_idle";
        case Errc::client_gone:
            return "client_gone";
        case Errc::busy:
            return "busy";
        case Errc::unavailable:
            return "unavailable";
        case Errc::no_space:
            return "no_space";
        case Errc::protocol_violation:
            return "protocol_violation";
        case Errc::canceled:
            return "canceled";
        case Errc::bad_config:
            return "bad_config";
        case Errc::io:
            return "io";
        case Errc::internal:
            return "internal";
    }
    return "unknown";
}

Errc Error::errc() const {
    return code.category() == errc_category() ? static_cast<Errc>(code.value()) : Errc::io;
}

std::string Error::message() const {
    if (context.empty()) return code.message();
    if (code.category() == errc_category()) return context;
    return context + ": " + code.message();
}

Error errno_error(std::string_view call) {
    return {std::error_code(errno, std::system_category()), std::string(call)};
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::system_error(error.code, error.context);
}

}  // namespace tutti

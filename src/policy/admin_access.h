// SPDX-License-Identifier: Apache-2.0
// Whether a client of the HTTP interfaces may change the server: load and unload its models. Pure.
//
// 1. A page that a browser shows may do so only when it comes from this server or an origin that
//    the operator named: browsers send a page's requests to any address, this machine's included.
// 2. With `loopback`, only who speaks from this machine and to a name of it is heard: not who comes
//    through a proxy here, and not a foreign name that was made to lead here.
#pragma once

#include "base/error.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::policy {

enum class AdminAccess { off, loopback, any };

// "off", "loopback" or "any"; nullopt for anything else.
std::optional<AdminAccess> find_admin_access(std::string_view name);

struct AdminCaller {
    bool is_loopback = false;   // the address it connects from
    bool is_forwarded = false;  // a proxy says that it speaks for somebody
    std::string_view host;      // the header's value
    std::string_view origin;    // the header's value; empty = none
};

// Why it may not; nullopt when it may.
std::optional<Error> admin_refusal(AdminAccess access, const AdminCaller& caller,
                                   const std::vector<std::string>& known_origins);

}  // namespace tutti::policy

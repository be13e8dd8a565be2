// SPDX-License-Identifier: Apache-2.0
#include "policy/admin_access.h"

#include <algorithm>

namespace tutti::policy {
namespace {

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.find(':'));
}

bool names_this_machine(std::string_view host) {
    const auto name = without_port(host);
    return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

bool is_own(std::string_view origin, std::string_view host) {
    const auto mark = origin.find("://");
    return mark != origin.npos && origin.substr(mark + 3) == host;
}

}  // namespace

std::optional<AdminAccess> find_admin_access(std::string_view name) {
    if (name == "off") return AdminAccess::off;
    if (name == "loopback") return AdminAccess::loopback;
    if (name == "any") return AdminAccess::any;
    return std::nullopt;
}

std::optional<Error> admin_refusal(AdminAccess access, const AdminCaller& caller,
                                   const std::vector<std::string>& known_origins) {
    const auto refusal = [](const char* why) { return Error(Errc::forbidden, why); };
    if (access == AdminAccess::off)
        return refusal(
            "models are loaded and unloaded with 'tutti ctl' alone (admin_access = off)");
    if (!caller.origin.empty() && !is_own(caller.origin, caller.host) &&
        std::ranges::count(known_origins, caller.origin) == 0)
        return refusal("pages of this origin may not change the server (see cors_origins)");
    if (access == AdminAccess::any) return std::nullopt;
    if (!caller.is_loopback || caller.is_forwarded || !names_this_machine(caller.host))
        return refusal("the server is changed from its own machine alone (see admin_access)");
    return std::nullopt;
}

}  // namespace tutti::policy

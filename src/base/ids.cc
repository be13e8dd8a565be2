// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include "base/check.h"

#include <sys/random.h>

#include <array>
#include <vector>

namespace tutti {
namespace {

void fill_random(std::uint8_t* out, std::size_t n) {
    check(getrandom(out, n, 0) == static_cast<ssize_t>(n), "getrandom");
}

void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t n) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < n; ++i) {
        out += kDigits[bytes[i] >> 4];
        out += kDigits[bytes[i] & 15];
    }
}

}  // namespace

std::string random_uuid() {
    std::array<std::uint8_t, 16> b;
    fill_random(b.data(), b.size());
    b[6] = static_cast<std::uint8_t>((b[6] & 0x0f) | 0x40);
    b[8] = static_cast<std::uint8_t>((b[8] & 0x3f) | 0x80);
    std::string out;
    out.reserve(36);
    std::size_t at = 0;
    for (std::size_t group : {4u, 2u, 2u, 2u, 6u}) {
        if (at != 0) out += '-';
        append_hex(out, b.data() + at, group);
        at += group;
    }
    return out;
}

std::string random_hex(std::size_t bytes) {
    std::vector<std::uint8_t> raw(bytes);
    fill_random(raw.data(), raw.size());
    std::string out;
    append_hex(out, raw.data(), raw.size());
    return out;
}

}  // namespace tutti

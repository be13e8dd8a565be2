// SPDX-License-Identifier: Apache-2.0
#include "store/checksum.h"

#include <boost/crc.hpp>

namespace tutti::store {

std::int64_t checksum(std::initializer_list<std::string_view> parts) {
    boost::crc_32_type crc;
    for (std::string_view part : parts) {
        const std::uint64_t size = part.size();
        crc.process_bytes(&size, sizeof size);
        crc.process_bytes(part.data(), part.size());
    }
    return crc.checksum();
}

}  // namespace tutti::store

// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node.h"

namespace tutti::supervisor {

using runtime::Phase;

std::optional<std::uint32_t> Node::take_slot(proto::Role role, std::uint32_t number) {
    std::optional<std::uint32_t> unused;
    for (std::uint32_t index = 1; index < runtime::Scoreboard::kSlots; ++index) {
        auto& slot = board.slot(index);
        const auto phase = slot.phase.load();
        if (phase == Phase::empty) {
            if (!unused) unused = index;
            break;  // slots are used from the front
        }
        const bool is_free = phase == Phase::dead || phase == Phase::failing;
        if (is_free && slot.role == role && slot.number == number) return index;
    }
    if (unused) {
        board.slot(*unused).role = role;
        board.slot(*unused).number = number;
    }
    return unused;
}

Result<void> Node::give_to_children(const std::filesystem::path& path) const {
    if (!run_as || path.empty()) return {};
    return runtime::give_to(path, *run_as);
}

}  // namespace tutti::supervisor

// SPDX-License-Identifier: Apache-2.0
// One descriptor kept for when there are no others: given up, it makes room for the connection
// that would otherwise wait unheard, or get lost on its way from another gateway.
//
//   reserve.give_up();  ...accept one...  if (!reserve.take_back()) ...there is none to spare...
#pragma once

#include "base/unique_fd.h"

#include <fcntl.h>

namespace tutti::gateway {

class DescriptorReserve {
  public:
    // `any` is a descriptor that stays open.
    explicit DescriptorReserve(int any) : any_(any) { take_back(); }

    void give_up() { spare_.reset(); }
    bool take_back() {
        if (!spare_) spare_.reset(::fcntl(any_, F_DUPFD_CLOEXEC, 0));
        return static_cast<bool>(spare_);
    }

  private:
    int any_;
    UniqueFd spare_;
};

}  // namespace tutti::gateway

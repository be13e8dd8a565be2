// SPDX-License-Identifier: Apache-2.0
// Which second and punctuation models are not asked for a while because they keep missing their
// limit or failing: one breaker for each, shared by all streams of this gateway. Loop thread only.
#pragma once

#include "policy/breaker.h"

#include <map>
#include <string>

namespace tutti::gateway {

class Pauses {
  public:
    // Stays where it is.
    policy::Breaker& of(const std::string& model) { return find(model).breaker; }
    // Logs it once when the model is paused or asked again. Called after each use of its breaker.
    void tell_change(const std::string& model);

  private:
    struct Model {
        policy::Breaker breaker;
        bool is_told = false;  // that it is paused
    };
    Model& find(const std::string& model);

    std::map<std::string, Model> models_;
};

}  // namespace tutti::gateway

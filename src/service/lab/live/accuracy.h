// SPDX-License-Identifier: Apache-2.0
// LabAccuracy: how close a lab in real time came to what its file says, in words.
#pragma once

#include <string>
#include <vector>

#include "strata/sim_live.h"

namespace strata::service {

struct LabAccuracy {
  sim::Accuracy world;
  std::vector<std::string> interfaces;  // of its devices, for people
};

// Lines for people, and the value of a key of the lab's JSON.
[[nodiscard]] std::string accuracy_text(const LabAccuracy& accuracy);
[[nodiscard]] std::string accuracy_json(const LabAccuracy& accuracy);

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// Drops: how many packets were dropped for which reason, and the place where tracers see each.
#pragma once

#include <cstdint>

#include "base/counters.h"
#include "base/probes.h"
#include "strata/drop_reason.h"

namespace strata::stack {

class Drops : public Counters<DropReason> {
 public:
  void add(DropReason reason, std::uint64_t packets = 1) {
    Counters::add(reason, packets);
    probe_drop(static_cast<std::uint32_t>(reason), packets);
  }
};

}  // namespace strata::stack

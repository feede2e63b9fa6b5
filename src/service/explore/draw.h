// SPDX-License-Identifier: Apache-2.0
// What a seed makes happen in a lab.
#pragma once

#include "service/explore/trial.h"
#include "service/lab/lab.h"

namespace strata::service {

// Faults of frames, links and hosts, and choices of programs. Some seeds draw many, some few, for
// what breaks a connection is as often one frame at its beginning as one per cent of all.
[[nodiscard]] Trial draw_trial(const LabFile& lab, std::uint64_t seed);

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// merged_snapshot: the stacks of all cores as the one host that they are.
#pragma once

#include <span>

#include <nlohmann/json_fwd.hpp>

#include "service/cores/cores.h"
#include "service/hosted_stack.h"
#include "service/snapshot.h"

// What is configured is the front core's; what is counted is the sum; sockets and connections are
// those of all, each with its core. "cores" has a line for each: what it did and what went across.
//
// Counters are read by the core whose they are. The front core asks and waits, for as long as a
// turn of a busy core takes; one that does not answer in time is left out and said to be silent.

namespace strata::service {

[[nodiscard]] nlohmann::json merged_snapshot(HostedStack& front, Cores& cores,
                                             SnapshotParts parts = SnapshotParts::all(),
                                             const ListWindow& window = {});
// All stacks, the first of them with its cores; null: it has one.
[[nodiscard]] nlohmann::json stacks_json(std::span<HostedStack* const> stacks, Cores* cores,
                                         SnapshotParts parts = SnapshotParts::all(),
                                         const ListWindow& window = {});

}  // namespace strata::service

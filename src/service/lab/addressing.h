// SPDX-License-Identifier: Apache-2.0
// A lab as the topology whose addresses and routes are planned (strata/sim_topology.h).
#pragma once

#include "service/failure.h"
#include "service/lab/lab.h"
#include "strata/sim_topology.h"

namespace strata::service {

// Links know their nodes (LabLink::from_node, to_node).
[[nodiscard]] sim::Topology topology_of(const LabFile& lab);

// What links and traffic call nodes, as indices: for labs that were not read from a file.
[[nodiscard]] Outcome<void> find_nodes(LabFile& lab);

}  // namespace strata::service

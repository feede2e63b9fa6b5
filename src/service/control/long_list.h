// SPDX-License-Identifier: Apache-2.0
// A list that may be very long, as the reply to a question for it alone.
#pragma once

#include <functional>
#include <string>

#include "service/connections/pages.h"
#include "service/cores/stack_cores.h"
#include "service/snapshot.h"

namespace strata::service {

// Connections, or sockets, and nothing else: what there may be very much of.
[[nodiscard]] bool is_long_list(SnapshotParts parts);

// A page of each stack, one after the other, each put together in slices. Ends with told() in a
// turn of the front core's loop, at the earliest now; cores and pages must live until then.
void tell_long_list(const StackCores& cores, Pages& pages, SnapshotParts parts,
                    const ListWindow& window, std::function<void(std::string)> told);

}  // namespace strata::service

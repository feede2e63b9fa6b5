// SPDX-License-Identifier: Apache-2.0
// What queues look at in a frame that is the link's own: which flow it is of, and its congestion
// mark.
#pragma once

#include <cstdint>

#include "base/siphash.h"
#include "strata/packet.h"

namespace strata::sim {

// The same for all frames with the same addresses, protocol and ports. Fragments have no ports
// (RFC 8290 5.2.1 would scatter them), and what is not IP only its link addresses.
[[nodiscard]] std::uint64_t flow_hash(const Packet& frame, const SipKey& key);

// RFC 3168 5: makes ECT into CE. False, and nothing is done, for packets that are not ECN-capable.
[[nodiscard]] bool mark_congestion(Packet& frame);

}  // namespace strata::sim

// SPDX-License-Identifier: Apache-2.0
// explain: what a running stack would do with a packet, decision by decision, tried on a copy of
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/failure.h"
#include "strata/bytes.h"
#include "strata/drop_reason.h"
#include "strata/stack.h"
#include "strata/time.h"

namespace strata::service {

// One decision: where on the packet's path, and what came out.
struct ExplainStep {
  std::string at;
  std::string what;
};

struct Explanation {
  std::string packet;  // as strata capture shows it
  std::vector<ExplainStep> steps;
  std::optional<DropReason> dropped;
  std::string end;  // "dropped: udp_no_socket ...", "accepted by ..."
};

// The packet begins as those of the interface do: with an Ethernet header, or with an IP header.
// Nothing of `live` changes.
[[nodiscard]] Outcome<Explanation> explain(Stack& live, std::string_view interface, Bytes packet,
                                           Time now);

}  // namespace strata::service

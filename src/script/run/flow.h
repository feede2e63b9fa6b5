// SPDX-License-Identifier: Apache-2.0
// Flow: what a script calls a connection, and what it is on the wire.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "strata/address.h"

namespace strata::script {

// Script and wire number differently:
//
//   S 0:0(0)          the number of a SYN is the script's for our initial sequence number; the
//   . 1:1(0) ack 1    wire has the real one. Segments without SYN count from that number.
//   TS val 100        our clock is not the script's: what went out under 100 is what comes back
//
// The peer's numbers are the script's own, counted from the number of its SYN.
struct Flow {
  std::uint8_t protocol = 0;
  Endpoint local;
  Endpoint remote;
  bool is_opened_by_peer = false;

  std::optional<std::uint32_t> local_isn;  // on the wire, once seen
  std::uint32_t script_local_isn = 0;
  std::uint32_t remote_isn = 0;
  bool has_remote_isn = false;
  std::optional<std::uint32_t> last_inbound_syn;

  // Outbound timestamps by the script's name for them.
  std::map<std::uint32_t, std::uint32_t> timestamps;
  struct FirstTimestamp {
    std::uint32_t script = 0;
    std::uint32_t live = 0;
  };
  std::optional<FirstTimestamp> first_timestamp;

  // What to add to the script's numbers for those on the wire.
  [[nodiscard]] std::uint32_t local_offset(bool is_syn) const {
    return local_isn.value_or(0) - (is_syn ? script_local_isn : 0);
  }
  [[nodiscard]] std::uint32_t remote_offset(bool is_syn) const { return is_syn ? 0 : remote_isn; }
};

}  // namespace strata::script

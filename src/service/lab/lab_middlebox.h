// SPDX-License-Identifier: Apache-2.0
// What a [[middlebox]] of a lab says.
#pragma once

#include <memory>
#include <variant>

#include "strata/sim_middlebox.h"

//   [[middlebox]]
//   name = "nat"
//   does = "nat"                         # or filter, strip_options, reorder, corrupt
//   outside = "10.0.0.100"               # nat: the address of all inside; without it ports change
//   idle = "2min"                        # nat, filter: so long is silence remembered
//   forgets = ["5s", "8s"]               # nat, filter: when all flows are forgotten
//   resets = true                        # nat, filter: strangers are told, and not left waiting
//   options = ["timestamps"]             # strip_options: which; without it all
//   on = ["syn", "syn_ack", "data"]      # strip_options: of which segments; without it all
//   every = 10                           # reorder, corrupt: each so-many-th
//   behind = 3                           # reorder: until so many have passed,
//   wait = "20ms"                        # or so much time
//   part = "payload"                     # corrupt: or header
//   mends_checksum = true                # corrupt: so that no receiver can tell
//
// It has two links: the first in the file is inside, the second outside.

namespace strata::service {

using LabMiddlebox = std::variant<sim::FilterConfig, sim::NatConfig, sim::OptionStripperConfig,
                                  sim::ReordererConfig, sim::CorruptorConfig>;

[[nodiscard]] std::unique_ptr<sim::MiddleboxRules> make_rules(const LabMiddlebox& box);

// May a connection through it fail, or hand on wrong bytes, and TCP not be to blame?
[[nodiscard]] bool may_end_connections(const LabMiddlebox& box);
[[nodiscard]] bool may_change_bytes(const LabMiddlebox& box);

}  // namespace strata::service

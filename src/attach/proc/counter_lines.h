// SPDX-License-Identifier: Apache-2.0
// /proc/net/snmp and snmp6 (RFC 4293, RFC 4022, RFC 4113), netstat, sockstat and sockstat6.
#pragma once

#include <string>

#include "attach/proc/net_text.h"
#include "strata/socket_types.h"

namespace strata::attach {

// What the stack does not count is 0. Its counts of fragments and UDP are of both families.
[[nodiscard]] std::string counter_lines(const NetFacts& facts);
// netstat and snmp6: only what is counted, of the hundreds of names that Linux has, and that of one
// family alone.
[[nodiscard]] std::string more_counter_lines(const NetFacts& facts);
[[nodiscard]] std::string counter_lines_v6(const NetFacts& facts);
[[nodiscard]] std::string total_lines(const NetFacts& facts, AddressFamily family);

}  // namespace strata::attach

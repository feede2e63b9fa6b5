// SPDX-License-Identifier: Apache-2.0
// /proc/net/snmp (RFC 4293, RFC 4022, RFC 4113), sockstat and sockstat6.
#pragma once

#include <string>

#include "attach/proc/net_text.h"
#include "strata/socket_types.h"

namespace strata::attach {

// What the stack does not count is 0. Its counts of fragments and UDP are of both families.
[[nodiscard]] std::string counter_lines(const NetFacts& facts);
[[nodiscard]] std::string total_lines(const NetFacts& facts, AddressFamily family);

}  // namespace strata::attach

// SPDX-License-Identifier: Apache-2.0
// Puts the addresses of a name in the order in which to try them (RFC 6724 6).
#pragma once

#include <span>

#include "strata/address.h"
#include "strata/stack.h"

namespace strata::service {

// With the source address that the stack would choose for each.
void order_addresses(Stack& stack, std::span<IpAddress> addresses);

}  // namespace strata::service

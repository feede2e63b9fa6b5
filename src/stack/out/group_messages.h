// SPDX-License-Identifier: Apache-2.0
// IGMP and MLD out: what the membership engine asks for, as packets.
#pragma once

#include "stack/core.h"

namespace strata::stack {

void send_group_message(Core& core, Interface& interface, const multicast::Output& message,
                        Time now);

}  // namespace strata::stack

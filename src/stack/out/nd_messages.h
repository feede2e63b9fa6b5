// SPDX-License-Identifier: Apache-2.0
// Neighbour discovery out: the messages that engines ask for, as packets.
#pragma once

#include "stack/core.h"

namespace strata::stack {

void send_solicitation(Core& core, Interface& interface, const neighbor::SendSolicitation& message,
                       Time now);
void send_advertisement(Core& core, Interface& interface,
                        const neighbor::SendAdvertisement& message, Time now);
void send_router_solicitation(Core& core, Interface& interface, Time now);

}  // namespace strata::stack

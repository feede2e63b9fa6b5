// SPDX-License-Identifier: Apache-2.0
// netdevice(7): ioctl() about network interfaces, answered from the stack.
#pragma once

#include <cstdint>

#include "attach/process/program.h"
#include "strata/stack.h"

namespace strata::attach {

// Requests that are about interfaces, routes or ARP and not about the socket they are made on:
// libraries make them on whatever socket they have, AF_UNIX included.
[[nodiscard]] bool is_interface_request(unsigned long request);

// `argument` is where the program has its ifreq or ifconf. Changes are -EPERM, what we do not know
// is -ENOTTY.
[[nodiscard]] Answer answer_interface_request(const Stack& stack, unsigned long request,
                                              const ProgramMemory& memory, std::uint64_t argument);

}  // namespace strata::attach

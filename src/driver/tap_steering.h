// SPDX-License-Identifier: Apache-2.0
// tap_steering: a program in the kernel that puts each flow on the queue of its home.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/bpf.h>

#include "strata/device.h"

// The kernel asks the program for the queue of each frame it sends to us. It computes what
// FlowShare::home_of computes, as far as a look at fixed places goes: TCP and UDP behind IPv4 with
// options and behind IPv6 without extension headers, and fragments by their addresses. All else
// goes to the first queue, and what is not right there is handed over by whoever gets it.

namespace strata::driver {

// Raw instructions of a socket filter that answers the hash mod 128; the kernel takes that modulo
// the number of queues.
[[nodiscard]] std::vector<bpf_insn> steering_program(Medium medium);

// Loads it and gives it to the device of this queue's descriptor. False where that is not
// permitted: then the kernel sends a flow where it was last sent from.
bool steer_queues(int descriptor, Medium medium);

}  // namespace strata::driver

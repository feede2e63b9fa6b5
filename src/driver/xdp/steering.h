// SPDX-License-Identifier: Apache-2.0
// Steering: which frames of an interface are ours, as a program for the kernel.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

#include "driver/descriptor.h"
#include "strata/address.h"

// The program says of each frame whether it goes to our socket or to the kernel:
//
//   nothing given            every frame is ours
//   addresses                IP to one of them; ARP that asks for one; neighbour solicitations and
//                            advertisements about one
//   ports                    TCP and UDP to one of them, at any address
//   addresses and ports      TCP and UDP to one of the ports at one of the addresses
//
// 1. What it cannot read goes to the kernel: more than two tags, lengths that do not fit, and,
// where
//    ports count, fragments, IPv4 options and IPv6 extension headers.
// 2. With ports given, ARP and neighbour discovery stay with the kernel, which owns the address.
// 3. A frame that is ours on a queue without a socket goes to the kernel as well.
// 4. Everything is in the instructions; there are no tables to look up. A frame costs a comparison
//    for each address of its family, which is why there are few of them.

namespace strata::driver::xdp {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

struct Steering {
  static constexpr std::size_t kAddressesMax = 64;
  static constexpr std::size_t kPortsMax = 64;

  std::vector<IpAddress> addresses;
  std::vector<PortRange> ports;
};

// Sends frames to the sockets in `sockets` by the number of their queue.
[[nodiscard]] std::vector<bpf_insn> make_program(const Steering& steering,
                                                 const Descriptor& sockets);
// The same decisions as numbers, to be tried: XDP_PASS for the kernel's, XDP_TX for ours.
[[nodiscard]] std::vector<bpf_insn> make_verdicts(const Steering& steering);

}  // namespace strata::driver::xdp

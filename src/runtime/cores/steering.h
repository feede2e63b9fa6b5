// SPDX-License-Identifier: Apache-2.0
// Steering: which core a frame is for. Pure: a look at the first slice and at PortClaims.
#pragma once

#include <cstdint>

#include "base/flow_share.h"
#include "runtime/cores/port_claims.h"
#include "strata/device.h"
#include "strata/packet.h"

//   frame                                              core
//   TCP, UDP to one of us                              FlowShare::home_of; UDP: PortClaims first
//   a fragment                                         home_of the address pair
//   an ICMP error                                      that of the quoted flow
//   packet too big, redirect                           everyone: routes and path MTUs are each's
//   own ARP reply, gratuitous ARP, neighbour advertisement everyone: so are neighbour caches echo
//   reply                                         FlowShare::owner_of the identifier groups,
//   broadcasts, all else                       core 0, which alone answers them

namespace strata::runtime {

class Steering {
 public:
  // The core that answers what is asked of the host, and configures it.
  static constexpr std::uint16_t kFront = 0;
  static constexpr std::uint16_t kEveryone = 0xffff;

  Steering(std::uint16_t cores, Medium medium, const PortClaims& claims)
      : share_{.cores = cores}, medium_(medium), claims_(claims) {}

  [[nodiscard]] std::uint16_t core_of(const Packet& frame) const;
  // The same for a packet that begins with its IP header.
  [[nodiscard]] std::uint16_t core_of_ip(Bytes packet) const;
  // Whether a core other than the front one keeps this to itself: what speaks for the host as a
  // whole (probes and announcements of addresses, group reports, router solicitations).
  [[nodiscard]] bool speaks_for_the_host(const Packet& frame) const;

 private:
  [[nodiscard]] std::uint16_t core_of_ipv4(Bytes packet) const;
  [[nodiscard]] std::uint16_t core_of_ipv6(Bytes packet) const;
  [[nodiscard]] std::uint16_t core_of_flow(std::uint8_t protocol, const IpAddress& source,
                                           const IpAddress& destination, Bytes transport) const;
  [[nodiscard]] std::uint16_t core_of_icmpv4(Bytes message) const;
  [[nodiscard]] std::uint16_t core_of_icmpv6(Bytes message) const;

  FlowShare share_;
  Medium medium_;
  const PortClaims& claims_;
};

}  // namespace strata::runtime

// SPDX-License-Identifier: Apache-2.0
// udp::Socket: the state of one UDP socket, plain and without I/O.
#pragma once

#include <cstdint>
#include <optional>

#include "base/intrusive_list.h"
#include "base/ready_hook.h"
#include "packet/receive_queue.h"
#include "strata/address.h"
#include "strata/socket_types.h"

namespace strata::udp {

struct Socket {
  explicit Socket(AddressFamily address_family) : family(address_family) {}

  AddressFamily family;
  Endpoint local;                          // port 0: not bound yet
  Endpoint remote;                         // port 0: not connected
  std::optional<IpAddress> bound_address;  // what local.address was before connect()
  SocketOptions options;
  ReceiveQueue queue;  // packets that begin with their IP header, UDP header at transport_offset
  SocketErrors errors;
  ReadyHook ready;
  std::uint32_t index = 0;         // its own place in the table
  bool is_in_groups = false;       // joined one at some time
  bool waits_for_address = false;  // bound to one that was not ours (free_bind)

  [[nodiscard]] bool is_bound() const { return local.port != 0; }
  [[nodiscard]] bool is_connected() const { return remote.port != 0; }
  // RFC 3493 3.7 and 5.3: an IPv6 socket that is not v6-only speaks IPv4 as well.
  [[nodiscard]] bool speaks(const IpAddress& address) const {
    switch (family) {
      case AddressFamily::kIpv4: return address.is_v4();
      case AddressFamily::kIpv6: return address.is_v6() || !options.v6_only;
    }
    return false;
  }
};

}  // namespace strata::udp

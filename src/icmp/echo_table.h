// SPDX-License-Identifier: Apache-2.0
// EchoTable: sockets that send echo requests and get the replies to them, by identifier.
#pragma once

#include <cstdint>

#include "base/ephemeral_ports.h"
#include "base/flow_share.h"
#include "base/handle_table.h"
#include "base/hash_index.h"
#include "base/ready_hook.h"
#include "base/siphash.h"
#include "packet/receive_queue.h"
#include "strata/socket_types.h"

namespace strata::icmp {

// One "ping socket". Its identifier is what a port is to UDP: local.port, 0 before it is bound.
struct EchoSocket {
  explicit EchoSocket(AddressFamily address_family) : family(address_family) {}

  AddressFamily family;
  Endpoint local;
  Endpoint remote;  // connected when its address is not unspecified
  SocketOptions options;
  ReceiveQueue queue;  // packets that begin with their IP header, ICMP at transport_offset
  SocketErrors errors;
  ReadyHook ready;
  std::uint32_t index = 0;
};

class EchoTable {
 public:
  EchoTable(Memory& memory, std::uint32_t sockets_max, const SipKey& key)
      : sockets_(memory, sockets_max), identifiers_(memory), key_(key), ports_(key) {}

  // Before the first socket.
  void set_share(const FlowShare& share) { share_ = share; }

  [[nodiscard]] Result<Handle> open(AddressFamily family);
  void close(Handle handle);
  [[nodiscard]] EchoSocket* find(Handle handle) { return sockets_.find(handle); }
  // Identifier 0 asks for a free one. Families have identifiers of their own.
  [[nodiscard]] Result<void> bind(EchoSocket& socket, const IpAddress& local,
                                  std::uint16_t identifier);
  // Whose reply, or quoted request, this is; null when nobody's.
  [[nodiscard]] EchoSocket* match(AddressFamily family, std::uint16_t identifier);

  template <typename Visit>
  void for_each(Visit visit) {
    for (Index i = sockets_.next_used(0); i != kNoIndex; i = sockets_.next_used(i + 1)) {
      visit(sockets_[i]);
    }
  }

 private:
  [[nodiscard]] std::uint32_t hash_of(AddressFamily family, std::uint16_t identifier) const;

  HandleTable<EchoSocket> sockets_;
  HashIndex identifiers_;
  SipKey key_;
  EphemeralPorts ports_;
  FlowShare share_;
};

}  // namespace strata::icmp

// SPDX-License-Identifier: Apache-2.0
// Raw and packet sockets: programs that want whole IP packets of a protocol, or whole frames.
#pragma once

#include <cstdint>

#include "base/handle_table.h"
#include "base/ready_hook.h"
#include "packet/receive_queue.h"
#include "strata/socket_types.h"

namespace strata::stack {

// Gets a copy of every packet of its protocol that is delivered here; packets begin with their
// IP header.
struct RawSocket {
  RawSocket(AddressFamily address_family, std::uint8_t ip_protocol)
      : family(address_family), protocol(ip_protocol) {}

  AddressFamily family;
  std::uint8_t protocol;
  bool includes_header = false;  // what it sends begins with an IP header of its own making
  IpAddress local;               // unspecified: any
  IpAddress remote;              // unspecified: any
  SocketOptions options;
  ReceiveQueue queue;
  SocketErrors errors;
  ReadyHook ready;
};

// Gets a copy of every frame of its ethertype, link header and all. A medium without link layer has
// no header; there the packet's version stands for the ethertype.
struct PacketSocket {
  PacketSocket(InterfaceId bound_interface, std::uint16_t frame_ethertype)
      : interface(bound_interface), ethertype(frame_ethertype) {}

  static constexpr std::uint16_t kEveryEthertype = 0;

  InterfaceId interface;      // kNoInterface: all
  std::uint16_t ethertype;    // kEveryEthertype: all
  bool hears_others = false;  // frames for other stations, and our own on their way out
  ReceiveQueue queue;
  ReadyHook ready;
};

struct RawTable {
  RawTable(Memory& memory, std::uint32_t sockets_max)
      : raw(memory, sockets_max), packet(memory, sockets_max) {}

  HandleTable<RawSocket> raw;
  HandleTable<PacketSocket> packet;
};

}  // namespace strata::stack

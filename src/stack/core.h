// SPDX-License-Identifier: Apache-2.0
// Core: everything a stack owns, for the steps of a packet's path.
//
//   device ─> receive_frame ─> receive_ipv4 / receive_ipv6 ─┬─> deliver_tcp, deliver_udp, ...
//                  │                    │ forward           │      │ socket queue
//              receive_arp              v                   │      v
//   device <─ flush <─ send_frame <─ send_ip <──────────────┴── send_tcp, send_udp, send_icmp
//
// Each step is a file of functions over Core; none of them keeps state of its own. Engines do not
// know each other: only here does what one of them says become an event of another.
//
// 1. Nothing is sent to a device from inside poll(): steps queue, flush() sends.
// 2. A packet has one owner at a time; a step that keeps none of it hands it to drop() with the
//    reason, or to the next step.
#pragma once

#include <array>
#include <cstdint>

#include "base/flow_share.h"
#include "base/ready_hook.h"
#include "base/siphash.h"
#include "base/vector.h"
#include "icmp/echo_table.h"
#include "icmp/rate_limit.h"
#include "ip/fragmentation.h"
#include "ip/local_addresses.h"
#include "ip/path_mtu.h"
#include "ip/reassembly.h"
#include "ip/redirects.h"
#include "ip/route_cache.h"
#include "ip/route_table.h"
#include "stack/drop_watch.h"
#include "stack/drops.h"
#include "stack/in/last_header.h"
#include "stack/interface.h"
#include "stack/long_replies.h"
#include "stack/out/departure.h"
#include "stack/raw_table.h"
#include "stack/vlan_table.h"
#include "stack/whole_steerer.h"
#include "strata/hooks.h"
#include "strata/stack.h"
#include "strata/stack_config.h"
#include "tcp/transport.h"
#include "udp/table.h"

namespace strata::stack {

inline constexpr InterfaceId kLoopbackId = 1;

// How a UDP socket is known to the group memberships of an interface.
[[nodiscard]] constexpr multicast::SocketKey udp_socket_key(Handle handle) {
  return (std::uint64_t{handle.generation} << 32U) | handle.index;
}
// The stack itself listens to what its addresses need.
inline constexpr multicast::SocketKey kStackSocketKey = 0;

struct HookEntry {
  Hook* hook = nullptr;
  int priority = 0;
};

class TcpMerge;

struct EthertypeEntry {
  std::uint16_t ethertype = 0;
  EthertypeHandler* handler = nullptr;
};

struct ProtocolEntry {
  std::uint8_t protocol = 0;
  ProtocolHandler* handler = nullptr;
};

struct Core {
  explicit Core(const StackConfig& stack_config);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  StackConfig config;
  Memory& memory;
  PacketPool& pool;
  Rng rng;
  SipKey secret;

  Vector<Interface*> interfaces;  // by id - 1; null where one was removed
  VlanTable vlans;
  ip::LocalAddresses local;
  ip::RouteTable routes;
  ip::RouteCache route_cache;
  DepartureMemo departures;
  LastHeader last_header;
  // Changes with whatever of an interface a departure depends on: that it is there and up, its MTU
  // and its hop limit.
  std::uint32_t link_generation = 1;
  ip::Redirects redirects;
  ip::PathMtuCache path_mtus;
  ip::Reassembly reassembly;
  ip::IdentificationSource identifications;
  SipKey flow_label_key;
  LongReplies long_replies;
  icmp::RateLimit icmp_limit;

  udp::Table udp;
  icmp::EchoTable echo;
  RawTable raw;

  std::array<std::array<HookEntry, 8>, static_cast<std::size_t>(HookPoint::kCount)> hooks{};
  Vector<EthertypeEntry> ethertypes;
  Vector<ProtocolEntry> protocols;

  PacketQueue loopback;  // packets for ourselves, taken in by the next poll
  ReadyList ready;
  // Made with the first socket or segment: a stack that speaks no TCP spends nothing on it.
  tcp::Transport* tcp = nullptr;
  TcpMerge* tcp_merge = nullptr;  // of the batch in hand; there whenever `tcp` is
  Time last_turn{};  // when poll or flush was called last: for handles that die without being told
  Drops drops;
  DropWatchers drop_watchers;
  StackCounters counters;
  bool somebody_waits_for_room = false;

  // What a turn looks at before it goes through all interfaces.
  bool any_news = false;           // of one of them
  Time engines_due = Time::min();  // the earliest Interface::engines_due
  std::uint64_t queued_ports = 0;  // each bit for those whose ids have the same remainder
  // A port that flush_ports must look at: it has a frame to send, or had no room for one.
  void note_queued(const Interface& port) {
    queued_ports |= std::uint64_t{1} << port.id % kQueuedBits;
  }
  [[nodiscard]] bool may_have_queued(std::size_t id) const {
    return (queued_ports >> id % kQueuedBits & 1U) != 0;
  }
  static constexpr std::size_t kQueuedBits = 64;

  // Makes this stack one of several that are one host; before its first socket. All of them have
  // one secret. The steerer, null for none, must outlive the stack.
  void set_share(const FlowShare& own_share, WholeSteerer* steerer);
  FlowShare share;
  WholeSteerer* whole_steerer = nullptr;

  // Null only when there is no memory for it.
  [[nodiscard]] tcp::Transport* ensure_tcp();
  [[nodiscard]] Interface* interface(InterfaceId id) const {
    return id == kNoInterface || id > interfaces.size() ? nullptr : interfaces[id - 1U];
  }
  template <typename Visit>
  void for_each_interface(Visit visit) const {
    for (Interface* interface : interfaces) {
      if (interface != nullptr) visit(*interface);
    }
  }
};

// For a packet that somebody else has taken meanwhile, and refused.
inline void count_drop(Core& core, const PacketKey& packet, DropReason reason) {
  core.drops.add(reason);
  if (!core.drop_watchers.empty()) [[unlikely]]
    core.drop_watchers.tell(packet, reason);
}

// A packet that others share, with bytes of its own to go on with; null when the pool is empty.
[[nodiscard]] PacketPtr copy_of(Core& core, const Packet& packet);

// A packet's end: counted under its reason, given back to its pool.
inline void drop(Core& core, PacketPtr packet, DropReason reason) {
  count_drop(core, key_of(*packet), reason);
}

}  // namespace strata::stack

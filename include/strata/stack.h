// SPDX-License-Identifier: Apache-2.0
// Stack: interfaces, addresses, routes and sockets, driven from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "strata/address.h"
#include "strata/device.h"
#include "strata/drop_reason.h"
#include "strata/error.h"
#include "strata/hooks.h"
#include "strata/inline_function.h"
#include "strata/stack_config.h"
#include "strata/tcp_state.h"
#include "strata/time.h"

// A stack does nothing by itself. Its owner calls, again and again:
//
//   stack.poll(now);     take in what the devices have; nothing is sent from inside
//   stack.flush(now);    send what has become due; then programs hear of their sockets
//   sleep until stack.next_deadline() or until a device has something
//
// `now` only ever grows. One thread owns a stack and all that is attached to it; several stacks in
// one process know nothing of each other. A packet's way in is receive_frame, receive_ipv4 or
// receive_ipv6, deliver_udp or deliver_icmp; its way out is send_udp, send_ip, send_frame, flush:
// each is a file of that name in src/stack/in/ or src/stack/out/.

namespace strata {

namespace stack {
struct Core;
}

enum class AddressState : std::uint8_t { kTentative, kPreferred, kDeprecated, kDuplicate };
enum class NeighborState : std::uint8_t {
  kIncomplete,
  kReachable,
  kStale,
  kDelay,
  kProbe,
  kUnreachable,
  kPermanent
};
enum class RouteOrigin : std::uint8_t {
  kStatic,
  kConnected,
  kRouterAdvertisement,
  kRedirect,
  kProtocol
};

struct RouteEntry {
  Prefix destination;
  IpAddress gateway;                     // unspecified: the destination is on the link
  InterfaceId interface = kNoInterface;  // for a gateway, none: the link that has its address
  std::uint32_t metric = 0;
  RouteOrigin origin = RouteOrigin::kStatic;
};

struct AddressEntry {
  Prefix prefix;
  InterfaceId interface = kNoInterface;
  AddressState state = AddressState::kPreferred;
};

struct NeighborEntry {
  IpAddress address;
  MacAddress mac;
  InterfaceId interface = kNoInterface;
  NeighborState state = NeighborState::kIncomplete;
  bool is_router = false;
};

struct InterfaceEntry {
  InterfaceId id = kNoInterface;
  FixedText<15> name;
  MacAddress mac;
  std::size_t mtu = 0;
  std::size_t ipv6_mtu = 0;  // no more than a router advertised; 0: no IPv6 here
  bool is_up = true;
  VlanTags vlan;
  std::uint64_t received_packets = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_packets = 0;
  std::uint64_t sent_bytes = 0;
};

struct SocketEntry {
  enum class Kind : std::uint8_t { kUdp, kIcmp, kRaw, kPacket, kTcp };
  Kind kind = Kind::kUdp;
  TcpState state = TcpState::kClosed;  // kTcp only
  Endpoint local{};
  Endpoint remote{};
  std::size_t queued_packets = 0;  // kTcp: bytes to read; of a listener, connections to accept
  std::size_t send_queue = 0;      // kTcp: bytes not acknowledged yet; a listener's backlog
  std::uint64_t dropped = 0;
};

// What a stack has done, beside the drops by reason.
struct StackCounters {
  std::uint64_t ipv4_received = 0, ipv4_delivered = 0, ipv4_sent = 0, ipv4_forwarded = 0;
  std::uint64_t ipv6_received = 0, ipv6_delivered = 0, ipv6_sent = 0, ipv6_forwarded = 0;
  std::uint64_t fragments_received = 0, reassembled = 0, fragments_sent = 0;
  std::uint64_t icmp_received = 0, icmp_sent = 0, icmp_errors_sent = 0, echo_replies_sent = 0;
  std::uint64_t udp_received = 0, udp_sent = 0;
  std::uint64_t tcp_received = 0, tcp_sent = 0;  // as packets, merged or to be cut
  std::uint64_t arp_received = 0, arp_sent = 0, nd_received = 0, nd_sent = 0;
  std::uint64_t group_reports_sent = 0;
};

// Frames of an ethertype that the stack does not speak itself.
class EthertypeHandler {
 public:
  virtual ~EthertypeHandler() = default;
  // The packet begins behind the link header.
  virtual void on_frame(PacketPtr packet, const MacAddress& source, const MacAddress& destination,
                        Time now) = 0;
};

// Packets of an IP protocol that the stack does not speak itself.
class ProtocolHandler {
 public:
  virtual ~ProtocolHandler() = default;
  // The packet begins with its IP header; notes().transport_offset is where the protocol begins.
  virtual void on_packet(PacketPtr packet, const IpAddress& source, const IpAddress& destination,
                         Time now) = 0;
};

class Stack {
 public:
  // kOutOfMemory when config.memory cannot hold an empty stack, kInvalidArgument without memory or
  // pool.
  [[nodiscard]] static Result<Stack> create(const StackConfig& config);
  Stack(Stack&& other) noexcept;
  Stack& operator=(Stack&& other) noexcept;
  ~Stack();  // after all sockets: each is a handle into it

  // ── Driving ───────────────────────────────────────────────────────────────────────────────
  // Takes in at most one batch from each device. True: there may be more.
  bool poll(Time now);
  // Sends what is due and what waited for room, then tells programs of their sockets.
  void flush(Time now);
  // When poll and flush must be called again at the latest, if no device has anything.
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // ── Interfaces ────────────────────────────────────────────────────────────────────────────
  // The device must outlive the interface. The loopback interface is there from the start.
  [[nodiscard]] Result<InterfaceId> add_interface(Device& device, const InterfaceConfig& config,
                                                  Time now);
  // A further interface on the same wire, behind one or two 802.1Q tags.
  [[nodiscard]] Result<InterfaceId> add_vlan(InterfaceId parent, const VlanTags& tags,
                                             const InterfaceConfig& config, Time now);
  Result<void> remove_interface(InterfaceId interface, Time now);
  // At most the device's, or of a VLAN its port's; at least 68. VLANs never have more than their
  // port: theirs follow it. IPv6 keeps to what routers advertise where that is less, and never goes
  // below its 1280.
  Result<void> set_mtu(InterfaceId interface, std::size_t mtu, Time now);
  Result<void> set_interface_up(InterfaceId interface, bool up, Time now);
  // Connections live on while their device is exchanged. Its address and MTU become the
  // interface's, unless those were chosen, and what is queued is made to fit it. Neighbours are
  // told where we are now, and asked anew. kInvalidArgument for a device of another medium,
  // kNotSupported for one that cannot carry the 1280 bytes of IPv6 that the interface speaks.
  Result<void> replace_device(InterfaceId interface, Device& device, Time now);
  // Takes in one batch of what the device that was replaced still held. True: there may be more.
  bool receive_from(InterfaceId interface, Device& former, Time now);
  [[nodiscard]] Result<InterfaceId> find_interface(std::string_view name) const;

  // ── Addresses and routes ──────────────────────────────────────────────────────────────────
  Result<void> add_address(InterfaceId interface, const Prefix& address, Time now);
  Result<void> remove_address(InterfaceId interface, const IpAddress& address, Time now);
  Result<void> add_route(const RouteEntry& route);
  Result<void> remove_route(const RouteEntry& route);
  Result<void> add_neighbor(InterfaceId interface, const IpAddress& address, const MacAddress& mac,
                            Time now);
  Result<void> remove_neighbor(InterfaceId interface, const IpAddress& address);
  // Answers ARP requests and neighbour solicitations for an address of another host (RFC 1027,
  // RFC 4861 7.2.8), whose packets then come here: with forwarding on they follow the routes.
  Result<void> add_proxy(InterfaceId interface, const IpAddress& address, Time now);
  Result<void> remove_proxy(InterfaceId interface, const IpAddress& address, Time now);
  [[nodiscard]] bool is_local(const IpAddress& address) const;
  void set_forwarding(bool ipv4, bool ipv6);

  // ── Settings ──────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] const TcpConfig& tcp_config() const;
  // For connections from now on, and for those there are where they ask. The sizes of tables, the
  // memory of all buffers and the rates of replies stay as they were at the beginning.
  void set_tcp_config(const TcpConfig& config);
  // Forgets what TCP has learnt of other hosts: their Fast Open cookies.
  void forget_tcp_peers();

  // ── Extension ─────────────────────────────────────────────────────────────────────────────
  // Hooks of a point run in the order of `priority`, lowest first; at most 8 a point.
  Result<void> add_hook(HookPoint point, Hook& hook, int priority = 0);
  void remove_hook(HookPoint point, Hook& hook);
  // kAlreadyExists for what the stack or another handler speaks.
  Result<void> set_ethertype_handler(std::uint16_t ethertype, EthertypeHandler* handler);
  Result<void> set_protocol_handler(std::uint8_t protocol, ProtocolHandler* handler);
  // Sends a frame of any ethertype; the packet begins behind the link header.
  Result<void> send_frame(InterfaceId interface, const MacAddress& destination,
                          std::uint16_t ethertype, PacketPtr packet);
  // Sends a packet of any IP protocol; the packet begins behind the IP header. An unspecified
  // source is chosen.
  Result<void> send_ip(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                       PacketPtr packet, Time now);

  // ── Observation ───────────────────────────────────────────────────────────────────────────
  [[nodiscard]] const StackCounters& counters() const;
  [[nodiscard]] std::uint64_t drops(DropReason reason) const;
  void for_each_interface(InlineFunction<void(const InterfaceEntry&)> visit) const;
  void for_each_address(InlineFunction<void(const AddressEntry&)> visit) const;
  void for_each_route(InlineFunction<void(const RouteEntry&)> visit) const;
  void for_each_neighbor(Time now, InlineFunction<void(const NeighborEntry&)> visit) const;
  // The DNS servers that routers advertise (RFC 8106), as long as they are valid.
  void for_each_dns_server(InlineFunction<void(const IpAddress&)> visit) const;
  void for_each_socket(InlineFunction<void(const SocketEntry&)> visit) const;

  [[nodiscard]] PacketPool& pool() const;
  // The inside, for sockets.
  [[nodiscard]] stack::Core& core() { return *core_; }

 private:
  explicit Stack(stack::Core* core) : core_(core) {}
  stack::Core* core_;
};

}  // namespace strata

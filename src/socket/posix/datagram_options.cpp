// SPDX-License-Identifier: Apache-2.0
// The options that only UDP sockets have, one row each.
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <span>

#include "socket/posix/datagram_file.h"
#include "socket/posix/option_values.h"
#include "socket/posix/socket_address.h"

namespace strata::posix {

namespace {

IpAddress address_of(const in_addr& plain) { return IpAddress::v4(ntohl(plain.s_addr)); }

// Whom a program wants to hear, as its structure says.
struct MembershipRequest {
  IpAddress group;
  IpAddress source;  // of the options that name one
  InterfaceId interface = kNoInterface;
};

using Request = std::expected<MembershipRequest, Answer>;

struct Membership {
  int level;
  int name;
  std::expected<MembershipRequest, Answer> (*read)(const Stack& stack, const void* value,
                                                   socklen_t size);
  Result<void> (*act)(UdpSocket& socket, const MembershipRequest& request, Time now);

  [[nodiscard]] Answer change(const Stack& stack, UdpSocket& socket, const void* value,
                              socklen_t size, Time now) const;
};

// The interface that a structure names by number or by one of its addresses; kNoInterface: it names
// none.
std::expected<InterfaceId, Answer> interface_of(const Stack& stack, const ip_mreqn& request) {
  if (request.imr_ifindex != 0) {
    if (request.imr_ifindex < 0 || request.imr_ifindex > UINT16_MAX) {
      return std::unexpected(-ENODEV);
    }
    return static_cast<InterfaceId>(request.imr_ifindex);
  }
  InterfaceId interface = kNoInterface;
  if (request.imr_address.s_addr == 0) return interface;
  const IpAddress wanted = address_of(request.imr_address);
  stack.for_each_address([&](const AddressEntry& entry) {
    if (entry.prefix.address() == wanted) interface = entry.interface;
  });
  if (interface == kNoInterface) return std::unexpected(-ENODEV);
  return interface;
}

// ── What structures say ─────────────────────────────────────────────────────────────────────────

Request read_v4(const Stack& stack, const void* value, socklen_t size) {
  ip_mreqn plain{};
  if (value == nullptr) return std::unexpected(-EFAULT);
  if (size < sizeof(ip_mreq)) return std::unexpected(-EINVAL);
  std::memcpy(&plain, value, std::min<std::size_t>(size, sizeof(plain)));
  const auto interface = interface_of(stack, plain);
  if (!interface) return std::unexpected(interface.error());
  return MembershipRequest{address_of(plain.imr_multiaddr), {}, *interface};
}

Request read_source_v4(const Stack& stack, const void* value, socklen_t size) {
  const auto plain = read_value<ip_mreq_source>(value, size);
  if (!plain) return std::unexpected(plain.error());
  const auto interface = interface_of(stack, {plain->imr_multiaddr, plain->imr_interface, 0});
  if (!interface) return std::unexpected(interface.error());
  return MembershipRequest{address_of(plain->imr_multiaddr), address_of(plain->imr_sourceaddr),
                           *interface};
}

Request on_interface(MembershipRequest request, std::uint32_t number) {
  if (number > UINT16_MAX) return std::unexpected(-ENODEV);
  request.interface = static_cast<InterfaceId>(number);
  return request;
}

Request read_v6(const Stack& /*stack*/, const void* value, socklen_t size) {
  const auto plain = read_value<ipv6_mreq>(value, size);
  if (!plain) return std::unexpected(plain.error());
  const IpAddress group =
      IpAddress::from_bytes(std::as_bytes(std::span(plain->ipv6mr_multiaddr.s6_addr)));
  return on_interface({group, {}, kNoInterface}, plain->ipv6mr_interface);
}

std::expected<IpAddress, Answer> read_any_address(const sockaddr_storage& plain) {
  const bool is_v4 = plain.ss_family == AF_INET;
  const auto endpoint = read_address(reinterpret_cast<const sockaddr*>(&plain), sizeof(plain),
                                     is_v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!endpoint) return std::unexpected(-EADDRNOTAVAIL);
  return endpoint->address;
}

// RFC 3678 5.1: the same of both families.
Request read_any(const Stack& /*stack*/, const void* value, socklen_t size) {
  const auto plain = read_value<group_req>(value, size);
  if (!plain) return std::unexpected(plain.error());
  const auto group = read_any_address(plain->gr_group);
  if (!group) return std::unexpected(group.error());
  return on_interface({*group, {}, kNoInterface}, plain->gr_interface);
}

Request read_source_any(const Stack& /*stack*/, const void* value, socklen_t size) {
  const auto plain = read_value<group_source_req>(value, size);
  if (!plain) return std::unexpected(plain.error());
  const auto group = read_any_address(plain->gsr_group);
  const auto source = read_any_address(plain->gsr_source);
  if (!group || !source) return std::unexpected(-EADDRNOTAVAIL);
  return on_interface({*group, *source, kNoInterface}, plain->gsr_interface);
}

// ── What is done ────────────────────────────────────────────────────────────────────────────────

template <auto kChange>
Result<void> act(UdpSocket& socket, const MembershipRequest& request, Time now) {
  if constexpr (requires { (socket.*kChange)(request.group, request.interface, now); }) {
    return (socket.*kChange)(request.group, request.interface, now);
  } else {
    return (socket.*kChange)(request.group, request.source, request.interface, now);
  }
}

constexpr Membership kAll[] = {
    {IPPROTO_IP, IP_ADD_MEMBERSHIP, read_v4, act<&UdpSocket::join_group>},
    {IPPROTO_IP, IP_DROP_MEMBERSHIP, read_v4, act<&UdpSocket::leave_group>},
    {IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, read_source_v4, act<&UdpSocket::join_source_group>},
    {IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, read_source_v4, act<&UdpSocket::leave_source_group>},
    {IPPROTO_IP, IP_BLOCK_SOURCE, read_source_v4, act<&UdpSocket::block_source>},
    {IPPROTO_IP, IP_UNBLOCK_SOURCE, read_source_v4, act<&UdpSocket::unblock_source>},
    {IPPROTO_IPV6, IPV6_JOIN_GROUP, read_v6, act<&UdpSocket::join_group>},
    {IPPROTO_IPV6, IPV6_LEAVE_GROUP, read_v6, act<&UdpSocket::leave_group>},
};

// With either family's level.
constexpr Membership kOfBoth[] = {
    {0, MCAST_JOIN_GROUP, read_any, act<&UdpSocket::join_group>},
    {0, MCAST_LEAVE_GROUP, read_any, act<&UdpSocket::leave_group>},
    {0, MCAST_JOIN_SOURCE_GROUP, read_source_any, act<&UdpSocket::join_source_group>},
    {0, MCAST_LEAVE_SOURCE_GROUP, read_source_any, act<&UdpSocket::leave_source_group>},
    {0, MCAST_BLOCK_SOURCE, read_source_any, act<&UdpSocket::block_source>},
    {0, MCAST_UNBLOCK_SOURCE, read_source_any, act<&UdpSocket::unblock_source>},
};

Answer Membership::change(const Stack& stack, UdpSocket& socket, const void* value, socklen_t size,
                          Time now) const {
  const auto request = read(stack, value, size);
  if (!request) return request.error();
  const Result<void> done = act(socket, *request, now);
  if (done) return 0;
  const bool names_source = !request->source.is_unspecified();
  if (done.error() == Error::kAlreadyExists) return names_source ? -EADDRNOTAVAIL : -EADDRINUSE;
  if (done.error() == Error::kNotFound) return -EADDRNOTAVAIL;
  return failed(done.error());
}

// Null: the option is about no membership of this family.
const Membership* find_membership(int level, int name, AddressFamily family) {
  const int own = family == AddressFamily::kIpv4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (level != own) return nullptr;
  const auto* const one = std::ranges::find_if(
      kAll, [&](const Membership& each) { return each.level == level && each.name == name; });
  if (one != std::end(kAll)) return one;
  const auto* const both = std::ranges::find(kOfBoth, name, &Membership::name);
  return both == std::end(kOfBoth) ? nullptr : both;
}

}  // namespace

struct DatagramOptions {
  template <auto kField>
  static Answer read(DatagramFile& file, int& value) {
    const auto options = file.socket_.options();
    if (!options) return failed(options.error());
    value = static_cast<int>((*options).*kField);
    return 0;
  }
  template <auto kSet>
  static Answer write_bool(DatagramFile& file, int value, Time /*now*/) {
    return answer_of((file.socket_.*kSet)(value != 0));
  }
  static Answer read_mtu(DatagramFile& file, int& value) {
    const auto payload = file.socket_.path_mtu();
    if (!payload) return -ENOTCONN;
    const bool is_v4 = file.socket_.remote()->address.is_v4();
    value = static_cast<int>(*payload) + 8 + (is_v4 ? 20 : 40);
    return 0;
  }
  static Answer read_segment_size(DatagramFile& file, int& value) {
    value = file.segment_size_;
    return 0;
  }
  static Answer write_segment_size(DatagramFile& file, int value, Time /*now*/) {
    if (value < 0 || value > UINT16_MAX) return -EINVAL;
    file.segment_size_ = static_cast<std::uint16_t>(value);
    return 0;
  }
  static Answer write_super_segments(DatagramFile& file, int value, Time /*now*/) {
    file.wanted_.segment_size = value != 0;
    return answer_of(file.socket_.set_receive_super_segments(value != 0));
  }

  static Answer read_cork(DatagramFile& file, int& value) {
    value = file.is_corked() ? 1 : 0;
    return 0;
  }
  static Answer write_cork(DatagramFile& file, int value, Time now) {
    file.set_corked(value != 0, now);
    return 0;
  }

  // An in_addr, an ip_mreq or an ip_mreqn.
  static Answer write_multicast_interface(DatagramFile& file, const void* value, socklen_t size) {
    ip_mreqn request{};
    if (value == nullptr) return -EFAULT;
    if (size < sizeof(in_addr)) return -EINVAL;
    if (size >= sizeof(ip_mreq)) {
      std::memcpy(&request, value, std::min<std::size_t>(size, sizeof(request)));
    } else {
      std::memcpy(&request.imr_address, value, sizeof(in_addr));
    }
    const auto interface = interface_of(file.stack_, request);
    if (!interface) return interface.error() == -ENODEV ? -EADDRNOTAVAIL : interface.error();
    const auto set = file.socket_.set_multicast_interface(*interface);
    if (set) file.multicast_source_ = IpAddress::v4(ntohl(request.imr_address.s_addr));
    return answer_of(set);
  }
};

namespace {

using O = DatagramOptions;
using S = SocketOptions;
using U = UdpSocket;

constexpr OptionRow<DatagramFile> kRows[] = {
    {SOL_SOCKET, SO_REUSEADDR, O::read<&S::reuse_address>, O::write_bool<&U::set_reuse_address>},
    {SOL_SOCKET, SO_REUSEPORT, O::read<&S::reuse_port>, O::write_bool<&U::set_reuse_port>},
    {SOL_SOCKET, SO_BROADCAST, O::read<&S::broadcast>, O::write_bool<&U::set_broadcast>},
    {SOL_SOCKET, SO_NO_CHECK, O::read<&S::without_checksum>,
     O::write_bool<&U::set_without_checksum>},
    {IPPROTO_IP, IP_FREEBIND, O::read<&S::free_bind>, O::write_bool<&U::set_free_bind>},
    {IPPROTO_IPV6, IPV6_FREEBIND, O::read<&S::free_bind>, O::write_bool<&U::set_free_bind>},
    {IPPROTO_IP, IP_MTU, O::read_mtu, nullptr},
    {IPPROTO_IPV6, IPV6_V6ONLY, O::read<&S::v6_only>, O::write_bool<&U::set_v6_only>},
    {IPPROTO_IPV6, IPV6_MTU, O::read_mtu, nullptr},
    {IPPROTO_UDP, UDP_CORK, O::read_cork, O::write_cork},
    {IPPROTO_UDP, UDP_SEGMENT, O::read_segment_size, O::write_segment_size},
    {IPPROTO_UDP, UDP_GRO, O::read<&S::receive_super_segments>, O::write_super_segments},
    {IPPROTO_UDP, UDP_NO_CHECK6_RX, O::read<&S::accept_zero_checksum>,
     O::write_bool<&U::set_accept_zero_checksum>},
};

}  // namespace

std::optional<Answer> DatagramFile::own_option(int level, int name, void* value, socklen_t* size) {
  const bool is_v4 = family() == AddressFamily::kIpv4;
  if (level == IPPROTO_IP && name == IP_MULTICAST_IF && is_v4) {
    return write_value(in_addr{htonl(multicast_source_.v4_value())}, value, size);
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr) return std::nullopt;
  return read_option(*row, *this, value, size);
}

std::optional<Answer> DatagramFile::set_own_option(int level, int name, const void* value,
                                                   socklen_t size, Time now) {
  if (level == IPPROTO_IP && name == IP_MULTICAST_IF && family() == AddressFamily::kIpv4) {
    return DatagramOptions::write_multicast_interface(*this, value, size);
  }
  if (const auto membership = find_membership(level, name, family())) {
    return membership->change(stack_, socket_, value, size, now);
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr || row->write == nullptr) return std::nullopt;
  return write_option(*row, *this, value, size, now);
}

}  // namespace strata::posix

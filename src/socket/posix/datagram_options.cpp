// SPDX-License-Identifier: Apache-2.0
// The options that only UDP sockets have, one row each.
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "socket/posix/datagram_file.h"
#include "socket/posix/option_values.h"

namespace strata::posix {

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

  // ── Groups: their values are structures ───────────────────────────────────────────────────
  static IpAddress address_of(const in_addr& plain) { return IpAddress::v4(ntohl(plain.s_addr)); }

  // The interface that a structure names by number or by one of its addresses; kNoInterface: it
  // names none.
  static std::expected<InterfaceId, Answer> interface_of(const DatagramFile& file,
                                                         const ip_mreqn& request) {
    if (request.imr_ifindex != 0) {
      if (request.imr_ifindex < 0 || request.imr_ifindex > UINT16_MAX) {
        return std::unexpected(-ENODEV);
      }
      return static_cast<InterfaceId>(request.imr_ifindex);
    }
    InterfaceId interface = kNoInterface;
    if (request.imr_address.s_addr == 0) return interface;
    const IpAddress wanted = address_of(request.imr_address);
    file.stack_.for_each_address([&](const AddressEntry& entry) {
      if (entry.prefix.address() == wanted) interface = entry.interface;
    });
    if (interface == kNoInterface) return std::unexpected(-ENODEV);
    return interface;
  }
  static Answer change_membership(DatagramFile& file, const IpAddress& group, InterfaceId interface,
                                  bool joins, Time now) {
    return answer_of(joins ? file.socket_.join_group(group, interface, now)
                           : file.socket_.leave_group(group, interface, now));
  }
  static Answer change_membership_v4(DatagramFile& file, bool joins, const void* value,
                                     socklen_t size, Time now) {
    ip_mreqn request{};
    if (value == nullptr) return -EFAULT;
    if (size < sizeof(ip_mreq)) return -EINVAL;
    std::memcpy(&request, value, std::min<std::size_t>(size, sizeof(request)));
    const auto interface = interface_of(file, request);
    if (!interface) return interface.error();
    return change_membership(file, address_of(request.imr_multiaddr), *interface, joins, now);
  }
  static Answer change_membership_v6(DatagramFile& file, bool joins, const void* value,
                                     socklen_t size, Time now) {
    const auto request = read_value<ipv6_mreq>(value, size);
    if (!request) return request.error();
    const IpAddress group =
        IpAddress::from_bytes(std::as_bytes(std::span(request->ipv6mr_multiaddr.s6_addr)));
    return change_membership(file, group, static_cast<InterfaceId>(request->ipv6mr_interface),
                             joins, now);
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
    const auto interface = interface_of(file, request);
    if (!interface) return interface.error() == -ENODEV ? -EADDRNOTAVAIL : interface.error();
    const auto set = file.socket_.set_multicast_interface(*interface);
    if (set) file.multicast_source_ = address_of(request.imr_address);
    return answer_of(set);
  }

  // Nothing: the option is none of these.
  static std::optional<Answer> set_structure(DatagramFile& file, int level, int name,
                                             const void* value, socklen_t size, Time now) {
    const bool is_v4 = file.family() == AddressFamily::kIpv4;
    if (level == IPPROTO_IP && is_v4) {
      if (name == IP_MULTICAST_IF) return write_multicast_interface(file, value, size);
      if (name != IP_ADD_MEMBERSHIP && name != IP_DROP_MEMBERSHIP) return std::nullopt;
      return change_membership_v4(file, name == IP_ADD_MEMBERSHIP, value, size, now);
    }
    if (level == IPPROTO_IPV6 && !is_v4 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)) {
      return change_membership_v6(file, name == IPV6_JOIN_GROUP, value, size, now);
    }
    return std::nullopt;
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
  if (const auto answer = DatagramOptions::set_structure(*this, level, name, value, size, now)) {
    return answer;
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr || row->write == nullptr) return std::nullopt;
  return write_option(*row, *this, value, size, now);
}

}  // namespace strata::posix

// SPDX-License-Identifier: Apache-2.0
// The options of UDP sockets, one row each.
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "socket/posix/datagram_file.h"
#include "socket/posix/option_values.h"

namespace strata::posix {

struct DatagramOptions {
  using Read = Answer (*)(DatagramFile& file, int& value);
  using Write = Answer (*)(DatagramFile& file, int value, Time now);
  struct Row {
    int level;
    int name;
    Read read;
    Write write;
  };
  static const Row kRows[];

  static const Row* find(int level, int name) {
    const auto* row = std::ranges::find_if(
        kRows, kEnd, [&](const Row& r) { return r.level == level && r.name == name; });
    return row == kEnd ? nullptr : row;
  }
  static const Row* const kEnd;

  // A field of SocketOptions, as a number.
  template <auto kField>
  static Answer read(DatagramFile& file, int& value) {
    const auto options = file.socket_.options();
    if (!options) return failed(options.error());
    value = static_cast<int>((*options).*kField);
    return 0;
  }
  // A setter of the socket that takes a truth.
  template <auto kSet>
  static Answer write_bool(DatagramFile& file, int value, Time /*now*/) {
    return answer_of((file.socket_.*kSet)(value != 0));
  }
  template <auto kSet>
  static Answer write_octet(DatagramFile& file, int value, Time /*now*/) {
    if (value == -1) value = kSet == &UdpSocket::set_multicast_hop_limit ? 1 : 0;
    if (value < 0 || value > 255) return -EINVAL;
    return answer_of((file.socket_.*kSet)(static_cast<std::uint8_t>(value)));
  }
  template <bool WantedControl::* kWanted>
  static Answer read_wanted(DatagramFile& file, int& value) {
    value = file.wanted_.*kWanted ? 1 : 0;
    return 0;
  }
  template <bool WantedControl::* kWanted>
  static Answer write_wanted(DatagramFile& file, int value, Time /*now*/) {
    file.wanted_.*kWanted = value != 0;
    return 0;
  }

  static Answer read_error(DatagramFile& file, int& value) {
    const auto error = file.socket_.take_error();
    if (!error) return failed(error.error());
    value = *error ? errno_of(**error) : 0;
    return 0;
  }
  static Answer read_hop_limit(DatagramFile& file, int& value) {
    const auto options = file.socket_.options();
    if (!options) return failed(options.error());
    value = options->hop_limit.value_or(64);
    return 0;
  }
  static Answer write_hop_limit(DatagramFile& file, int value, Time /*now*/) {
    if (value == -1) return answer_of(file.socket_.set_hop_limit(std::nullopt));
    if (value < 1 || value > 255) return -EINVAL;
    return answer_of(file.socket_.set_hop_limit(static_cast<std::uint8_t>(value)));
  }
  // Linux counts its bookkeeping in, and so tells twice what it was told.
  static Answer read_receive_buffer(DatagramFile& file, int& value) {
    const auto size = file.socket_.receive_buffer();
    if (!size) return failed(size.error());
    value = static_cast<int>(std::min<std::size_t>(*size, INT32_MAX));
    return 0;
  }
  static Answer write_receive_buffer(DatagramFile& file, int value, Time /*now*/) {
    const auto size = static_cast<std::size_t>(std::clamp(value, 1152, 1 << 29U));
    return answer_of(file.socket_.set_receive_buffer(2 * size));
  }
  static Answer read_send_buffer(DatagramFile& file, int& value) {
    value = static_cast<int>(file.send_buffer_);
    return 0;
  }
  static Answer write_send_buffer(DatagramFile& file, int value, Time /*now*/) {
    file.send_buffer_ = 2 * static_cast<std::size_t>(std::clamp(value, 2304, 1 << 29U));
    return 0;
  }
  static Answer read_fragment_policy(DatagramFile& file, int& value) {
    const auto options = file.socket_.options();
    if (!options) return failed(options.error());
    static constexpr int kNames[] = {IP_PMTUDISC_DONT, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE};
    value = kNames[static_cast<std::size_t>(options->fragment_policy)];
    return 0;
  }
  static Answer write_fragment_policy(DatagramFile& file, int value, Time /*now*/) {
    switch (value) {
      case IP_PMTUDISC_DONT:
      case IP_PMTUDISC_WANT:
        return answer_of(file.socket_.set_fragment_policy(FragmentPolicy::kFragment));
      case IP_PMTUDISC_DO:
        return answer_of(file.socket_.set_fragment_policy(FragmentPolicy::kDontFragment));
      case IP_PMTUDISC_PROBE:
        return answer_of(file.socket_.set_fragment_policy(FragmentPolicy::kProbe));
      default: return -EINVAL;
    }
  }
  static Answer read_mtu(DatagramFile& file, int& value) {
    const auto payload = file.socket_.path_mtu();
    if (!payload) return -ENOTCONN;
    const bool is_v4 = file.socket_.remote()->address.is_v4();
    value = static_cast<int>(*payload) + 8 + (is_v4 ? 20 : 40);
    return 0;
  }
  static Answer write_multicast_interface(DatagramFile& file, int value, Time /*now*/) {
    if (value < 0 || value > UINT16_MAX) return -EINVAL;
    return answer_of(file.socket_.set_multicast_interface(static_cast<InterfaceId>(value)));
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
  static Answer read_zero(DatagramFile& /*file*/, int& value) {
    value = 0;
    return 0;
  }

  // IP_ADD_MEMBERSHIP and its like, whose values are structures.
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
    const IpAddress group = IpAddress::v4(ntohl(request.imr_multiaddr.s_addr));
    InterfaceId interface = static_cast<InterfaceId>(request.imr_ifindex);
    if (interface == kNoInterface && request.imr_address.s_addr != 0) {
      const IpAddress wanted = IpAddress::v4(ntohl(request.imr_address.s_addr));
      file.stack_.for_each_address([&](const AddressEntry& entry) {
        if (entry.prefix.address() == wanted) interface = entry.interface;
      });
      if (interface == kNoInterface) return -ENODEV;
    }
    return change_membership(file, group, interface, joins, now);
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
  // Nothing: the option is none of these.
  static std::optional<Answer> set_structure(DatagramFile& file, int level, int name,
                                             const void* value, socklen_t size, Time now) {
    const bool is_v4 = file.family() == AddressFamily::kIpv4;
    if (level == IPPROTO_IP && is_v4 && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)) {
      return change_membership_v4(file, name == IP_ADD_MEMBERSHIP, value, size, now);
    }
    if (level == IPPROTO_IPV6 && !is_v4 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)) {
      return change_membership_v6(file, name == IPV6_JOIN_GROUP, value, size, now);
    }
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
      if (value == nullptr) return -EFAULT;
      const std::string whole(static_cast<const char*>(value), size);
      const std::string device(whole.c_str());
      if (device.empty()) return answer_of(file.socket_.set_bound_interface(kNoInterface));
      const auto interface = file.stack_.find_interface(device);
      if (!interface) return -ENODEV;
      return answer_of(file.socket_.set_bound_interface(*interface));
    }
    return std::nullopt;
  }
};

using O = DatagramOptions;
using S = SocketOptions;
using U = UdpSocket;
using W = WantedControl;

const DatagramOptions::Row DatagramOptions::kRows[] = {
    {SOL_SOCKET, SO_ERROR, O::read_error, nullptr},
    {SOL_SOCKET, SO_ACCEPTCONN, O::read_zero, nullptr},
    {SOL_SOCKET, SO_REUSEADDR, O::read<&S::reuse_address>, O::write_bool<&U::set_reuse_address>},
    {SOL_SOCKET, SO_REUSEPORT, O::read<&S::reuse_port>, O::write_bool<&U::set_reuse_port>},
    {SOL_SOCKET, SO_BROADCAST, O::read<&S::broadcast>, O::write_bool<&U::set_broadcast>},
    {SOL_SOCKET, SO_NO_CHECK, O::read<&S::without_checksum>,
     O::write_bool<&U::set_without_checksum>},
    {SOL_SOCKET, SO_RCVBUF, O::read_receive_buffer, O::write_receive_buffer},
    {SOL_SOCKET, SO_SNDBUF, O::read_send_buffer, O::write_send_buffer},
    {IPPROTO_IP, IP_TTL, O::read_hop_limit, O::write_hop_limit},
    {IPPROTO_IP, IP_TOS, O::read<&S::traffic_class>, O::write_octet<&U::set_traffic_class>},
    {IPPROTO_IP, IP_MTU_DISCOVER, O::read_fragment_policy, O::write_fragment_policy},
    {IPPROTO_IP, IP_MTU, O::read_mtu, nullptr},
    {IPPROTO_IP, IP_RECVERR, O::read<&S::receive_errors>, O::write_bool<&U::set_receive_errors>},
    {IPPROTO_IP, IP_PKTINFO, O::read_wanted<&W::packet_info>, O::write_wanted<&W::packet_info>},
    {IPPROTO_IP, IP_RECVTTL, O::read_wanted<&W::hop_limit>, O::write_wanted<&W::hop_limit>},
    {IPPROTO_IP, IP_RECVTOS, O::read_wanted<&W::traffic_class>, O::write_wanted<&W::traffic_class>},
    {IPPROTO_IP, IP_MULTICAST_TTL, O::read<&S::multicast_hop_limit>,
     O::write_octet<&U::set_multicast_hop_limit>},
    {IPPROTO_IP, IP_MULTICAST_LOOP, O::read<&S::multicast_loop>,
     O::write_bool<&U::set_multicast_loop>},
    {IPPROTO_IPV6, IPV6_V6ONLY, O::read<&S::v6_only>, O::write_bool<&U::set_v6_only>},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, O::read_hop_limit, O::write_hop_limit},
    {IPPROTO_IPV6, IPV6_TCLASS, O::read<&S::traffic_class>, O::write_octet<&U::set_traffic_class>},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, O::read_fragment_policy, O::write_fragment_policy},
    {IPPROTO_IPV6, IPV6_MTU, O::read_mtu, nullptr},
    {IPPROTO_IPV6, IPV6_RECVERR, O::read<&S::receive_errors>,
     O::write_bool<&U::set_receive_errors>},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, O::read_wanted<&W::packet_info>,
     O::write_wanted<&W::packet_info>},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, O::read_wanted<&W::hop_limit>,
     O::write_wanted<&W::hop_limit>},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, O::read_wanted<&W::traffic_class>,
     O::write_wanted<&W::traffic_class>},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, O::read<&S::multicast_interface>,
     O::write_multicast_interface},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, O::read<&S::multicast_hop_limit>,
     O::write_octet<&U::set_multicast_hop_limit>},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, O::read<&S::multicast_loop>,
     O::write_bool<&U::set_multicast_loop>},
    {IPPROTO_UDP, UDP_SEGMENT, O::read_segment_size, O::write_segment_size},
    {IPPROTO_UDP, UDP_GRO, O::read<&S::receive_super_segments>, O::write_super_segments},
    {IPPROTO_UDP, UDP_NO_CHECK6_RX, O::read<&S::accept_zero_checksum>,
     O::write_bool<&U::set_accept_zero_checksum>},
};
const DatagramOptions::Row* const DatagramOptions::kEnd = std::end(kRows);

Answer DatagramFile::option(int level, int name, void* value, socklen_t* size, Time /*now*/) {
  if (const auto answer = common_option(level, name, value, size)) return *answer;
  const DatagramOptions::Row* row = DatagramOptions::find(level, name);
  if (row == nullptr) return -ENOPROTOOPT;
  int number = 0;
  const Answer read = row->read(*this, number);
  return read < 0 ? read : write_value(number, value, size);
}

Answer DatagramFile::set_option(int level, int name, const void* value, socklen_t size, Time now) {
  if (const auto answer = set_common_option(level, name, value, size)) return *answer;
  if (const auto answer = DatagramOptions::set_structure(*this, level, name, value, size, now)) {
    return *answer;
  }
  const DatagramOptions::Row* row = DatagramOptions::find(level, name);
  if (row == nullptr || row->write == nullptr) return -ENOPROTOOPT;
  // BSD took these as a single byte, and so does Linux.
  if (value != nullptr && size == 1 && level == IPPROTO_IP) {
    return row->write(*this, *static_cast<const std::uint8_t*>(value), now);
  }
  const auto number = read_value<int>(value, size);
  if (!number) return number.error();
  return row->write(*this, *number, now);
}

}  // namespace strata::posix

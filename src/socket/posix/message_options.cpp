// SPDX-License-Identifier: Apache-2.0
// The options that UDP, echo and raw sockets share, one row each.
#include <linux/net_tstamp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>

#include "socket/posix/message_file.h"
#include "socket/posix/option_values.h"

namespace strata::posix {

struct MessageOptions {
  // A field of SocketOptions, as a number.
  template <auto kField>
  static Answer read(MessageFile& file, int& value) {
    const auto options = file.socket().options();
    if (!options) return failed(options.error());
    value = static_cast<int>((*options).*kField);
    return 0;
  }
  // A setter of the socket that takes a truth.
  template <auto kSet>
  static Answer write_bool(MessageFile& file, int value, Time /*now*/) {
    return answer_of((file.socket().*kSet)(value != 0));
  }
  template <auto kSet>
  static Answer write_octet(MessageFile& file, int value, Time /*now*/) {
    if (value == -1) value = kSet == &DatagramSocket::set_multicast_hop_limit ? 1 : 0;
    if (value < 0 || value > 255) return -EINVAL;
    return answer_of((file.socket().*kSet)(static_cast<std::uint8_t>(value)));
  }
  template <bool WantedControl::* kWanted>
  static Answer read_wanted(MessageFile& file, int& value) {
    value = file.wanted_.*kWanted ? 1 : 0;
    return 0;
  }
  template <bool WantedControl::* kWanted>
  static Answer write_wanted(MessageFile& file, int value, Time /*now*/) {
    file.wanted_.*kWanted = value != 0;
    return 0;
  }

  static Answer read_error(MessageFile& file, int& value) {
    file.gather_errors();
    const auto error = file.socket().take_error();
    if (!error) return failed(error.error());
    value = *error ? errno_of_report(**error) : static_cast<int>(-file.error_);
    file.error_ = 0;
    return 0;
  }
  static Answer read_hop_limit(MessageFile& file, int& value) {
    const auto options = file.socket().options();
    if (!options) return failed(options.error());
    value = options->hop_limit.value_or(64);
    return 0;
  }
  static Answer write_hop_limit(MessageFile& file, int value, Time /*now*/) {
    if (value == -1) return answer_of(file.socket().set_hop_limit(std::nullopt));
    if (value < 1 || value > 255) return -EINVAL;
    return answer_of(file.socket().set_hop_limit(static_cast<std::uint8_t>(value)));
  }
  // Linux counts its bookkeeping in, and so tells twice what it was told.
  static Answer read_receive_buffer(MessageFile& file, int& value) {
    const auto size = file.socket().receive_buffer();
    if (!size) return failed(size.error());
    value = static_cast<int>(std::min<std::size_t>(*size, INT32_MAX));
    return 0;
  }
  static Answer write_receive_buffer(MessageFile& file, int value, Time /*now*/) {
    const auto size = static_cast<std::size_t>(std::clamp(value, 1152, 1 << 29U));
    return answer_of(file.socket().set_receive_buffer(2 * size));
  }
  static Answer read_send_buffer(MessageFile& file, int& value) {
    value = static_cast<int>(file.send_buffer_);
    return 0;
  }
  static Answer write_send_buffer(MessageFile& file, int value, Time /*now*/) {
    file.send_buffer_ = 2 * static_cast<std::size_t>(std::clamp(value, 2304, 1 << 29U));
    return 0;
  }
  static Answer read_path_mtu_discovery(MessageFile& file, int& value) {
    value = file.path_mtu_discovery_.value_or(IP_PMTUDISC_WANT);
    return 0;
  }
  // WANT and DONT are one policy: what exceeds the path MTU is cut here, and may be cut again.
  static Answer write_path_mtu_discovery(MessageFile& file, int value, Time /*now*/) {
    constexpr FragmentPolicy kPolicies[] = {FragmentPolicy::kFragment, FragmentPolicy::kFragment,
                                            FragmentPolicy::kDontFragment, FragmentPolicy::kProbe};
    static_assert(IP_PMTUDISC_DONT == 0 && IP_PMTUDISC_WANT == 1 && IP_PMTUDISC_DO == 2 &&
                  IP_PMTUDISC_PROBE == 3);
    // IP_PMTUDISC_INTERFACE, which refuses what is longer than the link takes, is not there.
    const bool is_omitted = value == IP_PMTUDISC_OMIT;
    const bool is_known = value >= 0 && value < static_cast<int>(std::size(kPolicies));
    if (!is_known && !is_omitted) return -EINVAL;
    const auto set = file.socket().set_fragment_policy(is_omitted ? FragmentPolicy::kByRouters
                                                                  : kPolicies[value]);
    if (set) file.path_mtu_discovery_ = value;
    return answer_of(set);
  }
  static Answer write_interface(MessageFile& file, int value, Time /*now*/) {
    if (value < 0 || value > UINT16_MAX) return -EINVAL;
    return answer_of(file.socket().set_bound_interface(static_cast<InterfaceId>(value)));
  }
  static Answer write_multicast_interface(MessageFile& file, int value, Time /*now*/) {
    if (value < 0 || value > UINT16_MAX) return -EINVAL;
    return answer_of(file.socket().set_multicast_interface(static_cast<InterfaceId>(value)));
  }
  template <MessageFile::Stamp kStamp>
  static Answer read_stamp(MessageFile& file, int& value) {
    if (file.wall_clock_ == nullptr) return -ENOPROTOOPT;
    value = file.stamp_ == kStamp ? 1 : 0;
    return 0;
  }
  template <MessageFile::Stamp kStamp>
  static Answer write_stamp(MessageFile& file, int value, Time /*now*/) {
    if (file.wall_clock_ == nullptr) return -ENOPROTOOPT;
    file.stamp_ = value != 0 ? kStamp : MessageFile::Stamp::kNone;
    return 0;
  }
  // Times of what was received, by our clock; what was sent is not told of.
  static Answer read_timestamping(MessageFile& file, int& value) {
    value = file.timestamping_;
    return 0;
  }
  static Answer write_timestamping(MessageFile& file, int value, Time /*now*/) {
    constexpr int kKept = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                          SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_SYS_HARDWARE |
                          SOF_TIMESTAMPING_RAW_HARDWARE;
    if (file.wall_clock_ == nullptr) return -ENOPROTOOPT;
    if ((value & ~SOF_TIMESTAMPING_MASK) != 0) return -EINVAL;
    if ((value & ~kKept) != 0) return -EOPNOTSUPP;
    file.timestamping_ = value;
    return 0;
  }
  static Answer read_low_water(MessageFile& file, int& value) {
    value = file.receive_low_water_;
    return 0;
  }
  static Answer write_low_water(MessageFile& file, int value, Time /*now*/) {
    file.receive_low_water_ = value == 0 ? 1 : value < 0 ? INT32_MAX : value;
    return 0;
  }
  static Answer read_zero(MessageFile& /*file*/, int& value) {
    value = 0;
    return 0;
  }
  using Stamp = MessageFile::Stamp;
};

namespace {

using O = MessageOptions;
using S = SocketOptions;
using D = DatagramSocket;
using W = WantedControl;

constexpr OptionRow<MessageFile> kRows[] = {
    {SOL_SOCKET, SO_ERROR, O::read_error, nullptr},
    {SOL_SOCKET, SO_ACCEPTCONN, O::read_zero, nullptr},
    {SOL_SOCKET, SO_RCVBUF, O::read_receive_buffer, O::write_receive_buffer},
    {SOL_SOCKET, SO_SNDBUF, O::read_send_buffer, O::write_send_buffer},
    // Past a limit of the kernel's that is not ours.
    {SOL_SOCKET, SO_RCVBUFFORCE, nullptr, O::write_receive_buffer},
    {SOL_SOCKET, SO_SNDBUFFORCE, nullptr, O::write_send_buffer},
    {SOL_SOCKET, SO_BINDTOIFINDEX, O::read<&S::bound_interface>, O::write_interface},
    {SOL_SOCKET, SO_TIMESTAMP, O::read_stamp<O::Stamp::kMicroseconds>,
     O::write_stamp<O::Stamp::kMicroseconds>},
    {SOL_SOCKET, SO_TIMESTAMPNS, O::read_stamp<O::Stamp::kNanoseconds>,
     O::write_stamp<O::Stamp::kNanoseconds>},
    {SOL_SOCKET, SO_RCVLOWAT, O::read_low_water, O::write_low_water},
    {SOL_SOCKET, SO_TIMESTAMPING, O::read_timestamping, O::write_timestamping},
    {IPPROTO_IP, IP_TTL, O::read_hop_limit, O::write_hop_limit},
    {IPPROTO_IP, IP_TOS, O::read<&S::traffic_class>, O::write_octet<&D::set_traffic_class>},
    {IPPROTO_IP, IP_MTU_DISCOVER, O::read_path_mtu_discovery, O::write_path_mtu_discovery},
    {IPPROTO_IP, IP_RECVERR, O::read<&S::receive_errors>, O::write_bool<&D::set_receive_errors>},
    {IPPROTO_IP, IP_PKTINFO, O::read_wanted<&W::packet_info>, O::write_wanted<&W::packet_info>},
    {IPPROTO_IP, IP_RECVTTL, O::read_wanted<&W::hop_limit>, O::write_wanted<&W::hop_limit>},
    {IPPROTO_IP, IP_RECVTOS, O::read_wanted<&W::traffic_class>, O::write_wanted<&W::traffic_class>},
    {IPPROTO_IP, IP_MULTICAST_TTL, O::read<&S::multicast_hop_limit>,
     O::write_octet<&D::set_multicast_hop_limit>},
    {IPPROTO_IP, IP_MULTICAST_LOOP, O::read<&S::multicast_loop>,
     O::write_bool<&D::set_multicast_loop>},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, O::read_hop_limit, O::write_hop_limit},
    {IPPROTO_IPV6, IPV6_TCLASS, O::read<&S::traffic_class>, O::write_octet<&D::set_traffic_class>},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, O::read_path_mtu_discovery, O::write_path_mtu_discovery},
    {IPPROTO_IPV6, IPV6_RECVERR, O::read<&S::receive_errors>,
     O::write_bool<&D::set_receive_errors>},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, O::read_wanted<&W::packet_info>,
     O::write_wanted<&W::packet_info>},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, O::read_wanted<&W::hop_limit>,
     O::write_wanted<&W::hop_limit>},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, O::read_wanted<&W::traffic_class>,
     O::write_wanted<&W::traffic_class>},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, O::read<&S::multicast_interface>,
     O::write_multicast_interface},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, O::read<&S::multicast_hop_limit>,
     O::write_octet<&D::set_multicast_hop_limit>},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, O::read<&S::multicast_loop>,
     O::write_bool<&D::set_multicast_loop>},
};

}  // namespace

Answer MessageFile::option(int level, int name, void* value, socklen_t* size, Time /*now*/) {
  if (const auto answer = common_option(level, name, value, size)) return *answer;
  if (const auto answer = own_option(level, name, value, size)) return *answer;
  if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
    const auto options = socket().options();
    if (!options) return failed(options.error());
    return tell_device(stack_, options->bound_interface, value, size);
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr) return unknown_option(level);
  return read_option(*row, *this, value, size);
}

Answer MessageFile::set_option(int level, int name, const void* value, socklen_t size, Time now) {
  if (const auto answer = set_common_option(level, name, value, size)) return *answer;
  if (const auto answer = set_own_option(level, name, value, size, now)) return *answer;
  if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
    const auto interface = read_device(stack_, value, size);
    if (!interface) return interface.error();
    return answer_of(socket().set_bound_interface(*interface));
  }
  const auto* row = find_option(kRows, level, name);
  if (row == nullptr || row->write == nullptr) return -ENOPROTOOPT;
  // BSD took these as a single byte, and so does Linux.
  if (value != nullptr && size == 1 && level == IPPROTO_IP) {
    return row->write(*this, *static_cast<const std::uint8_t*>(value), now);
  }
  return write_option(*row, *this, value, size, now);
}

}  // namespace strata::posix

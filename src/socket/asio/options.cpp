// SPDX-License-Identifier: Apache-2.0
#include "strata/asio/options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

namespace strata::asio {
namespace {

template <typename T>
Result<T> value_of(Bytes bytes) {
  if (bytes.size() != sizeof(T)) return std::unexpected(Error::kInvalidArgument);
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// Asio has numbers of four bytes, and of one for IPv4 groups.
Result<int> number_of(Bytes bytes) {
  if (bytes.size() == 1) return std::to_integer<int>(bytes.front());
  return value_of<int>(bytes);
}

template <typename T>
Result<std::size_t> give(const T& value, MutableBytes into) {
  if (into.size() < sizeof(T)) return std::unexpected(Error::kInvalidArgument);
  std::memcpy(into.data(), &value, sizeof(T));
  return sizeof(T);
}

Result<std::size_t> give_number(int value, MutableBytes into) {
  if (into.size() == 1) {
    into.front() = static_cast<std::byte>(value);
    return 1;
  }
  return give(value, into);
}

// ── TCP ─────────────────────────────────────────────────────────────────────────────────────────

// An option whose value is a number, and within which bounds.
struct TcpRow {
  int level;
  int name;
  int (*read)(const TcpSocketOptions& options);
  void (*write)(TcpSocketOptions& options, int value);
  int least = 0;
  int most = std::numeric_limits<int>::max();
};

using T = TcpSocketOptions;

template <bool T::* kField>
int read_flag(const T& options) {
  return options.*kField ? 1 : 0;
}
template <bool T::* kField>
void write_flag(T& options, int value) {
  options.*kField = value != 0;
}
template <auto kField>
int read_number(const T& options) {
  return static_cast<int>(options.*kField);
}
template <auto kField>
void write_number(T& options, int value) {
  using Number = std::remove_reference_t<decltype(options.*kField)>;
  options.*kField = static_cast<Number>(value);
}
template <Duration T::* kField, typename Unit>
int read_time(const T& options) {
  return static_cast<int>(std::chrono::duration_cast<Unit>(options.*kField).count());
}
template <Duration T::* kField, typename Unit>
void write_time(T& options, int value) {
  options.*kField = Unit(value);
}

template <bool T::* kField>
constexpr TcpRow flag_row(int level, int name) {
  return {level, name, read_flag<kField>, write_flag<kField>, std::numeric_limits<int>::min()};
}

constexpr TcpRow kTcpRows[] = {
    flag_row<&T::keepalive>(SOL_SOCKET, SO_KEEPALIVE),
    flag_row<&T::reuse_address>(SOL_SOCKET, SO_REUSEADDR),
    flag_row<&T::reuse_port>(SOL_SOCKET, SO_REUSEPORT),
    flag_row<&T::urgent_inline>(SOL_SOCKET, SO_OOBINLINE),
    flag_row<&T::no_delay>(IPPROTO_TCP, TCP_NODELAY),
    flag_row<&T::cork>(IPPROTO_TCP, TCP_CORK),
    flag_row<&T::v6_only>(IPPROTO_IPV6, IPV6_V6ONLY),
    {SOL_SOCKET, SO_SNDBUF, read_number<&T::send_buffer>, write_number<&T::send_buffer>, 1},
    {SOL_SOCKET, SO_RCVBUF, read_number<&T::receive_buffer>, write_number<&T::receive_buffer>, 1},
    {IPPROTO_IP, IP_TTL, read_number<&T::hop_limit>, write_number<&T::hop_limit>, 1, 255},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, read_number<&T::hop_limit>, write_number<&T::hop_limit>, 1,
     255},
    {IPPROTO_IP, IP_TOS, read_number<&T::traffic_class>, write_number<&T::traffic_class>, 0, 255},
    {IPPROTO_IPV6, IPV6_TCLASS, read_number<&T::traffic_class>, write_number<&T::traffic_class>, 0,
     255},
    {IPPROTO_TCP, TCP_KEEPIDLE, read_time<&T::keepalive_idle, std::chrono::seconds>,
     write_time<&T::keepalive_idle, std::chrono::seconds>, 1, 32'767},
    {IPPROTO_TCP, TCP_KEEPINTVL, read_time<&T::keepalive_interval, std::chrono::seconds>,
     write_time<&T::keepalive_interval, std::chrono::seconds>, 1, 32'767},
    {IPPROTO_TCP, TCP_KEEPCNT, read_number<&T::keepalive_probes>,
     write_number<&T::keepalive_probes>, 1, 127},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, read_time<&T::user_timeout, std::chrono::milliseconds>,
     write_time<&T::user_timeout, std::chrono::milliseconds>},
};

const TcpRow* find_row(int level, int name) {
  const auto* row = std::ranges::find_if(
      kTcpRows, [&](const TcpRow& one) { return one.level == level && one.name == name; });
  return row == std::end(kTcpRows) ? nullptr : row;
}

Result<void> write_linger(TcpSocketOptions& options, Bytes bytes) {
  const auto value = value_of<::linger>(bytes);
  if (!value) return std::unexpected(value.error());
  options.linger.reset();
  if (value->l_onoff != 0) options.linger = std::chrono::seconds(std::max(value->l_linger, 0));
  return {};
}

Result<std::size_t> read_linger(const TcpSocketOptions& options, MutableBytes into) {
  ::linger value{};
  if (options.linger) {
    const auto time = std::chrono::duration_cast<std::chrono::seconds>(*options.linger);
    value = {1, static_cast<int>(time.count())};
  }
  return give(value, into);
}

// ── UDP ─────────────────────────────────────────────────────────────────────────────────────────

struct UdpRow {
  int level;
  int name;
  int (*read)(const SocketOptions& options);
  Result<void> (*write)(UdpSocket& socket, int value);
};

Result<void> write_hops(UdpSocket& socket, int value) {
  if (value < 1 || value > 255) return std::unexpected(Error::kInvalidArgument);
  return socket.set_hop_limit(static_cast<std::uint8_t>(value));
}
Result<void> write_group_hops(UdpSocket& socket, int value) {
  if (value < 0 || value > 255) return std::unexpected(Error::kInvalidArgument);
  return socket.set_multicast_hop_limit(static_cast<std::uint8_t>(value));
}
Result<void> write_class(UdpSocket& socket, int value) {
  if (value < 0 || value > 255) return std::unexpected(Error::kInvalidArgument);
  return socket.set_traffic_class(static_cast<std::uint8_t>(value));
}
Result<void> write_group_loop(UdpSocket& socket, int value) {
  return socket.set_multicast_loop(value != 0);
}
Result<void> write_group_interface(UdpSocket& socket, int value) {
  if (value < 0 || value > 0xffff) return std::unexpected(Error::kNoDevice);
  return socket.set_multicast_interface(static_cast<InterfaceId>(value));
}

using S = SocketOptions;
constexpr int kUsualHops = 64;

template <auto kField>
int read_field(const S& options) {
  return static_cast<int>(options.*kField);
}
int read_hops(const S& options) { return options.hop_limit.value_or(kUsualHops); }

constexpr UdpRow kUdpRows[] = {
    {SOL_SOCKET, SO_REUSEADDR, read_field<&S::reuse_address>,
     [](UdpSocket& socket, int value) { return socket.set_reuse_address(value != 0); }},
    {SOL_SOCKET, SO_REUSEPORT, read_field<&S::reuse_port>,
     [](UdpSocket& socket, int value) { return socket.set_reuse_port(value != 0); }},
    {SOL_SOCKET, SO_BROADCAST, read_field<&S::broadcast>,
     [](UdpSocket& socket, int value) { return socket.set_broadcast(value != 0); }},
    {IPPROTO_IPV6, IPV6_V6ONLY, read_field<&S::v6_only>,
     [](UdpSocket& socket, int value) { return socket.set_v6_only(value != 0); }},
    {IPPROTO_IP, IP_TTL, read_hops, write_hops},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, read_hops, write_hops},
    {IPPROTO_IP, IP_TOS, read_field<&S::traffic_class>, write_class},
    {IPPROTO_IPV6, IPV6_TCLASS, read_field<&S::traffic_class>, write_class},
    {IPPROTO_IP, IP_MULTICAST_TTL, read_field<&S::multicast_hop_limit>, write_group_hops},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, read_field<&S::multicast_hop_limit>, write_group_hops},
    {IPPROTO_IP, IP_MULTICAST_LOOP, read_field<&S::multicast_loop>, write_group_loop},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, read_field<&S::multicast_loop>, write_group_loop},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, read_field<&S::multicast_interface>, write_group_interface},
};

const UdpRow* find_udp_row(int level, int name) {
  const auto* row = std::ranges::find_if(
      kUdpRows, [&](const UdpRow& one) { return one.level == level && one.name == name; });
  return row == std::end(kUdpRows) ? nullptr : row;
}

struct Membership {
  IpAddress group;
  InterfaceId interface = kNoInterface;
};

// IPv4 names the interface by its address; any means the one that routes lead to.
Result<Membership> membership_of(int level, Bytes bytes) {
  if (level == IPPROTO_IPV6) {
    const auto wanted = value_of<ipv6_mreq>(bytes);
    if (!wanted) return std::unexpected(wanted.error());
    if (wanted->ipv6mr_interface > 0xffff) return std::unexpected(Error::kNoDevice);
    const std::span<const unsigned char, 16> address(wanted->ipv6mr_multiaddr.s6_addr);
    return Membership{IpAddress::from_bytes(std::as_bytes(address)),
                      static_cast<InterfaceId>(wanted->ipv6mr_interface)};
  }
  const auto wanted = value_of<ip_mreq>(bytes);
  if (!wanted) return std::unexpected(wanted.error());
  if (wanted->imr_interface.s_addr != 0) return std::unexpected(Error::kNotSupported);
  return Membership{IpAddress::v4(ntohl(wanted->imr_multiaddr.s_addr))};
}

// Nothing: it is not about groups.
std::optional<Result<void>> change_groups(UdpSocket& socket, int level, int name, Bytes value,
                                          Time now) {
  const bool is_join = (level == IPPROTO_IP && name == IP_ADD_MEMBERSHIP) ||
                       (level == IPPROTO_IPV6 && name == IPV6_JOIN_GROUP);
  const bool is_leave = (level == IPPROTO_IP && name == IP_DROP_MEMBERSHIP) ||
                        (level == IPPROTO_IPV6 && name == IPV6_LEAVE_GROUP);
  if (!is_join && !is_leave) return std::nullopt;
  const auto wanted = membership_of(level, value);
  if (!wanted) return std::unexpected(wanted.error());
  return is_join ? socket.join_group(wanted->group, wanted->interface, now)
                 : socket.leave_group(wanted->group, wanted->interface, now);
}

}  // namespace

Result<void> write_option(TcpSocketOptions& options, int level, int name, Bytes value) {
  if (level == SOL_SOCKET && name == SO_LINGER) return write_linger(options, value);
  const TcpRow* const row = find_row(level, name);
  if (row == nullptr) return std::unexpected(Error::kNotSupported);
  const auto number = number_of(value);
  if (!number || *number < row->least || *number > row->most) {
    return std::unexpected(Error::kInvalidArgument);
  }
  row->write(options, *number);
  return {};
}

Result<std::size_t> read_option(const TcpSocketOptions& options, int level, int name,
                                MutableBytes value) {
  if (level == SOL_SOCKET && name == SO_LINGER) return read_linger(options, value);
  const TcpRow* const row = find_row(level, name);
  if (row == nullptr) return std::unexpected(Error::kNotSupported);
  return give_number(row->read(options), value);
}

Result<void> write_option(UdpSocket& socket, int level, int name, Bytes value, Time now) {
  if (const auto changed = change_groups(socket, level, name, value, now)) return *changed;
  const bool is_buffer = level == SOL_SOCKET && name == SO_RCVBUF;
  const UdpRow* const row = find_udp_row(level, name);
  if (row == nullptr && !is_buffer) return std::unexpected(Error::kNotSupported);
  const auto number = number_of(value);
  if (!number) return std::unexpected(number.error());
  if (row != nullptr) return row->write(socket, *number);
  if (*number < 0) return std::unexpected(Error::kInvalidArgument);
  return socket.set_receive_buffer(static_cast<std::size_t>(*number));
}

Result<std::size_t> read_option(const UdpSocket& socket, int level, int name, MutableBytes value) {
  if (level == SOL_SOCKET && name == SO_RCVBUF) {
    const auto bytes = socket.receive_buffer();
    if (!bytes) return std::unexpected(bytes.error());
    return give_number(static_cast<int>(*bytes), value);
  }
  const UdpRow* const row = find_udp_row(level, name);
  if (row == nullptr) return std::unexpected(Error::kNotSupported);
  const auto options = socket.options();
  if (!options) return std::unexpected(options.error());
  return give_number(row->read(*options), value);
}

}  // namespace strata::asio

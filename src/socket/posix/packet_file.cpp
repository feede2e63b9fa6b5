// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/packet_file.h"

#include <linux/icmp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "socket/posix/option_values.h"
#include "socket/posix/socket_address.h"
#include "stack/core.h"
#include "stack/out/send_ip.h"
#include "stack/out/send_udp.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ipv4.h"

namespace strata::posix {
namespace {

std::vector<std::byte> join(std::span<const Bytes> parts) {
  std::vector<std::byte> whole;
  for (const Bytes part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

}  // namespace

// ── What both have ──────────────────────────────────────────────────────────────────────────────

IpAddress PacketFile::any() const {
  return family() == AddressFamily::kIpv4 ? IpAddress::any_v4() : IpAddress::any_v6();
}

Result<void> PacketFile::look_ahead() {
  while (next_.packet == nullptr) {
    auto received = next_packet();
    if (!received) return std::unexpected(received.error());
    if (is_wanted(*received->packet)) next_ = *std::move(received);
  }
  return {};
}

Result<DatagramInfo> PacketFile::take(std::span<const MutableBytes> parts, bool peeks) {
  if (const auto there = look_ahead(); !there) return std::unexpected(there.error());
  const Packet& packet = *next_.packet;
  DatagramInfo info = next_.info;
  std::size_t at = begin_of(packet);
  info.size = packet.size() - at;
  for (const MutableBytes part : parts) {
    const std::size_t count = std::min(part.size(), packet.size() - at);
    packet.copy_out(at, part.first(count));
    at += count;
  }
  info.is_truncated = at < packet.size();
  if (!peeks) last_ = std::move(next_.packet);
  return info;
}

std::optional<std::size_t> PacketFile::next_size() {
  if (!look_ahead()) return std::nullopt;
  return next_.packet->size() - begin_of(*next_.packet);
}

void PacketFile::write_own_control(ControlWriter& writer) {
  const PacketPtr taken = std::move(last_);
  if (taken == nullptr || !(wants_options_ || wants_return_options_)) return;
  const auto view = wire::Ipv4View::parse_quoted(taken->bytes());
  if (!view || view->header_length() <= wire::Ipv4Layout::kSize) return;
  const Bytes options =
      taken->bytes().first(view->header_length()).subspan(wire::Ipv4Layout::kSize);
  if (wants_options_) writer.append(IPPROTO_IP, IP_RECVOPTS, options.data(), options.size());
  if (wants_return_options_) writer.append(IPPROTO_IP, IP_RETOPTS, options.data(), options.size());
}

Answer PacketFile::bind(const sockaddr* address, socklen_t size, Time /*now*/) {
  const auto local = read_address(address, size, family());
  if (!local) return local.error();
  const auto bound = bind_socket(*local);
  if (bound) local_ = *local;
  return answer_of(bound);
}

Answer PacketFile::connect(const sockaddr* address, socklen_t size, Time /*now*/) {
  sa_family_t given = AF_UNSPEC;
  if (address == nullptr) return -EFAULT;
  if (size < sizeof(given)) return -EINVAL;
  Endpoint remote{any()};
  if (address->sa_family != AF_UNSPEC) {
    const auto wanted = read_destination(address, size, family());
    if (!wanted) return wanted.error();
    remote = *wanted;
  }
  IpAddress source = any();
  if (!remote.address.is_unspecified()) {
    const auto options = socket().options();
    const auto chosen = stack::source_towards(stack_.core(), remote,
                                              options ? options->bound_interface : kNoInterface);
    if (!chosen) return failed(chosen.error());
    source = *chosen;
  }
  const auto connected = connect_socket(remote);
  if (!connected) return failed(connected.error());
  remote_ = remote;
  source_ = source;
  return 0;
}

// As Linux: once there is a peer, the address that packets to it go from. Programs that make their
// own checksums ask for it.
Answer PacketFile::local_name(sockaddr* address, socklen_t* size) {
  Endpoint local = local_;
  if (local.address.is_unspecified()) local.address = source_;
  local.port = local_port();
  return tell_name(local, family(), address, size);
}

Answer PacketFile::remote_name(sockaddr* address, socklen_t* size) {
  // Linux takes a peer without a port, which these have no use for, for none.
  if (!connected_to() || remote_.port == 0) return -ENOTCONN;
  return tell_name(remote_, family(), address, size);
}

bool PacketFile::may_send(const SendChoices& choices) {
  if (may_broadcast_ || family() != AddressFamily::kIpv4) return true;
  const auto options = socket().options();
  const Endpoint to = choices.destination.value_or(remote_);
  const auto departure = stack::depart(
      stack_.core(),
      {.destination = to.address, .interface = options ? options->bound_interface : kNoInterface});
  return !departure || departure->kind != stack::Departure::Kind::kBroadcast;
}

bool* PacketFile::choice_of(int level, int name) {
  if (level == SOL_SOCKET && name == SO_BROADCAST) return &may_broadcast_;
  if (level != IPPROTO_IP || family() != AddressFamily::kIpv4) return nullptr;
  if (name == IP_RECVOPTS) return &wants_options_;
  return name == IP_RETOPTS ? &wants_return_options_ : nullptr;
}

std::optional<Answer> PacketFile::own_option(int level, int name, void* value, socklen_t* size) {
  const bool* const choice = choice_of(level, name);
  if (choice == nullptr) return std::nullopt;
  return write_value(int{*choice}, value, size);
}

std::optional<Answer> PacketFile::set_own_option(int level, int name, const void* value,
                                                 socklen_t size, Time /*now*/) {
  bool* const choice = choice_of(level, name);
  if (choice == nullptr) return std::nullopt;
  const auto number = read_value<int>(value, size);
  if (!number) return number.error();
  *choice = *number != 0;
  return 0;
}

// ── Echo ────────────────────────────────────────────────────────────────────────────────────────

File::Accepted EchoFile::open(Stack& stack, AddressFamily family) {
  auto socket = IcmpSocket::open(stack, family);
  if (!socket) return {nullptr, failed(socket.error())};
  return {std::make_shared<EchoFile>(stack, *std::move(socket), family), 0};
}

EchoFile::EchoFile(Stack& stack, IcmpSocket socket, AddressFamily family)
    : PacketFile(stack, family, SOCK_DGRAM,
                 family == AddressFamily::kIpv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}),
      socket_(std::move(socket)) {
  static_cast<void>(socket_.on_ready([this](Readiness) { tell_news(); }));
}

Answer EchoFile::give(std::span<const Bytes> parts, const SendChoices& choices, Time now) {
  if (!may_send(choices)) return -EACCES;
  using Layout = wire::Icmpv4EchoLayout;
  const std::vector<std::byte> message = join(parts);
  if (message.size() < Layout::kSize) return -EINVAL;
  const bool is_v4 = family() == AddressFamily::kIpv4;
  const auto request = is_v4 ? static_cast<std::uint8_t>(wire::Icmpv4Type::kEchoRequest)
                             : static_cast<std::uint8_t>(wire::Icmpv6Type::kEchoRequest);
  const bool is_request =
      std::to_integer<std::uint8_t>(message[0]) == request && message[1] == std::byte{0};
  if (!is_request) return -EINVAL;
  const auto sent = socket_.send_echo(Bytes(message).subspan(Layout::kSize),
                                      Layout::SequenceNumber::get(message), choices, now);
  return sent ? static_cast<Answer>(message.size()) : failed(sent.error());
}

Result<DatagramSocket::Received> EchoFile::next_packet() { return socket_.receive_packet(); }

std::size_t EchoFile::begin_of(const Packet& packet) const {
  return packet.notes().transport_offset;
}

Result<void> EchoFile::bind_socket(const Endpoint& local) {
  return socket_.bind(local.address, local.port);
}

Result<void> EchoFile::connect_socket(const Endpoint& remote) {
  return socket_.connect(remote.address);
}

std::uint16_t EchoFile::local_port() const { return socket_.identifier().value_or(0); }

// ── Raw ─────────────────────────────────────────────────────────────────────────────────────────

File::Accepted RawFile::open(Stack& stack, AddressFamily family, int protocol) {
  auto socket = RawSocket::open(stack, family, static_cast<std::uint8_t>(protocol));
  if (!socket) return {nullptr, failed(socket.error())};
  return {std::make_shared<RawFile>(stack, *std::move(socket), family, protocol), 0};
}

RawFile::RawFile(Stack& stack, RawSocket socket, AddressFamily family, int protocol)
    : PacketFile(stack, family, SOCK_RAW, protocol), socket_(std::move(socket)) {
  static_cast<void>(socket_.on_ready([this](Readiness) { tell_news(); }));
  includes_header_ = protocol == IPPROTO_RAW;
  static_cast<void>(socket_.set_includes_header(includes_header_));
}

bool RawFile::is_icmp() const {
  return protocol() == (family() == AddressFamily::kIpv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
}

Answer RawFile::give(std::span<const Bytes> parts, const SendChoices& choices, Time now) {
  if (!may_send(choices)) return -EACCES;
  const std::vector<std::byte> packet = join(parts);
  return answer_of(socket_.send(packet, choices, now));
}

Result<DatagramSocket::Received> RawFile::next_packet() { return socket_.receive_packet(); }

std::size_t RawFile::begin_of(const Packet& packet) const {
  return family() == AddressFamily::kIpv4 ? 0 : packet.notes().transport_offset;
}

bool RawFile::is_wanted(const Packet& packet) const {
  if (!is_icmp()) return true;
  std::array<std::byte, 1> type{};
  const std::size_t at = packet.notes().transport_offset;
  if (at >= packet.size()) return true;
  packet.copy_out(at, type);
  const auto number = std::to_integer<unsigned>(type[0]);
  return (blocked_types_[number / 32] & (1U << (number % 32))) == 0;
}

Result<void> RawFile::bind_socket(const Endpoint& local) { return socket_.bind(local.address); }

Result<void> RawFile::connect_socket(const Endpoint& remote) {
  return socket_.connect(remote.address);
}

std::optional<Answer> RawFile::own_option(int level, int name, void* value, socklen_t* size) {
  const bool is_v4 = family() == AddressFamily::kIpv4;
  if (level == SOL_RAW && name == ICMP_FILTER && is_v4 && is_icmp()) {
    return write_value(blocked_types_[0], value, size);
  }
  if (level == IPPROTO_ICMPV6 && name == ICMP_FILTER && !is_v4 && is_icmp()) {
    return write_value(blocked_types_, value, size);
  }
  if (level == IPPROTO_IP && name == IP_HDRINCL && is_v4) {
    return write_value(int{includes_header_}, value, size);
  }
  return PacketFile::own_option(level, name, value, size);
}

std::optional<Answer> RawFile::set_own_option(int level, int name, const void* value,
                                              socklen_t size, Time now) {
  const bool is_v4 = family() == AddressFamily::kIpv4;
  if (level == SOL_RAW && name == ICMP_FILTER && is_v4 && is_icmp()) {
    const auto mask = read_value<std::uint32_t>(value, size);
    if (mask) blocked_types_[0] = *mask;
    return mask ? 0 : mask.error();
  }
  if (level == IPPROTO_ICMPV6 && name == ICMP_FILTER && !is_v4 && is_icmp()) {
    const auto mask = read_value<std::array<std::uint32_t, 8>>(value, size);
    if (mask) blocked_types_ = *mask;
    return mask ? 0 : mask.error();
  }
  if (level == IPPROTO_IP && name == IP_HDRINCL && is_v4) {
    const auto number = read_value<int>(value, size);
    if (!number) return number.error();
    includes_header_ = *number != 0;
    return answer_of(socket_.set_includes_header(includes_header_));
  }
  return PacketFile::set_own_option(level, name, value, size, now);
}

}  // namespace strata::posix

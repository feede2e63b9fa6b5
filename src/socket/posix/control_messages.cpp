// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/control_messages.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <optional>

// After <netinet/in.h>, for its sockaddr.
#include <linux/errqueue.h>

#include "socket/posix/socket_address.h"

namespace strata::posix {
namespace {

IpAddress address_of(const in6_addr& address) {
  return IpAddress::from_bytes(std::as_bytes(std::span(address.s6_addr)));
}

// The data of one message as a number of its kind; EINVAL when it is none.
template <typename T>
std::expected<T, Answer> data_of(const cmsghdr& header) {
  if (header.cmsg_len < CMSG_LEN(sizeof(T))) return std::unexpected(-EINVAL);
  T value{};
  std::memcpy(&value, CMSG_DATA(const_cast<cmsghdr*>(&header)), sizeof(T));
  return value;
}

// Linux takes IP_TOS as it is told by IP_RECVTOS, too: as a single byte.
std::expected<int, Answer> octet_of(const cmsghdr& header) {
  const bool is_tos = header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_TOS;
  if (!is_tos || header.cmsg_len != CMSG_LEN(1)) return data_of<int>(header);
  const auto octet = data_of<std::uint8_t>(header);
  if (!octet) return std::unexpected(octet.error());
  return int{*octet};
}

// RFC 3542 6.3, 6.5: -1 asks IPv6 for the usual one, which is no choice.
Answer read_octet(const cmsghdr& header, int low, std::optional<std::uint8_t>& choice) {
  const auto value = octet_of(header);
  if (!value) return value.error();
  const bool is_usual = *value == -1 && header.cmsg_level == IPPROTO_IPV6;
  if (!is_usual && (*value < low || *value > 255)) return -EINVAL;
  if (!is_usual) choice = static_cast<std::uint8_t>(*value);
  return 0;
}

// Linux passes over what is for other levels than the socket's, and over what AF_UNIX would take.
bool is_for_others(const cmsghdr& header) {
  if (header.cmsg_level == SOL_SOCKET) {
    return header.cmsg_type == SCM_RIGHTS || header.cmsg_type == SCM_CREDENTIALS;
  }
  return header.cmsg_level != IPPROTO_IP && header.cmsg_level != IPPROTO_IPV6 &&
         header.cmsg_level != IPPROTO_UDP;
}

Answer read_packet_info(const cmsghdr& header, SendChoices& choices) {
  if (header.cmsg_level == IPPROTO_IP) {
    const auto info = data_of<in_pktinfo>(header);
    if (!info) return info.error();
    choices.interface = static_cast<InterfaceId>(info->ipi_ifindex);
    if (info->ipi_spec_dst.s_addr != 0) {
      choices.source = IpAddress::v4(ntohl(info->ipi_spec_dst.s_addr));
    }
    return 0;
  }
  const auto info = data_of<in6_pktinfo>(header);
  if (!info) return info.error();
  choices.interface = static_cast<InterfaceId>(info->ipi6_ifindex);
  const IpAddress source = address_of(info->ipi6_addr);
  if (!source.is_unspecified()) choices.source = source;
  return 0;
}

Answer read_message(const cmsghdr& header, SendChoices& choices) {
  const auto is = [&](int level, int type) {
    return header.cmsg_level == level && header.cmsg_type == type;
  };
  if (is(IPPROTO_IP, IP_PKTINFO) || is(IPPROTO_IPV6, IPV6_PKTINFO)) {
    return read_packet_info(header, choices);
  }
  if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) {
    return read_octet(header, 1, choices.hop_limit);
  }
  if (is(IPPROTO_IP, IP_TOS) || is(IPPROTO_IPV6, IPV6_TCLASS)) {
    return read_octet(header, 0, choices.traffic_class);
  }
  if (is(IPPROTO_UDP, UDP_SEGMENT)) {
    const auto size = data_of<std::uint16_t>(header);
    if (size) choices.segment_size = *size;
    return size ? 0 : size.error();
  }
  return is_for_others(header) ? 0 : -EINVAL;
}

}  // namespace

void ControlWriter::append(int level, int type, const void* data, std::size_t size) {
  const std::size_t left = room_ - std::min(used_, room_);
  if (left < CMSG_LEN(size)) message_.msg_flags |= MSG_CTRUNC;
  if (left < CMSG_LEN(0)) return;
  cmsghdr header{};
  header.cmsg_level = level;
  header.cmsg_type = type;
  header.cmsg_len = std::min(CMSG_LEN(size), left);
  auto* const to = static_cast<std::byte*>(message_.msg_control) + used_;
  std::memcpy(to, &header, sizeof(header));
  std::memcpy(to + CMSG_LEN(0), data, header.cmsg_len - CMSG_LEN(0));
  used_ += std::min(CMSG_SPACE(size), left);
}

void ControlWriter::append_all(Bytes messages) {
  while (messages.size() >= sizeof(cmsghdr)) {
    cmsghdr header{};
    std::memcpy(&header, messages.data(), sizeof(header));
    append(header.cmsg_level, header.cmsg_type, messages.data() + CMSG_LEN(0),
           header.cmsg_len - CMSG_LEN(0));
    messages = messages.subspan(std::min(CMSG_ALIGN(header.cmsg_len), messages.size()));
  }
}

void write_control(const DatagramInfo& info, AddressFamily family, const WantedControl& wanted,
                   ControlWriter& writer) {
  const bool is_v4 = family == AddressFamily::kIpv4;
  if (wanted.packet_info && is_v4) {
    in_pktinfo plain{};
    plain.ipi_ifindex = info.interface;
    plain.ipi_addr.s_addr = htonl(info.destination.address.v4_value());
    plain.ipi_spec_dst = plain.ipi_addr;
    writer.append(IPPROTO_IP, IP_PKTINFO, plain);
  } else if (wanted.packet_info) {
    in6_pktinfo plain{};
    plain.ipi6_ifindex = info.interface;
    std::memcpy(plain.ipi6_addr.s6_addr, info.destination.address.bytes().data(), 16);
    writer.append(IPPROTO_IPV6, IPV6_PKTINFO, plain);
  }
  if (wanted.hop_limit) {
    const int hops = info.hop_limit;
    writer.append(is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TTL : IPV6_HOPLIMIT, hops);
  }
  if (wanted.traffic_class && is_v4) {
    writer.append(IPPROTO_IP, IP_TOS, info.traffic_class);
  } else if (wanted.traffic_class) {
    const int traffic_class = info.traffic_class;
    writer.append(IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
  }
  if (wanted.segment_size && info.segment_size != 0) {
    const int size = info.segment_size;
    writer.append(IPPROTO_UDP, UDP_GRO, size);
  }
}

void write_error(const SocketError& error, AddressFamily family, ControlWriter& writer) {
  const bool is_v4 = family == AddressFamily::kIpv4;
  const bool is_from_afar = error.icmp_type != 0 || !error.offender.is_unspecified();
  struct {
    sock_extended_err what;
    std::byte offender[sizeof(sockaddr_in6)];
  } data{};
  data.what.ee_errno = static_cast<std::uint32_t>(errno_of(error));
  data.what.ee_origin = SO_EE_ORIGIN_LOCAL;
  if (is_from_afar) {
    data.what.ee_origin = error.offender.is_v4() ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
  }
  data.what.ee_type = error.icmp_type;
  data.what.ee_code = error.icmp_code;
  // Linux: a neighbour that does not answer is told as our own host unreachable.
  if (is_from_afar && error.icmp_type == 0) {
    const bool offender_is_v4 = error.offender.is_v4();
    data.what.ee_type = offender_is_v4 ? 3 : 1;
    data.what.ee_code = offender_is_v4 ? 1 : 3;
  }
  data.what.ee_info = error.path_mtu;
  const Endpoint offender{error.offender, 0, kNoInterface};
  const socklen_t size = is_from_afar
                             ? write_address(offender, family, data.offender, sizeof(data.offender))
                             : static_cast<socklen_t>(sizeof(sockaddr_in));
  writer.append(is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_RECVERR : IPV6_RECVERR, &data,
                sizeof(data.what) + size);
}

std::expected<SendChoices, Answer> read_control(const msghdr& message) {
  SendChoices choices;
  if (message.msg_control == nullptr || message.msg_controllen == 0) return choices;
  const auto* const begin = static_cast<const std::byte*>(message.msg_control);
  for (std::size_t at = 0; message.msg_controllen - at >= sizeof(cmsghdr);) {
    cmsghdr header{};
    std::memcpy(&header, begin + at, sizeof(header));
    if (header.cmsg_len < sizeof(header) || header.cmsg_len > message.msg_controllen - at) {
      return std::unexpected(-EINVAL);
    }
    const Answer read = read_message(*reinterpret_cast<const cmsghdr*>(begin + at), choices);
    if (read != 0) return std::unexpected(read);
    at += std::min(CMSG_ALIGN(header.cmsg_len), message.msg_controllen - at);
  }
  return choices;
}

}  // namespace strata::posix

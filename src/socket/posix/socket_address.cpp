// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/socket_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace strata::posix {
namespace {

IpAddress address_of(const in6_addr& address) {
  return IpAddress::from_bytes(std::as_bytes(std::span(address.s6_addr)));
}

}  // namespace

std::expected<Endpoint, Answer> read_address(const sockaddr* address, socklen_t size,
                                             AddressFamily family) {
  sa_family_t given = AF_UNSPEC;
  if (address == nullptr) return std::unexpected(-EFAULT);
  if (size < sizeof(given)) return std::unexpected(-EINVAL);
  std::memcpy(&given, address, sizeof(given));
  if (given == AF_INET && family == AddressFamily::kIpv4) {
    sockaddr_in plain{};
    if (size < sizeof(plain)) return std::unexpected(-EINVAL);
    std::memcpy(&plain, address, sizeof(plain));
    return Endpoint{IpAddress::v4(ntohl(plain.sin_addr.s_addr)), ntohs(plain.sin_port)};
  }
  if (given == AF_INET6 && family == AddressFamily::kIpv6) {
    sockaddr_in6 plain{};
    // RFC 2133 had no scope.
    const std::size_t least = offsetof(sockaddr_in6, sin6_scope_id);
    if (size < least) return std::unexpected(-EINVAL);
    std::memcpy(&plain, address, std::min<std::size_t>(size, sizeof(plain)));
    return Endpoint{address_of(plain.sin6_addr), ntohs(plain.sin6_port),
                    static_cast<InterfaceId>(plain.sin6_scope_id)};
  }
  return std::unexpected(-EAFNOSUPPORT);
}

std::expected<Endpoint, Answer> read_destination(const sockaddr* address, socklen_t size,
                                                 AddressFamily family) {
  auto endpoint = read_address(address, size, family);
  if (!endpoint) return endpoint;
  if (endpoint->address == IpAddress::any_v4()) endpoint->address = IpAddress::loopback_v4();
  if (endpoint->address == IpAddress::any_v6()) endpoint->address = IpAddress::loopback_v6();
  return endpoint;
}

socklen_t write_address(const Endpoint& endpoint, AddressFamily family, void* to,
                        socklen_t capacity) {
  if (family == AddressFamily::kIpv4) {
    sockaddr_in plain{};
    plain.sin_family = AF_INET;
    plain.sin_port = htons(endpoint.port);
    plain.sin_addr.s_addr = htonl(endpoint.address.is_v4() ? endpoint.address.v4_value() : 0);
    std::memcpy(to, &plain, std::min<std::size_t>(capacity, sizeof(plain)));
    return sizeof(plain);
  }
  sockaddr_in6 plain{};
  plain.sin6_family = AF_INET6;
  plain.sin6_port = htons(endpoint.port);
  plain.sin6_scope_id = endpoint.address.is_link_local() ? endpoint.zone : 0;
  std::memcpy(plain.sin6_addr.s6_addr, endpoint.address.bytes().data(), 16);
  std::memcpy(to, &plain, std::min<std::size_t>(capacity, sizeof(plain)));
  return sizeof(plain);
}

}  // namespace strata::posix

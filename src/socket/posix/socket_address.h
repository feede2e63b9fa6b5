// SPDX-License-Identifier: Apache-2.0
// Between Endpoint and sockaddr_in, sockaddr_in6.
#pragma once

#include <sys/socket.h>

#include <expected>

#include "socket/posix/answer.h"
#include "strata/address.h"
#include "strata/socket_types.h"

namespace strata::posix {

// An address that a program gave to a socket of `family`. Sockets of IPv6 take v4-mapped addresses
// for IPv4 ones. The errno as the kernel's, negative.
[[nodiscard]] std::expected<Endpoint, Answer> read_address(const sockaddr* address, socklen_t size,
                                                           AddressFamily family);

// The same of an address that something is to be sent to: RFC 1122 3.2.1.3 leaves "this host" to
// us, and programs expect themselves.
[[nodiscard]] std::expected<Endpoint, Answer> read_destination(const sockaddr* address,
                                                               socklen_t size,
                                                               AddressFamily family);

// Writes as much as fits into `capacity` bytes and answers how many it would take.
socklen_t write_address(const Endpoint& endpoint, AddressFamily family, void* to,
                        socklen_t capacity);

}  // namespace strata::posix

// SPDX-License-Identifier: Apache-2.0
// Socket options in the form in which Asio's option types carry them: level, name, bytes.
#pragma once

#include <cstddef>

#include "strata/bytes.h"
#include "strata/error.h"
#include "strata/tcp_config.h"
#include "strata/udp_socket.h"

// Of TCP: no_delay, keep_alive, linger, reuse_address, send_buffer_size, receive_buffer_size,
// v6_only, unicast::hops, out_of_band_inline; and by their numbers SO_REUSEPORT, TCP_KEEPIDLE,
// TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT, TCP_CORK, IP_TOS, IPV6_TCLASS.
// Of UDP: reuse_address, broadcast, receive_buffer_size, v6_only, unicast::hops, and all of
// net::ip::multicast; SO_REUSEPORT, IP_TOS, IPV6_TCLASS.
// Whatever else there is gives no_protocol_option; nothing is accepted and ignored.

namespace strata::asio {

// kNotSupported: no such option. kInvalidArgument: not of this size, or not this value.
[[nodiscard]] Result<void> write_option(TcpSocketOptions& options, int level, int name,
                                        Bytes value);
// How many bytes were filled in.
[[nodiscard]] Result<std::size_t> read_option(const TcpSocketOptions& options, int level, int name,
                                              MutableBytes value);
[[nodiscard]] Result<void> write_option(UdpSocket& socket, int level, int name, Bytes value,
                                        Time now);
[[nodiscard]] Result<std::size_t> read_option(const UdpSocket& socket, int level, int name,
                                              MutableBytes value);

}  // namespace strata::asio

// SPDX-License-Identifier: Apache-2.0
// make_tls_transport: a socket of the Asio skin behind Asio's ssl::stream, as a Transport.
#pragma once

#include <memory>

#include "service/web/http/transport.h"
#include "strata/asio/tcp.h"

namespace strata::service {

class TlsIdentity;

// As the server's side; the handshake begins at once, and bounds are its connection's. The seat is
// given back when the handshake is over, whatever came of it.
[[nodiscard]] std::unique_ptr<Transport> make_tls_transport(asio::tcp::socket socket,
                                                            TlsIdentity& identity,
                                                            std::shared_ptr<void> handshake_seat);

}  // namespace strata::service

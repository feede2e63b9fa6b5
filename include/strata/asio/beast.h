// SPDX-License-Identifier: Apache-2.0
// What Boost.Beast's websockets want to know of a lowest layer: how it is torn down and closed.
#pragma once

#ifdef STRATA_ASIO_STANDALONE
#error "Beast is a part of Boost: leave STRATA_ASIO_STANDALONE out"
#endif

#include <array>
#include <boost/beast/core/role.hpp>
#include <memory>
#include <utility>

#include "strata/asio/tcp.h"

// Beast finds these by the namespace of the socket. Include this beside Beast's own headers; HTTP
// needs none of it.
//
// A websocket::stream has a timer of its own on the machine's clock. On a Loop its `timeout` option
// works as ever (context.h). In a simulated world it never fires: there use expires_after() of the
// lowest layer, as for HTTP.

namespace strata::asio {
inline namespace with_boost {

// Reads and forgets what still comes.
struct Draining {
  tcp::socket& socket;
  std::unique_ptr<std::array<char, 2048>> rest;
  template <typename Self>
  void operator()(Self& self, error_code failure = {}, std::size_t /*count*/ = 0) {
    if (!failure) {
      const auto room = net::buffer(*rest);
      return socket.async_read_some(room, std::move(self));
    }
    socket.close();
    self.complete(failure == net::error::eof ? error_code() : failure);
  }
};

// RFC 6455 7.1.1: the server closes first; the client waits until the stream ends, or gives up when
// the socket's own limit is reached.
template <typename Handler>
void async_teardown(boost::beast::role_type role, tcp::socket& socket, Handler&& handler) {
  error_code error;
  socket.shutdown(net::socket_base::shutdown_send, error);
  if (role == boost::beast::role_type::server || error) {
    socket.close();
    net::post(socket.get_executor(),
              [handler = std::forward<Handler>(handler), error]() mutable { handler(error); });
    return;
  }
  net::async_compose<Handler, void(error_code)>(
      Draining{socket, std::make_unique<std::array<char, 2048>>()}, handler, socket);
}

template <typename Handler>
void async_teardown(boost::beast::role_type role, tcp_stream& stream, Handler&& handler) {
  asio::async_teardown(role, stream.socket(), std::forward<Handler>(handler));
}

inline void beast_close_socket(tcp::socket& socket) { socket.close(); }

}  // namespace with_boost
}  // namespace strata::asio

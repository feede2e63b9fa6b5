// SPDX-License-Identifier: Apache-2.0
// asio::tcp_stream: what beast::tcp_stream is to Asio's socket, with limits on our clock.
#pragma once

#include <utility>

#include "strata/asio/connect.h"
#include "strata/asio/tcp_socket.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

// A tcp::socket has these limits itself. This is it under the name and with the calls that programs
// for Beast use: socket(), release_socket(), connecting to the first of several endpoints.
class tcp_stream : public tcp::socket {
 public:
  using socket_type = tcp::socket;
  using tcp::socket::socket;
  explicit tcp_stream(tcp::socket&& from) : tcp::socket(std::move(from)) {}

  [[nodiscard]] socket_type& socket() { return *this; }
  [[nodiscard]] const socket_type& socket() const { return *this; }
  [[nodiscard]] socket_type release_socket() { return std::move(socket()); }

  using tcp::socket::async_connect;
  // void(error_code, tcp::endpoint): the first of them that can be connected to.
  template <EndpointSequence Sequence, typename Token>
  auto async_connect(const Sequence& endpoints, Token&& token) {
    return asio::async_connect(socket(), endpoints, std::forward<Token>(token));
  }
  template <EndpointSequence Sequence, typename Condition, typename Token>
  auto async_connect(const Sequence& endpoints, Condition condition, Token&& token) {
    return asio::async_connect(socket(), endpoints, std::move(condition),
                               std::forward<Token>(token));
  }
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio

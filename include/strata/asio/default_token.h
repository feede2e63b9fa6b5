// SPDX-License-Identifier: Apache-2.0
// as_default_on(): sockets, acceptors, resolvers and timers that bring a completion token along.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>

#include "strata/asio/steady_timer.h"
#include "strata/asio/tcp_acceptor.h"
#include "strata/asio/tcp_resolver.h"
#include "strata/asio/tcp_socket.h"
#include "strata/asio/udp.h"

//   using tcp_socket = net::use_awaitable_t<>::as_default_on_t<tcp::socket>;
//   tcp_socket socket(context);
//   co_await socket.async_connect(peer);
//   co_await net::async_write(socket, net::buffer(text));
//
// An executor is in Asio what carries the token. Each of these is the plain one in all else, and is
// made of it; a token that is named is used instead.

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

// The token that an Executor carries, made anew for each operation.
template <typename Executor>
[[nodiscard]] auto default_token() {
  return net::default_completion_token_t<Executor>();
}

template <typename Executor>
class basic_tcp_socket : public tcp::socket {
 public:
  using executor_type = Executor;
  using lowest_layer_type = basic_tcp_socket;

  using tcp::socket::socket;
  basic_tcp_socket(tcp::socket&& plain) noexcept : tcp::socket(std::move(plain)) {}

  [[nodiscard]] executor_type get_executor() const { return tcp::socket::get_executor(); }
  [[nodiscard]] basic_tcp_socket& lowest_layer() { return *this; }
  [[nodiscard]] const basic_tcp_socket& lowest_layer() const { return *this; }

  using tcp::socket::async_connect;
  using tcp::socket::async_read_some;
  using tcp::socket::async_receive;
  using tcp::socket::async_send;
  using tcp::socket::async_wait;
  using tcp::socket::async_write_some;
  auto async_connect(const tcp::endpoint& peer) { return async_connect(peer, token()); }
  template <typename Buffers>
  auto async_read_some(const Buffers& buffers) {
    return async_read_some(buffers, token());
  }
  template <typename Buffers>
  auto async_write_some(const Buffers& buffers) {
    return async_write_some(buffers, token());
  }
  template <typename Buffers>
  auto async_receive(const Buffers& buffers) {
    return async_read_some(buffers, token());
  }
  template <typename Buffers>
  auto async_send(const Buffers& buffers) {
    return async_write_some(buffers, token());
  }
  auto async_wait(wait_type what) { return async_wait(what, token()); }

 private:
  [[nodiscard]] static auto token() { return default_token<Executor>(); }
};

// Its sockets have the same token.
template <typename Executor>
class basic_tcp_acceptor : public tcp::acceptor {
 public:
  using executor_type = Executor;
  using socket_type = basic_tcp_socket<Executor>;

  using tcp::acceptor::acceptor;
  basic_tcp_acceptor(tcp::acceptor&& plain) noexcept : tcp::acceptor(std::move(plain)) {}

  [[nodiscard]] executor_type get_executor() const { return tcp::acceptor::get_executor(); }

  using tcp::acceptor::async_accept;
  using tcp::acceptor::async_wait;
  auto async_accept() {
    return this->template accept_as<void(error_code, socket_type)>(nullptr, token());
  }
  auto async_accept(tcp::endpoint& peer) {
    return this->template accept_as<void(error_code, socket_type)>(&peer, token());
  }
  template <std::derived_from<tcp::socket> Socket>
  auto async_accept(Socket& into) {
    return async_accept(static_cast<tcp::socket&>(into), token());
  }
  template <std::derived_from<tcp::socket> Socket>
  auto async_accept(Socket& into, tcp::endpoint& peer) {
    return async_accept(static_cast<tcp::socket&>(into), peer, token());
  }
  auto async_wait(wait_type what) { return async_wait(what, token()); }

 private:
  [[nodiscard]] static auto token() { return default_token<Executor>(); }
};

template <typename Executor>
class basic_tcp_resolver : public tcp::resolver {
 public:
  using executor_type = Executor;

  using tcp::resolver::resolver;
  basic_tcp_resolver(tcp::resolver&& plain) noexcept : tcp::resolver(std::move(plain)) {}

  [[nodiscard]] executor_type get_executor() const { return tcp::resolver::get_executor(); }

  using tcp::resolver::async_resolve;
  auto async_resolve(std::string_view host, std::string_view service) {
    return async_resolve(host, service, token());
  }
  auto async_resolve(std::string_view host, std::string_view service, flags with) {
    return async_resolve(host, service, with, token());
  }
  auto async_resolve(const protocol_type& protocol, std::string_view host,
                     std::string_view service) {
    return async_resolve(protocol, host, service, token());
  }

 private:
  [[nodiscard]] static auto token() { return default_token<Executor>(); }
};

template <typename Executor>
class basic_udp_socket : public udp::socket {
 public:
  using executor_type = Executor;
  using lowest_layer_type = basic_udp_socket;

  using udp::socket::socket;
  basic_udp_socket(udp::socket&& plain) noexcept : udp::socket(std::move(plain)) {}

  [[nodiscard]] executor_type get_executor() const { return udp::socket::get_executor(); }
  [[nodiscard]] basic_udp_socket& lowest_layer() { return *this; }
  [[nodiscard]] const basic_udp_socket& lowest_layer() const { return *this; }

  using udp::socket::async_connect;
  using udp::socket::async_receive;
  using udp::socket::async_receive_from;
  using udp::socket::async_send;
  using udp::socket::async_send_to;
  using udp::socket::async_wait;
  auto async_connect(const udp::endpoint& peer) { return async_connect(peer, token()); }
  template <typename Buffers>
  auto async_receive_from(const Buffers& buffers, udp::endpoint& source) {
    return async_receive_from(buffers, source, token());
  }
  template <typename Buffers>
  auto async_receive(const Buffers& buffers) {
    return async_receive(buffers, token());
  }
  template <typename Buffers>
  auto async_send_to(const Buffers& buffers, const udp::endpoint& destination) {
    return async_send_to(buffers, destination, token());
  }
  template <typename Buffers>
  auto async_send(const Buffers& buffers) {
    return async_send(buffers, token());
  }
  auto async_wait(wait_type what) { return async_wait(what, token()); }

 private:
  [[nodiscard]] static auto token() { return default_token<Executor>(); }
};

template <typename Executor>
class basic_steady_timer : public steady_timer {
 public:
  using executor_type = Executor;

  using steady_timer::steady_timer;
  basic_steady_timer(steady_timer&& plain) noexcept : steady_timer(std::move(plain)) {}

  [[nodiscard]] executor_type get_executor() const { return steady_timer::get_executor(); }

  using steady_timer::async_wait;
  auto async_wait() { return async_wait(default_token<Executor>()); }
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio

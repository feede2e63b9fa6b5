// SPDX-License-Identifier: Apache-2.0
// What holds for both Asios: included once with each, inside a namespace of its own. The tests are
// in skin/, a file for each idea.

net::awaitable<void> echo(tcp::socket socket) {
  std::array<char, 1000> bytes;
  for (;;) {
    const std::size_t count =
        co_await socket.async_read_some(net::buffer(bytes), net::use_awaitable);
    co_await net::async_write(socket, net::buffer(bytes, count), net::use_awaitable);
  }
}

net::awaitable<void> serve(context& owner) {
  tcp::acceptor acceptor(owner, {net::ip::tcp::v4(), 7});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(owner.get_executor(), echo(std::move(socket)), net::detached);
  }
}

// A server that echoes and a client that is connected to it.
struct EchoLab : Lab {
  explicit EchoLab(std::uint64_t seed = 1) : Lab(seed) {
    net::co_spawn(server.get_executor(), serve(server), net::detached);
    socket.emplace(client);
    error_code result = net::error::would_block;
    socket->async_connect({kServer, 7}, [&](error_code error) { result = error; });
    world.run_for(1s);
    EXPECT_FALSE(result) << result.message();
  }
  ~EchoLab() { socket.reset(); }
  std::optional<tcp::socket> socket;
};

#include "socket/asio/skin/acceptor_tests.h"
#include "socket/asio/skin/context_tests.h"
#include "socket/asio/skin/default_token_tests.h"
#include "socket/asio/skin/ending_tests.h"
#include "socket/asio/skin/resolver_tests.h"
#include "socket/asio/skin/socket_tests.h"
#include "socket/asio/skin/timer_tests.h"
#include "socket/asio/skin/transfer_tests.h"
#include "socket/asio/skin/udp_tests.h"

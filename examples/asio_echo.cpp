// SPDX-License-Identifier: Apache-2.0
// An echo server and its client with Asio's ways of saying things: handlers, deadlines, coroutines.
// Programs written for Asio's own sockets need other types and a context made from a stack.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <string>

#include "strata/asio/tcp.h"
#include "strata/host.h"

using namespace std::chrono_literals;
namespace net = boost::asio;
using strata::asio::context;
using strata::asio::tcp;

net::awaitable<void> echo(tcp::socket socket) {
  std::array<char, 4096> buffer;
  boost::system::error_code failure;
  while (!failure) {
    socket.expires_after(60s);
    const std::size_t count = co_await socket.async_read_some(
        net::buffer(buffer), net::redirect_error(net::use_awaitable, failure));
    co_await net::async_write(socket, net::buffer(buffer, count),
                              net::redirect_error(net::use_awaitable, failure));
  }
}

net::awaitable<void> serve(context& owner) {
  tcp::acceptor acceptor(owner, {net::ip::tcp::v6(), 7});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(owner.get_executor(), echo(std::move(socket)), net::detached);
  }
}

net::awaitable<void> ask(context& owner, strata::Loop& loop, std::string& answer) {
  tcp::socket socket(owner);
  co_await socket.async_connect({net::ip::make_address("10.0.0.1"), 7}, net::use_awaitable);
  const std::string question = "hello, strata";
  co_await net::async_write(socket, net::buffer(question), net::use_awaitable);
  answer.resize(question.size());
  co_await net::async_read(socket, net::buffer(answer), net::use_awaitable);
  loop.stop();
}

int main() {
  const auto loop = *strata::Loop::create();
  const auto server_host = *strata::Host::create(*loop, {.name = "server"});
  const auto client_host = *strata::Host::create(*loop, {.name = "client"});
  (void)strata::Host::join(*server_host, "10.0.0.1/24", *client_host, "10.0.0.2/24");

  context server(server_host->stack(), *loop);
  context client(client_host->stack(), *loop, &client_host->names());
  std::string answer;
  net::co_spawn(server.get_executor(), serve(server), net::detached);
  net::co_spawn(client.get_executor(), ask(client, *loop, answer), net::detached);
  loop->start_timer(loop->now() + 10s, [&] { loop->stop(); });
  loop->run();
  std::printf("%s\n", answer.c_str());
  return answer == "hello, strata" ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// Boost.Beast's HTTP on our sockets: a server and a client with time limits, an hour in a moment.
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <string>

#include "strata/asio/steady_timer.h"
#include "strata/asio/tcp.h"
#include "strata/sim.h"

using namespace std::chrono_literals;
namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using strata::asio::context;
using strata::asio::steady_timer;
using strata::asio::tcp;

net::awaitable<void> answer(tcp::socket socket) {
  beast::flat_buffer buffer;
  for (;;) {
    socket.expires_after(30s);  // on the clock of the world
    http::request<http::empty_body> request;
    co_await http::async_read(socket, buffer, request, net::use_awaitable);
    http::response<http::string_body> response(http::status::ok, request.version());
    response.body() = "you asked for " + std::string(request.target());
    response.prepare_payload();
    co_await http::async_write(socket, response, net::use_awaitable);
  }
}

net::awaitable<void> serve(context& owner) {
  tcp::acceptor acceptor(owner, {net::ip::tcp::v4(), 80});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(owner.get_executor(), answer(std::move(socket)), net::detached);
  }
}

net::awaitable<void> ask_every_20_seconds(context& owner, int& answers) {
  tcp::socket socket(owner);
  co_await socket.async_connect({net::ip::make_address("10.0.0.1"), 80}, net::use_awaitable);
  steady_timer timer(owner);
  beast::flat_buffer buffer;
  for (int i = 0; i < 180; ++i) {
    http::request<http::empty_body> request(http::verb::get, "/" + std::to_string(i), 11);
    request.set(http::field::host, "10.0.0.1");
    co_await http::async_write(socket, request, net::use_awaitable);
    http::response<http::string_body> response;
    co_await http::async_read(socket, buffer, response, net::use_awaitable);
    if (response.body() == "you asked for /" + std::to_string(i)) ++answers;
    timer.expires_after(20s);
    co_await timer.async_wait(net::use_awaitable);
  }
}

int main() {
  strata::sim::World world(1);
  strata::sim::Host& server_host = world.add_host("server");
  strata::sim::Host& client_host = world.add_host("client");
  world.connect(server_host, client_host, {.delay = 20ms, .loss = {1, 50}});
  server_host.add_address("10.0.0.1/24");
  client_host.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody has claimed the addresses

  context server(server_host.stack(), server_host.executor());
  context client(client_host.stack(), client_host.executor());
  int answers = 0;
  net::co_spawn(server.get_executor(), serve(server), net::detached);
  net::co_spawn(client.get_executor(), ask_every_20_seconds(client, answers), net::detached);
  world.run_for(2h);
  std::printf("%d answers\n", answers);
  return answers == 180 ? 0 : 1;
}

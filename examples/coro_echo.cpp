// SPDX-License-Identifier: Apache-2.0
// The echo server of the README, run in a simulated world by a client that checks the echo.
#include <array>
#include <cstdio>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/sim.h"

using namespace strata;
using namespace std::chrono_literals;

coro::Task<> echo(coro::TcpStream stream) {
  std::array<std::byte, 4096> buffer;
  while (auto count = co_await stream.read(buffer)) {
    if (!co_await stream.write_all(Bytes(buffer).first(*count))) co_return;
  }
}
coro::Task<> serve(coro::Net net) {
  auto listener = coro::TcpListener::listen(net, {IpAddress::any_v6(), 7}).value();
  coro::TaskGroup clients;
  while (auto stream = co_await listener.accept()) clients.spawn(echo(*std::move(stream)));
}

coro::Task<> ask(coro::Net net, bool& is_right) {
  auto stream = co_await coro::connect(net, "10.0.0.1", 7);
  if (!stream) co_return;
  const auto question = std::as_bytes(std::span("hello, strata"));
  std::array<std::byte, 14> answer;
  if (!co_await stream->write_all(question)) co_return;
  if (!co_await stream->read_all(answer, {.deadline = net.executor.now() + 10s})) co_return;
  std::printf("%s\n", reinterpret_cast<const char*>(answer.data()));
  is_right = std::ranges::equal(answer, question);
}

int main() {
  sim::World world(1);
  sim::Host& server = world.add_host("server");
  sim::Host& client = world.add_host("client");
  world.connect(server, client, {.delay = 20ms, .loss = {1, 10}});
  server.add_address("10.0.0.1/24");
  client.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody has claimed the addresses

  bool is_right = false;
  coro::TaskGroup tasks;
  tasks.spawn(serve({server.stack(), server.executor()}));
  tasks.spawn(ask({client.stack(), client.executor()}, is_right));
  world.run_for(30s);
  return is_right ? 0 : 1;
}

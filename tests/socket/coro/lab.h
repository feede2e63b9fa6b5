// SPDX-License-Identifier: Apache-2.0
// Two hosts on a link of a simulated world, and what the tests of coro say in it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/sim.h"

namespace strata::coro {

using namespace std::chrono_literals;

inline constexpr IpAddress kServer = IpAddress::v4(10, 0, 0, 1);
inline constexpr IpAddress kClient = IpAddress::v4(10, 0, 0, 2);

inline Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::vector<std::byte> numbered_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 31 + i / 251);
  return bytes;
}

struct Lab {
  explicit Lab(std::uint64_t seed = 1, const sim::LinkConfig& link = {.delay = 5ms})
      : world(seed), server_host(world.add_host("server")), client_host(world.add_host("client")) {
    world.connect(server_host, client_host, link);
    server_host.add_address("10.0.0.1/24");
    client_host.add_address("10.0.0.2/24");
    world.run_for(10s);  // by then nobody has claimed the addresses
  }

  // Starts tasks as the world's own code would.
  void spawn(Task<> task) {
    tasks.spawn(std::move(task));
    world.wake_hosts();
  }
  [[nodiscard]] Net server() { return {server_host.stack(), server_host.executor()}; }
  [[nodiscard]] Net client() { return {client_host.stack(), client_host.executor()}; }

  sim::World world;
  sim::Host& server_host;
  sim::Host& client_host;
  TaskGroup tasks;  // ends before the world does
};

inline Task<> echo(TcpStream stream) {
  std::array<std::byte, 4096> buffer;
  while (auto count = co_await stream.read(buffer)) {
    if (!co_await stream.write_all(Bytes(buffer).first(*count))) co_return;
  }
}

inline Task<> serve_echo(Net net, std::uint16_t port = 7) {
  auto listener = TcpListener::listen(net, {IpAddress::any_v6(), port});
  TaskGroup clients;
  while (auto stream = co_await listener->accept()) clients.spawn(echo(*std::move(stream)));
}

}  // namespace strata::coro

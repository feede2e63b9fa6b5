// SPDX-License-Identifier: Apache-2.0
// A TCP server that answers in capitals, and its client, across a line that loses packets.
#include <cctype>
#include <cstdio>
#include <string>

#include "strata/sim.h"
#include "strata/tcp_listener.h"

using namespace strata;
using namespace std::chrono_literals;

int main() {
  sim::World world(1);
  sim::Host& server = world.add_host("server");
  sim::Host& client = world.add_host("client");
  world.connect(server, client, {.delay = 20ms, .loss = {1, 10}});
  server.add_address("10.0.0.1/24");
  client.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody has claimed the addresses
  std::array<std::byte, 4096> buffer;

  auto listener = *TcpListener::listen(server.stack(), {IpAddress::any_v6(), 80}, {});
  std::optional<TcpStream> peer;
  (void)listener.on_ready([&](Readiness) {
    peer = *listener.accept(world.now());
    (void)peer->on_ready([&](Readiness) {
      while (auto count = peer->read(buffer, world.now())) {
        for (std::byte& one : std::span(buffer).first(*count)) {
          one = static_cast<std::byte>(std::toupper(std::to_integer<int>(one)));
        }
        (void)peer->write(Bytes(buffer).first(*count), world.now());
      }
    });
  });

  auto stream =
      *TcpStream::connect(client.stack(), {IpAddress::v4(10, 0, 0, 1), 80}, {}, world.now());
  std::string answer;
  bool has_asked = false;
  (void)stream.on_ready([&](Readiness news) {
    if (news.writable && !std::exchange(has_asked, true)) {
      (void)stream.write(std::as_bytes(std::span("hello, strata")), world.now());
    }
    while (auto count = stream.read(buffer, world.now())) {
      answer.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
  });
  client.wake();
  world.run_for(30s);
  std::printf("%s\n", answer.c_str());
  return answer.starts_with("HELLO, STRATA") ? 0 : 1;
}

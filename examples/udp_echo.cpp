// SPDX-License-Identifier: Apache-2.0
// A UDP echo between two hosts of a simulated world: the whole of a first program.
#include <cstdio>

#include "strata/sim.h"
#include "strata/udp_socket.h"

using namespace strata;
using namespace std::chrono_literals;

int main() {
  sim::World world(1);
  sim::Host& server = world.add_host("server");
  sim::Host& client = world.add_host("client");
  world.connect(server, client, {.delay = 20ms});
  server.add_address("10.0.0.1/24");
  client.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody else has claimed the addresses

  const Endpoint port{IpAddress::v4(10, 0, 0, 1), 7};
  std::array<std::byte, 1500> buffer;
  auto echo = UdpSocket::open(server.stack()).value();
  (void)echo.bind(port);
  (void)echo.on_ready([&](Readiness) {
    while (auto got = echo.receive(buffer))
      (void)echo.send_to(Bytes(buffer).first(got->size), got->source, world.now());
  });
  auto caller = UdpSocket::open(client.stack()).value();
  (void)caller.send_to(std::as_bytes(std::span("hello")), port, world.now());
  world.run_for(1s);
  std::printf("%zu bytes came back\n", caller.receive(buffer).value().size);
}

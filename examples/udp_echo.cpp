// SPDX-License-Identifier: Apache-2.0
// A UDP echo between two hosts of a simulated world: the whole of a first program.
#include <cstdio>

#include "strata/sim.h"
#include "strata/udp_socket.h"

using namespace strata;

int main() {
  sim::World world(1);
  sim::Host& server = world.add_host("server");
  sim::Host& client = world.add_host("client");
  world.connect(server, client, {.delay = std::chrono::milliseconds(20)});
  server.add_address("10.0.0.1/24");
  client.add_address("10.0.0.2/24");

  std::array<std::byte, 1500> buffer;
  auto echo = *UdpSocket::open(server.stack());
  (void)echo.bind({IpAddress::any_v6(), 7});
  (void)echo.on_ready([&](Readiness) {
    while (auto got = echo.receive(buffer)) {
      (void)echo.send_to(Bytes(buffer).first(got->size), got->source, world.now());
    }
  });

  auto caller = *UdpSocket::open(client.stack());
  const Time asked = world.now() + std::chrono::seconds(10);  // by then nobody has claimed them
  Time answered{};
  (void)caller.on_ready([&](Readiness) { answered = world.now(); });
  client.executor().start_timer(asked, [&] {
    (void)caller.send_to(std::as_bytes(std::span("hello")), {IpAddress::v4(10, 0, 0, 1), 7},
                         world.now());
  });
  world.run_for(std::chrono::seconds(20));
  std::printf("echo after %lld us\n",
              static_cast<long long>((answered - asked) / std::chrono::microseconds(1)));
  return answered == Time{} ? 1 : 0;
}

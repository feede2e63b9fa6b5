// SPDX-License-Identifier: Apache-2.0
// What loss does to congestion control: Reno and CUBIC across a simulated line, ten seconds each in
// a moment. The same seed gives the same figures on every machine.
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "strata/sim.h"
#include "strata/tcp_listener.h"

using namespace strata;
using namespace std::chrono_literals;

// Megabits a second that one connection carries in ten seconds.
double goodput(std::string_view congestion, Ratio loss) {
  sim::World world(1);
  sim::Host& server = world.add_host("server");
  sim::Host& client = world.add_host("client");
  world.connect(server, client, {.bits_per_second = 50'000'000, .delay = 10ms, .loss = loss});
  server.add_address("10.0.0.1/24");
  client.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody has claimed the addresses

  std::array<std::byte, 65536> buffer;
  std::size_t received = 0;
  auto listener = TcpListener::listen(server.stack(), {IpAddress::any_v6(), 9}, {}).value();
  std::unique_ptr<TcpStream> sink;
  (void)listener.on_ready([&](Readiness) {
    if (auto stream = listener.accept(world.now())) {
      sink = std::make_unique<TcpStream>(*std::move(stream));
      (void)sink->on_ready([&](Readiness) {
        while (auto count = sink->read(buffer, world.now())) received += *count;
      });
    }
  });
  TcpConnectOptions options;
  options.options.congestion = CongestionName::of(congestion);
  auto source =
      TcpStream::connect(client.stack(), {IpAddress::v4(10, 0, 0, 1), 9}, options, world.now())
          .value();
  (void)source.on_ready([&](Readiness news) {
    while (news.writable && source.write(std::array<std::byte, 16384>{}, world.now())) continue;
  });
  client.wake();
  world.run_for(10s);
  return static_cast<double>(received) * 8 / 10 / 1e6;
}

int main() {
  std::printf("%-12s %8s %8s   Mbit/s of 50\n", "loss", "reno", "cubic");
  bool falls = true;
  double before = 50;
  for (const std::uint32_t lost : {0U, 1U, 10U}) {
    const double reno = goodput("reno", {lost, 1000});
    const double cubic = goodput("cubic", {lost, 1000});
    std::printf("%4u in 1000 %8.1f %8.1f\n", lost, reno, cubic);
    falls = falls && reno < before;
    before = reno;
  }
  return falls ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// A slow line in front of this machine, by its clock: what it costs to reach a server behind it.
//   live_line tap:lab0,host=10.0.0.2/24,offload=no     for a minute: ping 10.0.0.1
//   live_line                                          a host in this process asks the server
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include "strata/devices.h"
#include "strata/host.h"
#include "strata/real_clock.h"
#include "strata/sim_live.h"
#include "strata/udp_socket.h"

using namespace strata;
using namespace std::chrono_literals;

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

void tell(const sim::Accuracy& accuracy) {
  const sim::Lateness& late = accuracy.frames_out;
  std::printf("%llu frames left, late by %.3f ms (99 of 100: %.3f, most: %.3f)\n",
              static_cast<unsigned long long>(late.count), milliseconds(late.median),
              milliseconds(late.p99), milliseconds(late.most));
  for (const sim::AchievedRate& rate : accuracy.rates) {
    std::printf("%s: %.4f of %.4f Mbit/s while it was busy\n", rate.name.c_str(),
                rate.achieved_bits_per_second / 1e6, rate.asked_bits_per_second / 1e6);
  }
  if (accuracy.rests != 0) {
    std::printf("too slow a machine: the clock stood still for %.3f ms\n",
                milliseconds(accuracy.rested));
  }
}

// Ten questions, one after the other; the shortest time that an answer took.
std::optional<Duration> ask_ten_times(sim::LiveWorld& live, Host& host) {
  auto socket = UdpSocket::open(host.stack()).value();
  const Endpoint server{IpAddress::v4(10, 0, 0, 1), 7};
  std::array<std::byte, 64> buffer;
  Duration least = Duration::max();
  for (int i = 0; i < 10; ++i) {
    const Time asked = real_now();
    (void)socket.send_to(std::as_bytes(std::span("are you there?")), server, live.loop().now());
    const auto is_answered = [&] { return socket.receive(buffer).has_value(); };
    if (!live.run_until_true(is_answered, 10s)) return std::nullopt;
    least = std::min(least, real_now() - asked);
  }
  return least;
}

int main(int count, char** words) {
  sim::World world(1);
  InterfaceConfig plain;
  plain.detect_duplicates = false;  // its address may be used at once
  sim::Host& server = world.add_host("server", {}, plain);
  sim::Station& outside = world.add_station("outside");
  world.connect(outside, server, {.bits_per_second = 10'000'000, .delay = 20ms});
  server.add_address("10.0.0.1/24");
  std::array<std::byte, 1500> buffer;
  auto echo = UdpSocket::open(server.stack()).value();
  (void)echo.bind({IpAddress::v4(10, 0, 0, 1), 7});
  (void)echo.on_ready([&](Readiness) {
    while (auto got = echo.receive(buffer))
      (void)echo.send_to(Bytes(buffer).first(got->size), got->source, world.now());
  });

  MemoryLink cable;
  const auto live = sim::LiveWorld::create(world).value();
  if (count == 2) {
    auto device = open_device(words[1]);
    if (!device) {
      std::fprintf(stderr, "%s\n%s\n", device.error().text.c_str(), device.error().hint.c_str());
      return 1;
    }
    if (!live->join(outside, *std::move(device))) {
      std::fprintf(stderr, "it must be Ethernet, and offload=no\n");
      return 1;
    }
    live->run_for(60s);
    tell(live->accuracy());
    return 0;
  }
  (void)live->join(outside, cable.end(0));
  const auto host = Host::create(live->loop()).value();
  (void)host->attach(cable.end(1), "lab", {"10.0.0.2/24"},
                     {.detect_duplicates = false, .is_fed_by_this_loop = true});
  const auto least = ask_ten_times(*live, *host);
  tell(live->accuracy());
  if (least) std::printf("the shortest of ten round trips: %.3f ms\n", milliseconds(*least));
  cable.clear();  // what is under way lies in packets of the host
  return least && *least >= 40ms ? 0 : 1;
}

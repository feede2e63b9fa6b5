// SPDX-License-Identifier: Apache-2.0
#include "strata/sim.h"

#include <gtest/gtest.h>

#include <array>

#include "sim/lab.h"
#include "strata/udp_socket.h"

namespace strata::sim::sim_test {
namespace {

// The world of twenty lines that strata/sim.h opens with.
std::uint64_t run_the_example(int& received) {
  World world(42);
  Host& alice = world.add_host("alice");
  Host& bob = world.add_host("bob");
  Switch& hub = world.add_switch("hub");
  const LinkConfig line = {.bits_per_second = 10'000'000, .delay = 20ms, .loss = {1, 100}};
  world.connect(alice, hub, line);
  world.connect(bob, hub);
  alice.add_address("10.0.0.1/24");
  bob.add_address("10.0.0.2/24");
  world.run_for(10s);  // both find out that nobody else has their addresses

  auto sender = UdpSocket::open(alice.stack(), AddressFamily::kIpv4);
  auto receiver = UdpSocket::open(bob.stack(), AddressFamily::kIpv4);
  EXPECT_TRUE(receiver->bind({IpAddress::any_v4(), 7}).has_value());
  for (int i = 0; i < 50; ++i) {
    alice.executor().start_timer(world.now() + i * 100ms, [&] {
      (void)sender->send_to(std::array<std::byte, 4>{}, {IpAddress::v4(10, 0, 0, 2), 7},
                            world.now());
    });
  }
  world.run_for(10s);
  std::array<std::byte, 16> buffer{};
  while (receiver->receive(buffer)) ++received;
  EXPECT_EQ(world.leaked_packets(), 0U);
  return world.packet_hash();
}

TEST(Sim, TheExampleOfTheHeaderRunsAndIsTheSameTwice) {
  int first = 0;
  int second = 0;
  EXPECT_EQ(run_the_example(first), run_the_example(second));
  EXPECT_EQ(first, second);
  EXPECT_GT(first, 40);
  EXPECT_LE(first, 50);
}

}  // namespace
}  // namespace strata::sim::sim_test

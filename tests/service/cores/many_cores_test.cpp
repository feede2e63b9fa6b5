// SPDX-License-Identifier: Apache-2.0
// No flow notices that a host has several cores: not loss, not reordering, not cores that are late.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "service/cores/echo_on_cores.h"

namespace strata::service::many_cores_test {
namespace {

using namespace std::chrono_literals;
using many_cores::Client;
using many_cores::Core;
using many_cores::echo_over_tcp;
using many_cores::EchoServer;
using many_cores::kUs4;
using many_cores::Lab;

TEST(ManyCores, ListenersOnAllCoresServeWhatTheHashGivesThem) {
  Lab lab({.cores = 4, .queues = 4});
  EchoServer server(*lab.host, lab.world);
  echo_over_tcp(lab, 64, 2000);
  for (const int accepted : server.accepted()) EXPECT_GE(accepted, 4);
}

TEST(ManyCores, NoFlowNoticesLossReorderingOrLateCores) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const sim::LinkConfig line = {.bits_per_second = 100'000'000,
                                  .delay = 200us,
                                  .jitter = 300us,
                                  .jitter_reorders = true,
                                  .loss = {1, 100},
                                  .duplication = {1, 100}};
    Lab lab({.cores = 3, .queues = static_cast<std::uint16_t>(1 + seed % 3), .turns_of_ten = 6},
            line, seed);
    EchoServer server(*lab.host, lab.world);
    echo_over_tcp(lab, 12, 100'000);
    EXPECT_EQ(lab.host->sum([](Core& core) { return core.device->crossings().ring_full_drops; }),
              0U);
  }
}

TEST(ManyCores, FullRingsCostTimeAndNoBytes) {
  Lab lab({.cores = 2, .queues = 1, .ring_packets = 4, .turns_of_ten = 5},
          {.bits_per_second = 1'000'000'000, .delay = 50us});
  EchoServer server(*lab.host, lab.world);
  echo_over_tcp(lab, 8, 200'000);
  EXPECT_GT(lab.host->sum([](Core& core) { return core.device->crossings().ring_full_drops; }), 0U);
}

TEST(ManyCores, ACoreThatStandsStillStopsOnlyItsOwnFlows) {
  Lab lab({.cores = 2, .queues = 2, .ring_packets = 16, .stopped = 1});
  EchoServer server(*lab.host, lab.world);
  std::vector<std::unique_ptr<Client>> clients;
  clients.reserve(32);
  for (unsigned i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<Client>(lab.peer, lab.world, kUs4, 3000, i));
  }
  lab.peer.wake();
  lab.world.run_for(3s);
  const auto good = std::ranges::count_if(clients, [](const auto& one) { return one->is_good(); });
  EXPECT_EQ(good, server.accepted()[0]);
  EXPECT_GT(good, 4);
  EXPECT_LT(good, 28);
  lab.host->let_core_run(1);
  lab.world.run_for(120s);
  EXPECT_TRUE(std::ranges::all_of(clients, [](const auto& one) { return one->is_good(); }))
      << "and they go on when it does";
}

TEST(ManyCores, OneSeedIsOneRun) {
  const auto hash_of_run = [] {
    Lab lab({.cores = 3, .queues = 2, .turns_of_ten = 7}, {.delay = 100us, .loss = {1, 50}}, 4);
    EchoServer server(*lab.host, lab.world);
    echo_over_tcp(lab, 6, 20'000);
    return lab.world.packet_hash();
  };
  EXPECT_EQ(hash_of_run(), hash_of_run());
}

}  // namespace
}  // namespace strata::service::many_cores_test

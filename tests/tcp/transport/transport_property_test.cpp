// SPDX-License-Identifier: Apache-2.0
// Two transports and a wire that does its worst, by seed: bytes are equal and in order, everything
// ends, nothing leaks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "tcp/support/programs.h"

namespace strata::tcp::transport_property_test {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

TcpConfig random_config(Rng& rng) {
  TcpConfig config;
  config.timestamps = rng.chance({3, 4});
  config.window_scaling = rng.chance({3, 4});
  config.sack = rng.chance({3, 4});
  config.ecn = rng.chance({1, 2}) ? TcpEcn::kRequest : TcpEcn::kOff;
  constexpr std::uint32_t kBuffers[] = {2000, 16384, 65536, 1U << 20U};
  config.receive_buffer_first = kBuffers[rng.below(4)];
  config.receive_buffer_max = std::max(config.receive_buffer_first, kBuffers[rng.below(4)]);
  config.send_buffer_first = kBuffers[1 + rng.below(3)];
  config.send_buffer_max = std::max(config.send_buffer_first, kBuffers[rng.below(4)]);
  return config;
}

WireConfig random_wire(Rng& rng) {
  WireConfig config;
  config.delay = milliseconds(rng.below(60));
  config.jitter = milliseconds(rng.below(40));
  if (rng.chance({1, 2})) config.loss = {rng.below(12), 100};
  if (rng.chance({1, 2})) config.reordering = {rng.below(30), 100};
  if (rng.chance({1, 3})) config.duplication = {rng.below(10), 100};
  if (rng.chance({1, 3})) config.marking = {rng.below(20), 100};
  if (rng.chance({1, 2})) config.bytes_per_second = std::uint64_t{100'000} << rng.below(8);
  if (rng.chance({1, 2})) config.queue_bytes = std::size_t{8000} << rng.below(5);
  config.merges = rng.chance({1, 2});
  constexpr std::uint32_t kMtus[] = {576, 1280, 1500, 9000};
  config.mtu = kMtus[rng.below(4)];
  return config;
}

TcpSocketOptions random_options(Rng& rng) {
  TcpSocketOptions options;
  options.no_delay = rng.chance({1, 2});
  options.pacing = rng.chance({1, 4});
  options.quick_ack = rng.chance({1, 4});
  constexpr std::string_view kControls[] = {"", "reno", "cubic", "bbr", "dctcp"};
  options.congestion = CongestionName::of(kControls[rng.below(5)]);
  return options;
}

void transfer(std::uint64_t seed) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  Rng rng(seed);
  Wire wire(seed, random_wire(rng), random_config(rng), random_config(rng));
  const Ends ends = establish(wire, random_options(rng), random_options(rng));
  ASSERT_TRUE(ends.server);
  Source up(wire, Side::kClient, ends.client, seed, rng.below(300'000));
  Source down(wire, Side::kServer, ends.server, seed + 1, rng.below(300'000));
  Sink up_sink(wire, Side::kServer, ends.server, seed);
  Sink down_sink(wire, Side::kClient, ends.client, seed + 1);
  const std::uint64_t slow_reader = rng.below(4);
  const bool is_done = wire.run_until(
      [&] {
        up.run(1 + rng.below(20'000));
        down.run(1 + rng.below(20'000));
        const std::size_t bytes_max = slow_reader == 0 ? rng.below(3000) : SIZE_MAX;
        up_sink.run(bytes_max);
        down_sink.run(bytes_max);
        wire.pump();
        return up_sink.is_done() && down_sink.is_done();
      },
      seconds(3000));
  EXPECT_TRUE(is_done) << "up " << up_sink.read() << " of " << up.written() << ", down "
                       << down_sink.read() << " of " << down.written() << '\n'
                       << wire.tail();
  EXPECT_EQ(up_sink.failure(), std::nullopt);
  EXPECT_EQ(down_sink.failure(), std::nullopt);
  EXPECT_EQ(up_sink.read(), up.written());
  EXPECT_EQ(down_sink.read(), down.written());
  wire.client.transport.close(ends.client, wire.now);
  wire.server.transport.close(ends.server, wire.now);
  wire.run_for(seconds(600));
  wire.server.transport.close_listener(ends.listener, wire.now);
  wire.run_for(seconds(1));
  for (const Side side : {Side::kClient, Side::kServer}) {
    Host& host = wire.host(side);
    EXPECT_EQ(host.transport.connections(), 0U);
    EXPECT_EQ(host.transport.time_waits(), 0U);
    EXPECT_EQ(host.transport.orphans(), 0U);
    EXPECT_EQ(host.transport.buffers().used(), 0U);
    EXPECT_EQ(host.pool.descriptors_in_use(), 0U);
    EXPECT_FALSE(host.transport.next_deadline().has_value());
  }
  EXPECT_TRUE(wire.is_silent());
}

TEST(TransportProperty, WhateverTheWireDoesTheBytesAreEqualAndEverythingEnds) {
  const char* const only = std::getenv("STRATA_SEED");
  if (only != nullptr) return transfer(std::strtoull(only, nullptr, 10));
  const char* const seeds = std::getenv("STRATA_SEEDS");
  const std::uint64_t last = seeds != nullptr ? std::strtoull(seeds, nullptr, 10) : 60;
  for (std::uint64_t seed = 1; seed <= last; ++seed) {
    transfer(seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace strata::tcp::transport_property_test

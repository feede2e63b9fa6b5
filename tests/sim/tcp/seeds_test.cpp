// SPDX-License-Identifier: Apache-2.0
// Bytes arrive equal and in order, everything ends and nothing leaks, whatever a line does.
//
// STRATA_SEEDS=FIRST-LAST runs other seeds than those of every test run; a failure names its seed.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "sim/tcp/transfer.h"

namespace strata::sim::tcp_test {
namespace {

constexpr std::array<std::string_view, 4> kControls{"reno", "cubic", "bbr", "dctcp"};

struct Scenario {
  Transfer::Options options;
  bool may_fail = false;  // a program resets it
};

Ratio chance(Rng& rng, std::uint64_t in_ten_thousand_max) {
  return rng.below(2) == 0 ? Ratio{} : Ratio{rng.below(in_ten_thousand_max + 1), 10'000};
}

LinkConfig line_of(Rng& rng) {
  LinkConfig line;
  const std::uint64_t rates[] = {1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
  line.bits_per_second = rates[rng.below(4)];
  line.delay = Duration(static_cast<std::int64_t>(rng.below(60'000'000)));
  line.loss = chance(rng, 500);
  line.duplication = chance(rng, 300);
  line.corruption = chance(rng, 200);
  line.reordering = chance(rng, 1000);
  line.reorder_delay = Duration(static_cast<std::int64_t>(rng.below(20'000'000)));
  if (rng.below(4) == 0) {
    line.jitter = Duration(static_cast<std::int64_t>(rng.below(5'000'000)));
    line.jitter_reorders = rng.below(2) == 0;
  }
  if (rng.below(5) == 0) {
    line.burst_loss = {.good_to_bad = {1, 500}, .bad_to_good = {1, 5}, .loss_in_bad = {1, 2}};
  }
  if (rng.below(3) == 0) line.queue_packets_max = 10 + rng.below(100);
  return line;
}

TcpConfig tcp_of(Rng& rng) {
  TcpConfig tcp;
  tcp.sack = rng.below(4) != 0;
  tcp.timestamps = rng.below(4) != 0;
  tcp.window_scaling = rng.below(4) != 0;
  tcp.ecn = static_cast<TcpEcn>(rng.below(3));
  tcp.congestion = congestion(kControls[rng.below(kControls.size())]);
  return tcp;
}

TcpSocketOptions socket_of(Rng& rng) {
  TcpSocketOptions options;
  options.no_delay = rng.below(2) == 0;
  options.pacing = rng.below(4) == 0;
  if (rng.below(6) == 0) options.receive_buffer = static_cast<std::uint32_t>(500 + rng.below(8000));
  if (rng.below(6) == 0) options.send_buffer = static_cast<std::uint32_t>(2000 + rng.below(8000));
  if (rng.below(6) == 0) options.mss_max = static_cast<std::uint16_t>(100 + rng.below(1300));
  return options;
}

Scenario scenario_of(std::uint64_t seed) {
  Rng rng(seed * 7919);
  Scenario made;
  Transfer::Options& options = made.options;
  options.seed = seed;
  options.line = line_of(rng);
  options.client_tcp = tcp_of(rng);
  options.server_tcp = tcp_of(rng);
  options.client_socket = socket_of(rng);
  options.server_socket = socket_of(rng);
  options.is_v6 = rng.below(2) == 0;
  options.client.to_write = rng.below(200'000);
  options.server.to_write = rng.below(200'000);
  if (rng.below(5) == 0) options.client.stall_every = 5'000 + rng.below(20'000);
  if (rng.below(5) == 0) options.server.stall_every = 5'000 + rng.below(20'000);
  if (rng.below(10) == 0) {
    options.client.abort_after = 1 + rng.below(100'000);
    made.may_fail = true;
  }
  return made;
}

void check_program(Program& program, const ProgramOptions& own, const ProgramOptions& other,
                   bool may_fail) {
  EXPECT_FALSE(program.is_wrong());
  if (may_fail) return;
  EXPECT_FALSE(program.failure().has_value()) << to_text(program.failure().value_or(Error::kIo));
  EXPECT_EQ(program.bytes_written(), own.to_write);
  EXPECT_EQ(program.bytes_read(), other.to_write);
  EXPECT_TRUE(program.saw_end());
}

void run(std::uint64_t seed) {
  SCOPED_TRACE("STRATA_SEEDS=" + std::to_string(seed) + "-" + std::to_string(seed));
  const Scenario scenario = scenario_of(seed);
  Transfer transfer(scenario.options);
  EXPECT_TRUE(transfer.run(3600s)) << "not over after an hour";
  check_program(transfer.client(), scenario.options.client, scenario.options.server,
                scenario.may_fail);
  if (transfer.server() != nullptr) {
    check_program(*transfer.server(), scenario.options.server, scenario.options.client,
                  scenario.may_fail);
  }
  EXPECT_TRUE(transfer.run_to_silence(1200s)) << transfer.sockets() << " sockets are left";
  EXPECT_EQ(transfer.world().leaked_packets(), 0U);
  // A frame each hundred bytes would still be a sane exchange; a timer storm is far beyond.
  EXPECT_LT(transfer.world().counters().host_turns, 200'000U);
}

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 200;
};

Seeds seeds_to_run() {
  Seeds seeds;
  if (const char* text = std::getenv("STRATA_SEEDS")) {
    unsigned long long first = 0, last = 0;
    if (std::sscanf(text, "%llu-%llu", &first, &last) == 2) seeds = {first, last};
  }
  return seeds;
}

TEST(TcpSeeds, EverySeedDeliversAllBytesAndEnds) {
  const Seeds seeds = seeds_to_run();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    run(seed);
    if (::testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace strata::sim::tcp_test

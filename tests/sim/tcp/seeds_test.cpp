// SPDX-License-Identifier: Apache-2.0
// Bytes arrive equal and in order, everything ends and nothing leaks, whatever a line does.
//
// STRATA_SEEDS=FIRST-LAST runs other seeds than those of every test run; a failure names its seed.
// STRATA_FULL runs ten thousand.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "sim/tcp/scenario.h"

namespace strata::sim::tcp_test::seeds_test {
namespace {

void check_program(Program& program, const ProgramOptions& own, const ProgramOptions& other,
                   bool may_fail) {
  EXPECT_FALSE(program.is_wrong());
  if (may_fail) return;
  EXPECT_FALSE(program.failure().has_value()) << to_text(program.failure().value_or(Error::kIo));
  EXPECT_EQ(program.bytes_written(), own.to_write);
  EXPECT_EQ(program.bytes_read(), other.to_write);
  EXPECT_TRUE(program.saw_end());
}

// Three questions for the neighbour were lost, and an attempt to connect ends with them.
bool found_nobody(Transfer& transfer) {
  const auto is_alone = [](const Program& program) {
    return program.failure() == Error::kHostUnreachable && program.bytes_read() == 0;
  };
  return is_alone(transfer.client()) ||
         (transfer.server() != nullptr && is_alone(*transfer.server()));
}

void run(std::uint64_t seed) {
  SCOPED_TRACE("STRATA_SEEDS=" + std::to_string(seed) + "-" + std::to_string(seed));
  const Scenario scenario = scenario_of(seed);
  Transfer transfer(scenario.options);
  EXPECT_TRUE(transfer.run(3600s)) << "not over after an hour";
  const bool may_fail = scenario.may_fail || found_nobody(transfer);
  check_program(transfer.client(), scenario.options.client, scenario.options.server, may_fail);
  if (transfer.server() != nullptr) {
    check_program(*transfer.server(), scenario.options.server, scenario.options.client, may_fail);
  }
  EXPECT_TRUE(transfer.run_to_silence(1200s)) << transfer.sockets() << " sockets are left";
  EXPECT_EQ(transfer.world().leaked_packets(), 0U);
  const WorldCounters& counters = transfer.world().counters();
  // Each frame wakes a host twice at most, and timers are about as many; a storm is far beyond.
  EXPECT_LT(counters.host_turns, 5 * counters.frames_delivered + 2000);
  // Tables shrink slowly, but what one connection needed is no more than this.
  EXPECT_LT(transfer.world().memory().bytes_used(), transfer.bytes_before() + 131'072);
}

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 400;
};

Seeds seeds_to_run() {
  Seeds seeds;
  if (std::getenv("STRATA_FULL") != nullptr) seeds.last = 10'000;
  if (const char* text = std::getenv("STRATA_SEEDS")) {
    unsigned long long first = 0, last = 0;
    if (std::sscanf(text, "%llu-%llu", &first, &last) == 2) seeds = {first, last};
  }
  return seeds;
}

// In four parts, which run side by side.
constexpr std::uint64_t kParts = 4;
class TcpSeeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(TcpSeeds, EverySeedDeliversAllBytesAndEnds) {
  const Seeds seeds = seeds_to_run();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    if (seed % kParts != GetParam()) continue;
    run(seed);
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, TcpSeeds, ::testing::Range<std::uint64_t>(0, kParts));

}  // namespace
}  // namespace strata::sim::tcp_test::seeds_test

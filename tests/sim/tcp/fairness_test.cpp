// SPDX-License-Identifier: Apache-2.0
// Flows that share a bottleneck: equal shares for equals, and room for the others.
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <string>

#include "sim/tcp/bottleneck.h"

namespace strata::sim::tcp_test::fairness_test {
namespace {

struct Sharing {
  std::string_view control;
  std::size_t flows;
  Duration settling;
  Path path{.bits_per_second = 50'000'000, .rtt = 20ms};
  Duration measuring = 20s;
};

std::vector<double> shares_of(const Sharing& sharing) {
  Bottleneck bottleneck(sharing.path);
  for (std::size_t i = 0; i < sharing.flows; ++i) {
    bottleneck.add_flow(sharing.control);
    bottleneck.run(100ms);
  }
  bottleneck.run(sharing.settling);
  (void)bottleneck.rates();
  bottleneck.run(sharing.measuring);
  return bottleneck.rates();
}

void expect_fair(const Sharing& sharing) {
  SCOPED_TRACE(std::string(sharing.control) + " x " + std::to_string(sharing.flows));
  const std::vector<double> shares = shares_of(sharing);
  EXPECT_GT(jain(shares), 0.95);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  EXPECT_GT(sum, 0.95 * most_text(sharing.path));
}

TEST(TcpFairness, EqualsShareEqually) {
  const Path marking{.bits_per_second = 50'000'000, .rtt = 20ms, .buffer = 2.0, .mark_from = 20};
  expect_fair({"cubic", 2, 10s});
  expect_fair({"reno", 2, 10s});
  expect_fair({"dctcp", 2, 10s, marking});
  expect_fair({"bbr", 2, 30s});
  expect_fair({"cubic", 16, 10s});
  if (std::getenv("STRATA_FULL") == nullptr) return;
  for (const std::size_t flows : {3U, 4U, 6U, 8U, 12U, 16U}) {
    expect_fair({"cubic", flows, 10s});
    expect_fair({"reno", flows, 10s});
    // A flow that probes takes seconds of the others' share, and gives them back when they probe.
    expect_fair({.control = "bbr", .flows = flows, .settling = 40s, .measuring = 60s});
    expect_fair({"dctcp", flows, 10s, marking});
  }
}

// Whoever comes first.
TEST(TcpFairness, BbrAndCubicLeaveEachOtherAFifth) {
  for (const double buffer : {1.0, 5.0}) {
    for (const bool is_bbr_first : {true, false}) {
      SCOPED_TRACE(std::to_string(buffer) + (is_bbr_first ? " bbr first" : " cubic first"));
      const Path path{.bits_per_second = 50'000'000, .rtt = 40ms, .buffer = buffer};
      Bottleneck bottleneck(path);
      bottleneck.add_flow(is_bbr_first ? "bbr" : "cubic");
      bottleneck.run(100ms);
      bottleneck.add_flow(is_bbr_first ? "cubic" : "bbr");
      bottleneck.run(5s);
      (void)bottleneck.rates();
      bottleneck.run(40s);
      const std::vector<double> rates = bottleneck.rates();
      EXPECT_GT(rates[0], 0.2 * (rates[0] + rates[1]));
      EXPECT_GT(rates[1], 0.2 * (rates[0] + rates[1]));
      EXPECT_GT(rates[0] + rates[1], 0.95 * most_text(path));
    }
  }
}

}  // namespace
}  // namespace strata::sim::tcp_test::fairness_test

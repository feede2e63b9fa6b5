// SPDX-License-Identifier: Apache-2.0
// Bufferbloat and its cure: whole stacks over a slow line with a long queue.
#include "strata/sim_queue.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "sim/tcp/bottleneck.h"

namespace strata::sim::sim_queue_test {
namespace {

using tcp_test::Bottleneck;
using tcp_test::Path;
using namespace std::chrono_literals;

// 10 Mbit/s and 40 ms, with a queue of twenty times what the line holds.
constexpr Path kBloated{.bits_per_second = 10'000'000, .rtt = 40ms, .buffer = 20};

// How long the queue keeps a frame, and how much arrives.
struct Outcome {
  double delay_ms = 0;
  double bytes_per_second = 0;
};

Outcome run(Bottleneck& line, std::string_view control) {
  for (int i = 0; i < 2; ++i) line.add_flow(control);
  line.run(20s);
  static_cast<void>(line.rates());
  Outcome outcome;
  constexpr int kLooks = 2000;
  for (int i = 0; i < kLooks; ++i) {
    line.run(10ms);
    const auto waiting = static_cast<double>(line.link().queue(Direction::kAToB).bytes());
    outcome.delay_ms += waiting / kBloated.bytes_per_second() * 1e3 / kLooks;
  }
  for (const double rate : line.rates()) outcome.bytes_per_second += rate;
  return outcome;
}

Outcome with_queue(std::unique_ptr<QueueDiscipline> queue, std::string_view control = "cubic") {
  Bottleneck line(kBloated);
  if (queue != nullptr) line.link().set_queue(Direction::kAToB, std::move(queue));
  return run(line, control);
}

TEST(SimQueue, ALongQueueIsFullAndShortensNothing) { EXPECT_GT(with_queue(nullptr).delay_ms, 200); }

// RFC 8289 3: delay near the target, and the line nearly as busy as ever.
TEST(SimQueue, CodelKeepsTheDelayShortAndTheLineBusy) {
  for (const std::string_view control : {"cubic", "reno"}) {
    const Outcome outcome = with_queue(make_codel({}), control);
    EXPECT_LT(outcome.delay_ms, 25) << control;
    EXPECT_GT(outcome.bytes_per_second, 0.9 * tcp_test::most_text(kBloated)) << control;
  }
}

TEST(SimQueue, SoDoesFqCodel) {
  const Outcome outcome = with_queue(make_fq_codel({}));
  EXPECT_LT(outcome.delay_ms, 30);
  EXPECT_GT(outcome.bytes_per_second, 0.9 * tcp_test::most_text(kBloated));
}

TEST(SimQueue, WithMarksNothingIsLost) {
  Bottleneck line(kBloated);
  line.link().set_queue(Direction::kAToB, make_fq_codel({.codel = {.marks = true}}));
  for (int i = 0; i < 2; ++i) line.add_flow("cubic");
  line.run(20s);
  EXPECT_EQ(line.link().counters(Direction::kAToB).dropped_frames(), 0U);
  EXPECT_TRUE(line.info(0).has_ecn);
}

TEST(SimQueue, TheSameSeedIsTheSameRun) {
  std::uint64_t hashes[2] = {};
  for (std::uint64_t& hash : hashes) {
    Bottleneck line(kBloated, 7);
    line.link().set_queue(Direction::kAToB, make_fq_codel({}));
    for (int i = 0; i < 3; ++i) line.add_flow("cubic");
    line.run(5s);
    hash = line.world().packet_hash();
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace strata::sim::sim_queue_test

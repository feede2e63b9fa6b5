// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/rate_meter.h"

#include <gtest/gtest.h>

#include "strata/sim.h"

namespace strata::service::rate_meter_test {
namespace {

using namespace std::chrono_literals;

Time machine{};
Time read_machine() { return machine; }

struct Line {
  explicit Line(const sim::LinkConfig& config) : world(1), meter(read_machine) {
    world.connect(from, world.add_station("to"), config);
    world.tap(meter);
  }
  ~Line() { world.untap(meter); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  void send(int frames, std::size_t bytes) {
    const std::vector<std::byte> frame(bytes);
    for (int i = 0; i < frames; ++i) EXPECT_TRUE(from.send(frame));
  }
  // The machine's clock runs so many times as fast as the world's.
  void run(Duration duration, int speed) {
    const Time end = world.now() + duration;
    while (const auto next = world.next_instant()) {
      if (*next > end) break;
      machine = Time((*next - Time{}) * speed) + stood_still;
      world.step(end);
    }
    world.idle_until(end);
  }
  void pause(Duration duration) {
    stood_still += duration;
    meter.stand_still(duration);
  }
  [[nodiscard]] RateMeter::Busy busy() const { return meter.busy(sim::Direction::kAToB); }

  sim::World world;
  sim::Station& from = world.add_station("from");
  RateMeter meter;
  Duration stood_still{};
};

TEST(RateMeter, AWorldOnTimeHasTheRateThatWasAsked) {
  Line line({.bits_per_second = 7'000'000, .delay = 3ms});
  line.send(200, 1000);
  line.run(1s, 1);
  EXPECT_EQ(line.busy().frames, 199U);
  EXPECT_EQ(line.busy().bits, 199U * 8000);
  EXPECT_EQ(line.busy().asked, line.busy().took);
  EXPECT_NEAR(
      static_cast<double>(line.busy().bits) * 1e9 / static_cast<double>(line.busy().asked.count()),
      7e6, 10);
  EXPECT_EQ(line.meter.busy(sim::Direction::kBToA).frames, 0U);
}

TEST(RateMeter, ASlowMachineShows) {
  Line line({.bits_per_second = 7'000'000});
  line.send(200, 1000);
  line.run(1s, 2);
  EXPECT_EQ(line.busy().took, 2 * line.busy().asked);
}

TEST(RateMeter, AWorldThatStoodStillIsNotSlow) {
  Line line({.bits_per_second = 8'000'000});
  line.send(101, 1000);
  for (int i = 0; i < 20; ++i) {
    line.run(10ms, 1);
    line.pause(60ms);
  }
  EXPECT_EQ(line.busy().frames, 100U);
  EXPECT_EQ(line.busy().asked, 100ms);
  EXPECT_EQ(line.busy().took, 100ms);
}

TEST(RateMeter, PausesDoNotCountNorDoShortStretches) {
  Line line({.bits_per_second = 8'000'000});
  line.send(101, 1000);
  line.run(1s, 1);
  EXPECT_EQ(line.busy().frames, 100U);
  line.send(100, 1000);
  line.run(1s, 1);
  line.send(201, 1000);
  line.run(1s, 1);
  EXPECT_EQ(line.busy().frames, 300U);
  EXPECT_EQ(line.busy().asked, 300ms);
}

TEST(RateMeter, LinksWithoutARateHaveNone) {
  Line line({.delay = 3ms});
  line.send(10, 1000);
  line.run(1s, 1);
  EXPECT_EQ(line.busy().frames, 0U);
}

}  // namespace
}  // namespace strata::service::rate_meter_test

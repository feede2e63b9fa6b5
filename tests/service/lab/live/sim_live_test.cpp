// SPDX-License-Identifier: Apache-2.0
// By the machine's own clock. What is expected of it is what a slow machine does as well: nothing
// is judged from above.
#include "strata/sim_live.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "strata/real_clock.h"
#include "support/frames.h"
#include "support/test_device.h"

namespace strata::sim::sim_live_test {
namespace {

using namespace std::chrono_literals;
using support::Frame;
using support::TestDevice;

// Two devices at the ends of a line.
struct Line {
  explicit Line(const LinkConfig& config) {
    world.connect(a, b, config);
    live = *LiveWorld::create(world, LoopPolicy::kSleep);
  }
  World world{1};
  Station& a = world.add_station("a");
  Station& b = world.add_station("b");
  TestDevice one, other;
  std::unique_ptr<LiveWorld> live;
};

TEST(LiveWorld, AFrameTakesNoLessThanItsLinkDoes) {
  Line line({.delay = 20ms});
  ASSERT_TRUE(line.live->join(line.a, line.one));
  ASSERT_TRUE(line.live->join(line.b, line.other));
  const Time before = real_now();
  line.one.push(Frame(100));
  EXPECT_TRUE(line.live->run_until_true([&] { return !line.other.sent().empty(); }, 60s));
  EXPECT_GE(real_now() - before, 20ms);
  const Accuracy accuracy = line.live->accuracy();
  ASSERT_EQ(accuracy.devices.size(), 2U);
  EXPECT_EQ(accuracy.devices[0].name, "a");
  EXPECT_EQ(accuracy.devices[0].frames_in, 1U);
  EXPECT_EQ(accuracy.devices[1].frames_out, 1U);
  EXPECT_EQ(accuracy.frames_out.count, 1U);
  EXPECT_LE(accuracy.frames_out.median, accuracy.frames_out.most);
  EXPECT_TRUE(accuracy.rates.empty()) << "the link has none";
  EXPECT_EQ(line.world.leaked_packets(), 0U);
}

// 1250 bytes at 1 Mbit/s: ten milliseconds each. All of them are read at once.
TEST(LiveWorld, TellsWhatABusyLinkCarried) {
  Line line({.bits_per_second = 1'000'000});
  ASSERT_TRUE(line.live->join(line.a, line.one));
  ASSERT_TRUE(line.live->join(line.b, line.other));
  const Time before = real_now();
  for (int i = 0; i < 30; ++i) line.one.push(Frame(1250));
  EXPECT_TRUE(line.live->run_until_true([&] { return line.other.sent().size() == 30; }, 60s));
  EXPECT_GE(real_now() - before, 300ms);
  const Accuracy accuracy = line.live->accuracy();
  ASSERT_EQ(accuracy.rates.size(), 1U) << "the way back was never busy";
  EXPECT_EQ(accuracy.rates[0].name, "a-b");
  EXPECT_NEAR(accuracy.rates[0].asked_bits_per_second, 1e6, 1e3);
  EXPECT_GT(accuracy.rates[0].achieved_bits_per_second, 0);
  EXPECT_GT(accuracy.events.count, 20U);
}

TEST(LiveWorld, APauseBetweenRunsIsNoFaultOfALink) {
  Line line({.bits_per_second = 1'000'000});
  ASSERT_TRUE(line.live->join(line.a, line.one));
  ASSERT_TRUE(line.live->join(line.b, line.other));
  const Time before = real_now();
  for (int i = 0; i < 30; ++i) line.one.push(Frame(1250));
  EXPECT_TRUE(line.live->run_for(150ms));
  const Time left = real_now();
  while (real_now() - left < 300ms) {
  }
  const Duration away = real_now() - left;
  EXPECT_TRUE(line.live->run_until_true([&] { return line.other.sent().size() == 30; }, 60s));
  const Duration ran = real_now() - before - away;
  const Accuracy accuracy = line.live->accuracy();
  ASSERT_EQ(accuracy.rates.size(), 1U);
  EXPECT_EQ(accuracy.rates[0].frames, 29U);
  const double took = 29 * 1250 * 8 / accuracy.rates[0].achieved_bits_per_second;
  EXPECT_LE(took, std::chrono::duration<double>(ran).count() + 1e-6);
}

TEST(LiveWorld, RunsAsLongAsItIsTold) {
  Line line({.delay = 1ms});
  const Time before = real_now();
  EXPECT_TRUE(line.live->run_for(30ms));
  EXPECT_GE(real_now() - before, 30ms);
  EXPECT_EQ(line.world.now(), Time(30ms));
  EXPECT_FALSE(line.live->run_until_true([] { return false; }, 20ms));
  EXPECT_EQ(line.world.now(), Time(50ms));
  EXPECT_FALSE(line.live->step(Time(50ms))) << "it is there";
}

TEST(LiveWorld, EndsWhenItsLoopIsStopped) {
  Line line({.delay = 1ms});
  line.world.executor().start_timer(Time(10ms), [&] { line.live->loop().stop(); });
  EXPECT_FALSE(line.live->run_for(Duration::max()));
  EXPECT_LT(line.world.now(), Time(10s));
}

// Switches without delay in a ring, and a frame to all.
TEST(LiveWorld, SaysThatItGetsNoFurther) {
  World world({.seed = 1, .events_at_one_instant_max = 100});
  Station& station = world.add_station("station");
  Switch& one = world.add_switch("one");
  Switch& other = world.add_switch("other");
  world.connect(station, one);
  world.connect(one, other);
  world.connect(one, other);
  TestDevice device;
  const auto live = *LiveWorld::create(world, LoopPolicy::kSleep);
  ASSERT_TRUE(live->join(station, device));
  Frame to_all(60);
  std::ranges::fill(to_all.writable().first(6), std::byte{0xff});
  device.push(to_all);
  EXPECT_FALSE(live->run_for(60s));
  EXPECT_TRUE(live->is_stalled());
}

TEST(LiveWorld, JoinsOnlyWhatFits) {
  const auto refused = [](Error why) { return Result<void>(std::unexpected(why)); };
  World world(1);
  Station& station = world.add_station("station");
  Station& alone = world.add_station("alone");
  world.connect(station, world.add_station("other"));
  const auto live = *LiveWorld::create(world, LoopPolicy::kSleep);
  TestDevice fit, without_ethernet({.medium = Medium::kIp}),
      cuts_elsewhere({.tcp_segment_bytes_max = 65'535});
  EXPECT_EQ(live->join(alone, fit), refused(Error::kInvalidArgument));
  EXPECT_EQ(live->join(station, nullptr), refused(Error::kInvalidArgument));
  EXPECT_EQ(live->join(station, without_ethernet), refused(Error::kNotSupported));
  EXPECT_EQ(live->join(station, cuts_elsewhere), refused(Error::kNotSupported));
  EXPECT_TRUE(live->join(station, std::make_unique<TestDevice>()));
  EXPECT_EQ(live->join(station, fit), refused(Error::kAlreadyExists));
}

// It has a descriptor, and never a frame.
class Described final : public Device {
 public:
  explicit Described(int descriptor) : descriptor_(descriptor) {}
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return offers_; }
  [[nodiscard]] int descriptor() const override { return descriptor_; }
  void receive(PacketPool& /*pool*/, PacketBatch& /*batch*/) override {}
  [[nodiscard]] std::size_t room() const override { return 0; }
  void transmit(PacketBatch& /*batch*/) override {}

 private:
  DeviceCapabilities offers_;
  int descriptor_;
};

// A loop watches a descriptor once.
TEST(LiveWorld, ADeviceThatCannotBeWatchedHasNotJoined) {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ASSERT_GE(descriptor, 0);
  Line line({.delay = 1ms});
  Described first(descriptor);
  EXPECT_TRUE(line.live->join(line.a, first));
  EXPECT_EQ(line.live->join(line.b, std::make_unique<Described>(descriptor)),
            Result<void>(std::unexpected(Error::kAlreadyExists)));
  EXPECT_EQ(line.live->accuracy().devices.size(), 1U);
  EXPECT_TRUE(line.live->run_for(2ms)) << "nobody asks the one that is no more";
  EXPECT_TRUE(line.live->join(line.b, line.other));
  EXPECT_EQ(line.live->accuracy().devices.size(), 2U);
  line.live.reset();
  ::close(descriptor);
}

TEST(LiveWorld, TheThreadIsAsItWasWhenTheLastIsGone) {
  const int slack = ::prctl(PR_GET_TIMERSLACK);
  World world(1), other_world(2);
  auto first = *LiveWorld::create(world, LoopPolicy::kSleep);
  auto second = *LiveWorld::create(other_world, LoopPolicy::kSleep);
  first.reset();
  EXPECT_EQ(::prctl(PR_GET_TIMERSLACK), 1) << "one is left";
  second.reset();
  EXPECT_EQ(::prctl(PR_GET_TIMERSLACK), slack);
}

}  // namespace
}  // namespace strata::sim::sim_live_test

// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/paced_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "support/frames.h"
#include "support/test_device.h"

namespace strata::service::paced_world_test {
namespace {

using namespace std::chrono_literals;
using support::Frame;
using support::TestDevice;

// The machine's clock. Reading it takes `step_`, so that work takes time.
Time machine{};
Duration reading_takes{};
Time read_machine() {
  machine += reading_takes;
  return machine;
}

constexpr Time kBoot = Time(1000s);  // the machine's clock when the world begins

// Two devices at the ends of a line.
struct Line {
  explicit Line(const sim::LinkConfig& config) : world(1), paced(world, read_machine) {
    machine = kBoot;
    reading_takes = 0ns;
    sim::Station& a = world.add_station("a");
    sim::Station& b = world.add_station("b");
    link = &world.connect(a, b, config);
    for (sim::Station* station : {&a, &b}) {
      devices.push_back(std::make_unique<TestDevice>());
      paced.join(*station, *devices.back());
    }
    paced.set_end(Time(1h));
  }
  // One turn at this time of the machine since the world began.
  bool turn(Duration at) {
    machine = std::max(machine, kBoot + at);
    return paced.turn(machine);
  }
  // As a loop would: turns whenever something is due, up to `until`.
  void run(Duration until) {
    while (true) {
      if (paced.turn(read_machine())) continue;
      const auto next = paced.next_deadline();
      if (!next || *next > kBoot + until) break;
      machine = std::max(machine, *next);
    }
    turn(until);
  }
  [[nodiscard]] TestDevice& device(std::size_t which) { return *devices[which]; }
  [[nodiscard]] Duration world_now() const { return world.now() - Time{}; }

  sim::World world;
  sim::Link* link = nullptr;
  std::vector<std::unique_ptr<TestDevice>> devices;
  PacedWorld paced;
};

Frame frame_of(std::size_t bytes) { return Frame(bytes); }

TEST(PacedWorld, AFrameCrossesInTheTimeOfItsLink) {
  Line line({.delay = 20ms});
  line.turn(0ms);
  line.device(0).push(frame_of(100));
  line.turn(5ms);
  EXPECT_EQ(line.world_now(), 5ms);
  EXPECT_EQ(line.paced.next_deadline(), kBoot + 25ms);
  line.turn(25ms - 1ns);
  EXPECT_EQ(line.device(1).sent().size(), 0U) << "a delay is never shorter";
  line.turn(25ms);
  EXPECT_EQ(line.device(1).sent().size(), 1U);
  EXPECT_EQ(line.paced.joined()[0]->frames_in, 1U);
  EXPECT_EQ(line.paced.joined()[1]->frames_out, 1U);
  EXPECT_EQ(line.device(0).sent().size(), 0U) << "nothing comes back";
}

TEST(PacedWorld, AFrameIsStampedAfterItWasRead) {
  Line line({.delay = 20ms});
  line.turn(0ms);
  line.device(0).push(frame_of(100));
  reading_takes = 1ms;  // the machine is slow: everything takes long
  line.turn(5ms);
  reading_takes = 0ns;
  // It may have come as late as the last read.
  EXPECT_GT(line.world_now(), 6ms);
  EXPECT_GE(*line.paced.next_deadline(), kBoot + 26ms);
}

TEST(PacedWorld, LatenessIsKeptAndDoesNotBecomeDrift) {
  // 1250 bytes at 10 Mbit/s: a millisecond each.
  Line line({.bits_per_second = 10'000'000});
  line.turn(0ms);
  for (int i = 0; i < 10; ++i) line.device(0).push(frame_of(1250));
  line.turn(1ms);
  line.turn(5ms + 300us);  // those of 2, 3, 4 and 5 ms
  EXPECT_EQ(line.device(1).sent().size(), 4U);
  line.turn(11ms);
  EXPECT_EQ(line.device(1).sent().size(), 10U) << "the last is due at 11 ms whatever was late";
  EXPECT_EQ(line.paced.lateness_out().count(), 10U);
  EXPECT_EQ(line.paced.lateness_out().most(), 5ms);
  EXPECT_EQ(line.paced.rests().times, 0U);
}

TEST(PacedWorld, ALoopThatIsOnTimeIsNeverLate) {
  Line line({.bits_per_second = 10'000'000, .delay = 3ms});
  line.turn(0ms);
  for (int i = 0; i < 50; ++i) line.device(0).push(frame_of(1250));
  line.run(200ms);
  EXPECT_EQ(line.device(1).sent().size(), 50U);
  EXPECT_EQ(line.paced.lateness().most(), 0ns);
  EXPECT_GE(line.paced.lateness().count(), 50U);
  EXPECT_EQ(line.world_now(), 200ms) << "time passes though nothing happens";
}

TEST(PacedWorld, AWorldFarBehindStandsStill) {
  Line line({.delay = 20ms});
  line.turn(0ms);
  line.device(0).push(frame_of(100));
  line.turn(5ms);
  line.turn(10s);  // the program was stopped for ten seconds
  EXPECT_EQ(line.device(1).sent().size(), 1U);
  EXPECT_EQ(line.world_now(), 25ms) << "when the frame was due, and no later";
  EXPECT_EQ(line.paced.rests().times, 1U);
  EXPECT_EQ(line.paced.rests().in_all, 10s - 25ms);
  line.turn(10s + 5ms);
  EXPECT_EQ(line.world_now(), 30ms) << "and on it goes from there";
}

TEST(PacedWorld, IdleTimeIsNoLag) {
  Line line({.delay = 20ms});
  line.turn(0ms);
  line.turn(10s);
  EXPECT_EQ(line.paced.rests().times, 0U);
  EXPECT_EQ(line.world_now(), 10s);
}

TEST(PacedWorld, AMachineThatIsTooSlowStretchesTimeAndNeverShortensADelay) {
  Line line({.bits_per_second = 100'000'000, .delay = 1ms});
  line.turn(0ms);
  reading_takes = 700us;  // a frame takes 100 us on the wire: the world cannot keep up
  Time before = line.world.now();
  for (int i = 0; i < 300; ++i) {
    line.device(0).push(frame_of(1250));
    line.paced.turn(read_machine());
    ASSERT_GE(line.world.now(), before) << "the world's time never goes back";
    before = line.world.now();
  }
  reading_takes = 0ns;
  line.run(machine - kBoot + 10s);
  EXPECT_EQ(line.device(1).sent().size(), 300U);
  EXPECT_LE(line.world_now(), machine - kBoot);
}

TEST(PacedWorld, StopsAtItsEndAndGoesOn) {
  Line line({.delay = 20ms});
  line.paced.set_end(Time(10ms));
  line.turn(0ms);
  line.device(0).push(frame_of(100));
  line.turn(5ms);
  EXPECT_EQ(line.paced.next_deadline(), kBoot + 10ms);
  line.turn(40ms);
  EXPECT_EQ(line.world_now(), 10ms);
  EXPECT_TRUE(line.paced.is_at_end());
  EXPECT_EQ(line.paced.next_deadline(), std::nullopt);
  line.device(0).push(frame_of(100));  // while the world waits for a later end
  line.turn(41ms);
  EXPECT_EQ(line.paced.joined()[0]->frames_in, 1U);
  line.paced.set_end(Time(1h));
  line.run(100ms);
  EXPECT_EQ(line.device(1).sent().size(), 2U);
}

TEST(PacedWorld, StandsStillWhileNobodyWantsItToGoOn) {
  Line line({.delay = 20ms});
  line.paced.set_end(Time(10ms));
  line.turn(0ms);
  line.turn(10ms);
  machine = kBoot + 1h;
  line.paced.resume();
  line.paced.set_end(Time(40ms));
  EXPECT_EQ(line.paced.next_deadline(), kBoot + 1h + 30ms);
  line.device(0).push(frame_of(100));
  line.turn(1h);
  EXPECT_EQ(line.world_now(), 10ms);
  line.turn(1h + 20ms);
  EXPECT_EQ(line.device(1).sent().size(), 1U);
  EXPECT_EQ(line.paced.rests().times, 0U) << "it was not too slow";
}

TEST(PacedWorld, AShortPauseIsNoLagEither) {
  Line line({.delay = 5ms});
  for (int i = 1; i <= 10; ++i) {
    line.device(0).push(frame_of(100));
    line.paced.set_end(Time(i * 10ms));
    line.run(machine - kBoot + 10ms);
    EXPECT_EQ(line.world_now(), i * 10ms);
    machine += 60ms;
    EXPECT_EQ(line.paced.resume(), 60ms);
  }
  EXPECT_EQ(line.device(1).sent().size(), 10U);
  EXPECT_EQ(line.paced.lateness().most(), 0ns);
  EXPECT_EQ(line.paced.rests().times, 0U);
}

TEST(PacedWorld, APauseForgivesNoLagOfTheRunBeforeIt) {
  Line line({.delay = 20ms});
  line.paced.set_end(Time(10ms));
  line.turn(0ms);
  line.turn(13ms);
  machine += 1h;
  EXPECT_EQ(line.paced.resume(), 1h);
  EXPECT_EQ(line.paced.world_time(machine), Time(13ms));
  EXPECT_EQ(line.paced.resume(), 0ns) << "it has been told of this one";
}

// A loop may turn once more, having slept, before its program sees that it is there.
TEST(PacedWorld, TurnsAtItsEndArePartOfThePause) {
  Line line({.delay = 20ms});
  line.paced.set_end(Time(10ms));
  line.turn(0ms);
  line.turn(10ms);
  line.device(0).push(frame_of(100));
  line.turn(60ms);
  EXPECT_EQ(line.paced.resume(), 50ms);
  line.paced.set_end(Time(1h));
  line.turn(60ms);
  line.turn(80ms);
  EXPECT_EQ(line.world_now(), 30ms);
  EXPECT_EQ(line.device(1).sent().size(), 1U);
}

// A device without a descriptor: nothing tells when it has a frame.
TEST(PacedWorld, AsksDevicesThatTellNothing) {
  sim::World world(1);
  sim::Station& station = world.add_station("station");
  world.connect(station, world.add_station("other"));
  TestDevice device;
  PacedWorld paced(world, read_machine);
  paced.join(station, device, Feeding::kMustAsk);
  paced.set_end(kNever);
  machine = kBoot;
  reading_takes = 0ns;
  static_cast<void>(paced.turn(machine));
  EXPECT_EQ(paced.next_deadline(), kBoot + 1ms);
  device.push(frame_of(100));
  machine += 1ms;
  EXPECT_TRUE(paced.turn(machine));
  EXPECT_EQ(paced.joined()[0]->frames_in, 1U);
}

TEST(PacedWorld, ADeviceThatLeavesIsAsIfItHadNeverJoined) {
  sim::World world(1);
  sim::Station& station = world.add_station("station");
  sim::Station& other = world.add_station("other");
  world.connect(station, other);
  TestDevice device, next;
  PacedWorld paced(world, read_machine);
  paced.join(station, device, Feeding::kMustAsk);
  paced.set_end(Time(1ms));
  machine = kBoot;
  reading_takes = 0ns;
  static_cast<void>(paced.turn(machine));
  paced.leave(station);
  EXPECT_TRUE(paced.joined().empty());
  paced.set_end(kNever);
  EXPECT_EQ(paced.next_deadline(), std::nullopt) << "nobody is left to be asked";
  const std::vector<std::byte> frame(60);
  EXPECT_TRUE(other.send(frame));
  device.push(frame_of(60));
  machine += 1ms;
  static_cast<void>(paced.turn(machine));
  EXPECT_TRUE(device.sent().empty());
  EXPECT_TRUE(device.has_arrivals());
  paced.join(station, next);
  EXPECT_EQ(paced.joined().size(), 1U);
}

// Its work comes by memory alone.
class Bell final : public Device {
 public:
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return offers_; }
  void receive(PacketPool& /*pool*/, PacketBatch& /*batch*/) override {}
  [[nodiscard]] std::size_t room() const override { return 0; }
  void transmit(PacketBatch& /*batch*/) override {}
  [[nodiscard]] bool prepare_to_sleep() override { return !has_work; }

  bool has_work = false;

 private:
  DeviceCapabilities offers_;
};

TEST(PacedWorld, NobodySleepsWhileADeviceHasWork) {
  sim::World world(1);
  sim::Station& station = world.add_station("station");
  world.connect(station, world.add_station("other"));
  Bell bell;
  PacedWorld paced(world, read_machine);
  paced.join(station, bell);
  EXPECT_TRUE(paced.prepare_to_sleep());
  bell.has_work = true;
  EXPECT_FALSE(paced.prepare_to_sleep());
}

TEST(PacedWorld, FinishesChecksumsThatWereLeftToIt) {
  Line line({});
  Frame frame = frame_of(60);
  frame.writable()[40] = std::byte{0x12};
  frame.writable()[41] = std::byte{0x34};
  line.turn(0ms);
  PacketNotes notes;
  notes.checksum = ChecksumState::kPartial;
  notes.transport_offset = 34;
  notes.checksum_offset = 6;
  line.device(0).push(frame, notes);
  notes.transport_offset = 59;  // beyond the frame
  line.device(0).push(frame, notes);
  line.turn(1ms);
  ASSERT_EQ(line.device(1).sent().size(), 1U) << "what names no field is not sent on";
  const Bytes sent = line.device(1).sent()[0].all();
  EXPECT_EQ(load_big_endian<std::uint16_t>(sent.data() + 40), 0xffff - 0x1234);
}

TEST(PacedWorld, ADeviceThatIsUnpluggedIsALinkThatIsDown) {
  Line line({.delay = 1ms});
  line.turn(0ms);
  line.device(1).is_plugged = false;
  line.turn(1ms);
  EXPECT_FALSE(line.link->is_up());
  line.device(0).push(frame_of(100));
  line.turn(5ms);
  line.device(1).is_plugged = true;
  line.turn(6ms);
  EXPECT_TRUE(line.link->is_up());
  line.device(0).push(frame_of(200));
  line.turn(7ms);
  line.turn(8ms);
  ASSERT_EQ(line.device(1).sent().size(), 1U);
  EXPECT_EQ(line.device(1).sent()[0].size(), 200U);
}

TEST(PacedWorld, CountsWhatADeviceDoesNotTake) {
  Line line({});
  line.turn(0ms);
  line.device(1).room_left = 1;
  line.device(0).push(frame_of(100));
  line.device(0).push(frame_of(100));
  line.turn(1ms);
  EXPECT_EQ(line.paced.joined()[1]->frames_out, 1U);
  EXPECT_EQ(line.paced.joined()[1]->refused, 1U);
  EXPECT_EQ(line.world.leaked_packets(), 0U);
}

TEST(PacedWorld, AWorldThatGetsNoFurtherSaysSo) {
  sim::World world({.seed = 1, .events_at_one_instant_max = 100});
  sim::Switch& one = world.add_switch("one");
  sim::Switch& other = world.add_switch("other");
  world.connect(one, other);
  world.connect(one, other);
  sim::Station& station = world.add_station("station");
  world.connect(station, one);
  TestDevice device;
  PacedWorld paced(world, read_machine);
  Frame to_all = frame_of(60);
  std::ranges::fill(to_all.writable().first(6), std::byte{0xff});
  device.push(to_all);
  paced.join(station, device);
  paced.set_end(Time(1s));
  machine = kBoot;
  EXPECT_TRUE(paced.turn(machine));
  EXPECT_TRUE(paced.is_stalled());
  EXPECT_FALSE(paced.turn(machine));
}

}  // namespace
}  // namespace strata::service::paced_world_test

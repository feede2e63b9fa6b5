// SPDX-License-Identifier: Apache-2.0
// sim::LiveWorld: a world that runs by the machine's clock, with real devices at ends of its links.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "strata/device.h"
#include "strata/error.h"
#include "strata/loop.h"
#include "strata/sim.h"
#include "strata/time.h"

// A line of 20 ms and 10 Mbit/s between this machine and a server of ours:
//
//   sim::World world(1);
//   sim::Host& server = world.add_host("server");
//   sim::Station& machine = world.add_station("machine");
//   world.connect(machine, server, {.bits_per_second = 10'000'000, .delay = 20ms});
//   server.add_address("10.0.0.1/24");
//   ...                                                     // sockets on server.stack()
//   auto live = *sim::LiveWorld::create(world);
//   auto tap = *open_device("tap:lab0,host=10.0.0.2/24,offload=no");
//   (void)live->join(machine, std::move(tap));
//   live->run_for(60s);                                     // ping 10.0.0.1: 40 ms, and a little
//   std::printf("%lld ns late\n", live->accuracy().frames_out.median.count());
//
// 1. Nothing happens before its time: seen from outside, no delay is shorter and no rate higher
//    than the link says. How late things happened is what accuracy() tells.
// 2. What follows from an event is reckoned from when it was due, so that lateness does not add
//    up. A world that is more than 100 ms behind its clock stands still for that long, and says so
//    (Accuracy::rests).
// 3. Time passes in the world only while it runs. The seed still decides which frames are lost, but
//    no run is the same twice.
// 4. While there is such a world, the kernel wakes the thread that made it as soon as it can
//    (PR_SET_TIMERSLACK), and not only for the world. It is destroyed on that thread.

namespace strata::sim {

struct Lateness {
  std::uint64_t count = 0;
  Duration median{}, p99{}, most{};
};

struct AchievedRate {
  std::string name;  // "a-b" is a to b
  double asked_bits_per_second = 0;
  double achieved_bits_per_second = 0;
  std::uint64_t frames = 0;  // that were sent back to back
};

struct JoinedDevice {
  std::string name;                             // of its station
  std::uint64_t frames_in = 0, frames_out = 0;  // into the world, and out of it
  std::uint64_t refused = 0;                    // by the device
  std::uint64_t without_buffer = 0;             // lost on their way in
  std::optional<Time> vanished_at{};            // its interface was deleted; the world's time
};

// How close a world came to what its links say.
struct Accuracy {
  Lateness events;      // after the instant at which they were due
  Lateness frames_out;  // handed to devices after the instant at which they arrived
  std::uint64_t rests = 0;
  Duration rested{};  // in which the world's clock stood still, for the machine was too slow
  std::vector<AchievedRate> rates;    // of links that have one, while they were busy
  std::vector<JoinedDevice> devices;  // in the order of joining
};

class LiveWorld {
 public:
  // The world outlives this, and has all its links. kSleep and kSpin are as of a loop; kAdaptive
  // spins just before something is due, too. An error is that of a loop that cannot be made.
  [[nodiscard]] static Result<std::unique_ptr<LiveWorld>> create(
      World& world, LoopPolicy policy = LoopPolicy::kAdaptive);
  ~LiveWorld();
  LiveWorld(const LiveWorld&) = delete;
  LiveWorld& operator=(const LiveWorld&) = delete;

  // What the station's link brings goes to the device, and what the device has enters the link. A
  // device that is down is a link that is down. kInvalidArgument for a station that has not one
  // link, kAlreadyExists for one that has a device, kNotSupported for a device without Ethernet and
  // for one that leaves cutting to others: a link carries whole frames (offload=no).
  Result<void> join(Station& station, std::unique_ptr<Device> device);
  // The device outlives this.
  Result<void> join(Station& station, Device& device);

  // False: the world has stalled, or loop().stop() was called, or a signal came that stops it. A
  // loop that was stopped stays so: no later run goes on.
  bool run_for(Duration duration);
  // Until condition(), which only looks, holds after some turn, but no longer than `limit`. True:
  // it holds.
  template <typename Condition>
  bool run_until_true(Condition condition, Duration limit) {
    const Time end = begin_run(limit);
    while (!condition()) {
      if (!step(end)) return false;
    }
    return true;
  }
  // One turn of the loop, which takes the world no further than `last`. False: it is there, has
  // stalled, or the loop was stopped. Who acted on sockets since the last step wakes their hosts.
  bool step(Time last);

  [[nodiscard]] World& world();
  // For what else the program waits for: signals, descriptors, a strata::Host at the other end of a
  // device. Tasks of it that act on hosts of the world wake them. Turned by the calls above alone.
  [[nodiscard]] Loop& loop();
  // WorldConfig::events_at_one_instant_max.
  [[nodiscard]] bool is_stalled() const;
  [[nodiscard]] Accuracy accuracy() const;

 private:
  struct Inside;
  explicit LiveWorld(std::unique_ptr<Inside> inside);
  Result<void> join(Station& station, Device& device, std::unique_ptr<Device> owned);
  // When it ends.
  [[nodiscard]] Time begin_run(Duration duration);
  std::unique_ptr<Inside> inside_;
};

}  // namespace strata::sim

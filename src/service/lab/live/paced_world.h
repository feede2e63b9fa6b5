// SPDX-License-Identifier: Apache-2.0
// PacedWorld: a simulated world in which things happen when the machine's clock says so, and whose
// stations are real devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "service/lab/live/lateness.h"
#include "service/stack_driver.h"
#include "strata/device.h"
#include "strata/loop.h"
#include "strata/sim.h"

//   machine's time   ──┬─────────┬───────────┬──────────>   zero_ + the world's time, and a little
//                      │ late    │           │
//   world's time   ────┴─────────┴───────────┴──────────>   each instant in order, none left out
//
// 1. What is due at an instant happens when zero_ + that instant has come, never before. How much
//    later is kept in lateness(). The world itself does not see it: what follows from an event is
//    reckoned from when it was due, so that rates do not drift.
// 2. A frame that came from a device enters its link at a time of the world that is read after the
//    frame was: no delay is ever shorter than the link's, as seen from outside.
// 3. The world's time never goes back, and jumps over nothing. When it is more than kBehindMax
//    behind (the machine is too slow, or the program was stopped), it stands still instead: zero_
//    moves. Everything that is under way takes so much longer, and rests() tells.
// 4. Who lets the world have its turns again, having had something else to do, says so with
//    resume(): it stood still meanwhile, however long, and that is no rest. By what it was behind
//    before, it still is.

namespace strata::service {

class PacedWorld final : public Pollable {
 public:
  using ClockFunction = Time (*)();
  static constexpr Duration kBehindMax = std::chrono::milliseconds(100);

  // What became of a device, as the world has it.
  struct Joined {
    sim::Station* station = nullptr;
    Device* device = nullptr;
    std::uint64_t frames_in = 0;   // from the device into the world
    std::uint64_t frames_out = 0;  // and back
    std::uint64_t refused = 0;     // frames that the device did not take
    bool is_up = true;
    bool had_descriptor = false;
    bool must_be_asked = false;       // nothing tells when it has a frame
    std::optional<Time> vanished_at;  // in the world's time
  };
  // How often, and for how long in all, the world stood still.
  struct Rests {
    std::uint64_t times = 0;
    Duration in_all{};
  };

  PacedWorld(sim::World& world, ClockFunction clock);
  ~PacedWorld() override;
  PacedWorld(const PacedWorld&) = delete;
  PacedWorld& operator=(const PacedWorld&) = delete;

  // The other side of the station's link, its first, is the device from now on, and outlives this.
  // The loop must update() our descriptors.
  void join(sim::Station& station, Device& device, Feeding feeding = Feeding::kDescriptor);
  // As if it had never joined. The loop must update() our descriptors.
  void leave(sim::Station& station);
  // The world goes no further. It begins with its present instant as the first of them.
  void set_end(Time end) { end_ = end; }
  // Nobody wanted it to go on since it came to its end, or since its last turn: for so long.
  Duration resume();
  [[nodiscard]] bool is_at_end() const { return world_.now() >= end_; }
  // WorldConfig::events_at_one_instant_max: it does not get any further.
  [[nodiscard]] bool is_stalled() const { return is_stalled_; }

  bool turn(Time now) override;
  [[nodiscard]] std::optional<Time> next_deadline() const override;
  [[nodiscard]] std::span<const int> descriptors() const override { return descriptors_; }
  [[nodiscard]] bool prepare_to_sleep() override;

  // The machine's clock, as the world's time would be if nothing ran late.
  [[nodiscard]] Time world_time(Time machine) const { return Time(machine - zero_); }
  [[nodiscard]] Time machine_now() const { return clock_(); }
  [[nodiscard]] const std::vector<std::unique_ptr<Joined>>& joined() const { return joined_; }
  [[nodiscard]] const Rests& rests() const { return rests_; }
  // Of instants at which something was due, and of frames as they were handed to devices.
  [[nodiscard]] const Lateness& lateness() const { return lateness_; }
  [[nodiscard]] const Lateness& lateness_out() const { return lateness_out_; }

 private:
  struct Arrival {
    Joined* from;
    PacketPtr frame;
  };

  void list_sources();
  void rest_if_behind();
  void take_frames();
  void run_until(Time last);
  void send_frames();
  void send_out(Joined& joined, PacketPtr frame);
  void look_at(Joined& joined);

  sim::World& world_;
  ClockFunction clock_;
  Time zero_{};  // of the machine, when the world's time was nothing
  Time end_{};
  Time last_turn_{};
  Time left_at_{};  // of the machine, when the last turn was over that found more to do
  bool has_begun_ = false;
  bool is_stalled_ = false;
  bool must_ask_ = false;  // some device
  Rests rests_;
  Lateness lateness_, lateness_out_;
  std::vector<std::unique_ptr<Joined>> joined_;
  std::vector<int> descriptors_;
  std::vector<Arrival> arrivals_;  // read, and not yet in the world
  Time arrived_by_{};              // all of them, in the world's time
};

}  // namespace strata::service

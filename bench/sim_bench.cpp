// SPDX-License-Identifier: Apache-2.0
// Claim: a simulated world makes at least five million link events a second on one core.
#include <string>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/timing.h"
#include "strata/sim.h"
#include "strata/wire/ethernet.h"

namespace strata::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 10ms;  // of simulated time, between two looks at the clock

std::vector<std::byte> frame_to(const MacAddress& destination, const MacAddress& source,
                                std::size_t size) {
  std::vector<std::byte> frame(size);
  wire::write({destination, source, 0x88b5},
              std::span<std::byte, wire::EthernetLayout::kSize>(frame.data(), 14));
  return frame;
}

// Pairs of stations that send every frame back, `window` of them under way in each pair.
struct Pairs {
  std::size_t pairs = 1;
  std::size_t window = 10;
  std::size_t frame_bytes = 64;
  sim::LinkConfig link{.bits_per_second = 1'000'000'000, .delay = 100us};

  void build(sim::World& world) const {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      sim::Station& a = world.add_station("a" + std::to_string(pair));
      sim::Station& b = world.add_station("b" + std::to_string(pair));
      world.connect(a, b, link);
      a.set_on_frame([&a](PacketPtr frame, std::size_t, Time) { a.send(std::move(frame)); });
      b.set_on_frame([&b](PacketPtr frame, std::size_t, Time) { b.send(std::move(frame)); });
      for (std::size_t i = 0; i < window; ++i) a.send(frame_to(b.mac(), a.mac(), frame_bytes));
    }
  }
};

// Stations behind one switch, each answering whoever spoke to it.
void build_switch(sim::World& world, std::size_t stations, std::size_t window) {
  sim::Switch& hub = world.add_switch("hub");
  std::vector<sim::Station*> all;
  for (std::size_t i = 0; i < stations; ++i) {
    sim::Station& station = world.add_station("s" + std::to_string(i));
    world.connect(station, hub, {.bits_per_second = 1'000'000'000, .delay = 10us});
    station.set_on_frame([&station](PacketPtr frame, std::size_t, Time) {
      const auto bytes = frame->mutable_bytes().first<wire::EthernetLayout::kSize>();
      const MacAddress peer = wire::EthernetLayout::Source::get(bytes);
      wire::EthernetLayout::Source::set(bytes, wire::EthernetLayout::Destination::get(bytes));
      wire::EthernetLayout::Destination::set(bytes, peer);
      station.send(std::move(frame));
    });
    all.push_back(&station);
  }
  for (std::size_t i = 0; i < stations; ++i) {
    all[i]->send(frame_to(MacAddress::from_value(0x0600'0000'0000), all[i]->mac(), 64));
    (void)world.run_for(1ms);
  }
  for (std::size_t i = 0; i < stations; ++i) {
    const std::size_t peer = (i + stations / 2) % stations;
    for (std::size_t n = 0; n < window; ++n) {
      all[i]->send(frame_to(all[peer]->mac(), all[i]->mac(), 64));
    }
  }
}

// Events of a world that goes on and on: millions a second.
template <typename Build>
class Simulation final : public Contestant {
 public:
  explicit Simulation(const Build& build) : world_(1) { build(world_); }
  double measure(Seconds duration) override {
    const Throughput done = run_for(duration, [this] {
      const std::uint64_t before = world_.counters().events;
      (void)world_.run_for(kStep);
      return world_.counters().events - before;
    });
    nanoseconds_ = done.nanoseconds_each();
    return done.per_second() / 1e6;
  }
  std::vector<Detail> details() const override { return {{"ns/event", nanoseconds_}}; }

 private:
  sim::World world_;
  double nanoseconds_ = 0;
};

template <typename Build>
void add_world(const std::string& name, const std::string& claim, std::optional<double> goal,
               const Build& build) {
  add({.name = name,
       .unit = "million events/s",
       .claim = claim,
       .contestants = {{"strata",
                        [build]() -> Entry { return std::make_unique<Simulation<Build>>(build); }}},
       .goal = goal});
}

void add_pairs(const std::string& name, const std::string& claim, std::optional<double> goal,
               const Pairs& what) {
  add_world(name, claim, goal, [what](sim::World& world) { what.build(world); });
}

void add_all() {
  constexpr double kGoal = 5;
  add_pairs("sim/link", "one link, 64-byte frames, 10 under way", kGoal, {});
  add_pairs("sim/saturated", "one link, 1500-byte frames, always full", std::nullopt,
            {.window = 100, .frame_bytes = 1500});
  add_pairs("sim/links", "100 links, 64-byte frames, 10 under way on each", kGoal, {.pairs = 100});
  add_pairs("sim/links_1500", "100 links, 1500-byte frames, 10 under way on each", std::nullopt,
            {.pairs = 100, .frame_bytes = 1500});
  Pairs bad{.pairs = 100, .window = 20};
  bad.link.jitter = 20us;
  bad.link.jitter_reorders = true;
  bad.link.duplication = {1, 1000};
  bad.link.reordering = {1, 100};
  bad.link.loss = {1, 1000};
  add_pairs("sim/faults", "100 links that lose, double, reorder and delay", std::nullopt, bad);
  add_world("sim/switch", "a switch of 32 ports, 8 frames under way at each", std::nullopt,
            [](sim::World& world) { build_switch(world, 32, 8); });
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench

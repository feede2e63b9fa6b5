// SPDX-License-Identifier: Apache-2.0
// Claim: a simulated world makes at least five million link events a second on one core. Prints
// events and frames per second of processor time.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "strata/sim.h"
#include "strata/wire/ethernet.h"

namespace {

using namespace strata;
using namespace std::chrono_literals;

constexpr Duration kRun = 2s;

std::vector<std::byte> frame_to(const MacAddress& destination, const MacAddress& source,
                                std::size_t size) {
  std::vector<std::byte> frame(size);
  wire::write({destination, source, 0x88b5},
              std::span<std::byte, wire::EthernetLayout::kSize>(frame.data(), 14));
  return frame;
}

void report(const char* name, sim::World& world, double seconds) {
  std::printf("%-34s %9.2f M events/s %9.2f M frames/s %8.2f ns/event\n", name,
              static_cast<double>(world.counters().events) / seconds / 1e6,
              static_cast<double>(world.counters().frames_delivered) / seconds / 1e6,
              seconds * 1e9 / static_cast<double>(world.counters().events));
}

// Processor time: a busy neighbour does not count.
template <typename Run>
double seconds_of(Run run) {
  const std::clock_t begin = std::clock();
  run();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// Pairs of stations that send every frame back, `window` of them under way in each pair.
void run_pairs(const char* name, std::size_t pairs, std::size_t window, std::size_t size,
               const sim::LinkConfig& config) {
  sim::World world(1);
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    sim::Station& a = world.add_station("a" + std::to_string(pair));
    sim::Station& b = world.add_station("b" + std::to_string(pair));
    world.connect(a, b, config);
    a.set_on_frame([&a](PacketPtr frame, std::size_t, Time) { a.send(std::move(frame)); });
    b.set_on_frame([&b](PacketPtr frame, std::size_t, Time) { b.send(std::move(frame)); });
    for (std::size_t i = 0; i < window; ++i) a.send(frame_to(b.mac(), a.mac(), size));
  }
  report(name, world, seconds_of([&] { world.run_for(kRun); }));
}

// Stations behind one switch, each answering whoever spoke to it.
void run_switch(const char* name, std::size_t stations, std::size_t window) {
  sim::World world(1);
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
  report(name, world, seconds_of([&] { world.run_for(200ms); }));
}

}  // namespace

int main() {
  const sim::LinkConfig plain{.bits_per_second = 1'000'000'000, .delay = 100us};
  sim::LinkConfig bad = plain;
  bad.jitter = 20us;
  bad.jitter_reorders = true;
  bad.duplication = {1, 1000};
  bad.reordering = {1, 100};
  bad.loss = {1, 1000};
  run_pairs("1 link, 64 bytes, 10 under way", 1, 10, 64, plain);
  run_pairs("1 link, 1500 bytes, saturated", 1, 100, 1500, plain);
  run_pairs("100 links, 64 bytes, 10 each", 100, 10, 64, plain);
  run_pairs("100 links, 1500 bytes, 10 each", 100, 10, 1500, plain);
  run_pairs("100 links with faults, 64 bytes", 100, 20, 64, bad);
  run_switch("switch of 32 ports", 32, 8);
  return 0;
}

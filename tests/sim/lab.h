// SPDX-License-Identifier: Apache-2.0
// What the tests of links and switches share: frames with a number in them, and two stations.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/sim.h"
#include "strata/wire/ethernet.h"

namespace strata::sim {

using namespace std::chrono_literals;

inline constexpr std::size_t kNumberOffset = wire::EthernetLayout::kSize;

// A frame of `size` bytes, at least 22, that carries `number` behind its Ethernet header.
inline std::vector<std::byte> numbered_frame(
    std::uint64_t number, std::size_t size = 64, MacAddress destination = MacAddress::broadcast(),
    MacAddress source = MacAddress::from_value(0x0200'0000'ff00)) {
  std::vector<std::byte> frame(size);
  wire::write({destination, source, 0x88b5},
              std::span<std::byte, wire::EthernetLayout::kSize>(frame.data(), 14));
  store_big_endian<std::uint64_t>(frame.data() + kNumberOffset, number);
  return frame;
}

inline std::uint64_t number_in(Bytes frame) {
  return load_big_endian<std::uint64_t>(frame.data() + kNumberOffset);
}

inline std::vector<std::uint64_t> numbers_in(const std::vector<Station::Received>& received) {
  std::vector<std::uint64_t> numbers;
  for (const Station::Received& frame : received) numbers.push_back(number_in(frame.bytes));
  return numbers;
}

// Two stations on one cable.
struct Cable {
  explicit Cable(const LinkConfig& config = {}, const WorldConfig& world_config = {})
      : Cable(config, config, world_config) {}
  Cable(const LinkConfig& there, const LinkConfig& back, const WorldConfig& world_config = {})
      : world(world_config),
        a(world.add_station("a")),
        b(world.add_station("b")),
        link(world.connect(a, b, there, back)) {}

  // Sends frames 0, 1, ... one every `interval`.
  void send_numbered(std::uint64_t count, Duration interval, std::size_t size = 64) {
    for (std::uint64_t i = 0; i < count; ++i) {
      a.send(numbered_frame(i, size));
      world.run_for(interval);
    }
  }
  [[nodiscard]] const LinkCounters& counters() const { return link.counters(Direction::kAToB); }

  World world;
  Station& a;
  Station& b;
  Link& link;
};

}  // namespace strata::sim

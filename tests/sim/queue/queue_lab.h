// SPDX-License-Identifier: Apache-2.0
// What the tests of queues share: UDP frames of flows, and who is dropped.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/sim_queue.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "support/frames.h"

namespace strata::sim {

using namespace std::chrono_literals;

inline constexpr std::size_t kHeaderBytes = 14 + 20 + 8;

inline constexpr MacAddress kMacA = MacAddress::from_value(2), kMacB = MacAddress::from_value(4);

inline support::Frame from_a_to_b(const support::Frame& packet) {
  return support::ip_frame(kMacB, kMacA, packet);
}

// A datagram from port `flow`, of `size` bytes with all headers; its ECN bits as told.
inline support::Frame flow_frame(std::uint16_t flow, std::size_t size, std::uint8_t ecn = 0) {
  support::Frame packet =
      support::udp_packet({IpAddress::v4(10, 0, 0, 1), flow}, {IpAddress::v4(10, 0, 0, 2), 9},
                          support::pattern(size - kHeaderBytes));
  wire::Ipv4Layout::TrafficClass::set(packet.writable(), ecn);
  wire::Ipv4Layout::Checksum::set(packet.writable(), 0);
  wire::Ipv4Layout::Checksum::set(packet.writable(),
                                  fold(wire::partial_sum(packet.all().first(20))));
  return from_a_to_b(packet);
}

inline std::uint16_t flow_in(const Packet& frame) {
  return wire::UdpLayout::SourcePort::get(frame.bytes().subspan(34));
}
inline std::uint8_t ecn_in(const Packet& frame) {
  return wire::Ipv4Layout::TrafficClass::get(frame.bytes().subspan(14)) & 3U;
}

struct QueueTest : testing::Test, QueueDiscipline::Drops {
  void drop(PacketPtr frame) override { dropped.emplace_back(now, flow_in(*frame)); }
  void put(QueueDiscipline& queue, std::uint16_t flow, std::size_t size = 1000,
           std::uint8_t ecn = 0) {
    const support::Frame bytes = flow_frame(flow, size, ecn);
    PacketPtr made = pool.allocate_for(size);
    copy_bytes(bytes.all(), made->append(size));
    queue.enqueue(std::move(made), now, *this);
  }
  [[nodiscard]] PacketPtr take(QueueDiscipline& queue) { return queue.dequeue(now, *this); }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 4096, .large_buffers = 0, .extra_descriptors = 0}};
  Time now = Time(1s);
  std::vector<std::pair<Time, std::uint16_t>> dropped;
};

}  // namespace strata::sim

// SPDX-License-Identifier: Apache-2.0
// Bench: a stack under virtual time with test devices, and the hosts that tests talk to.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"
#include "support/frames.h"
#include "support/test_device.h"

namespace strata::support {

using namespace std::chrono_literals;

[[nodiscard]] inline IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress{});
}
[[nodiscard]] inline Prefix prefix(std::string_view text) {
  const auto parsed = Prefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Prefix{});
}

inline const MacAddress kOurMac = MacAddress::from_value(0x0200'0000'0001);
inline const MacAddress kPeerMac = MacAddress::from_value(0x0200'0000'0002);
inline const MacAddress kOtherMac = MacAddress::from_value(0x0200'0000'0003);

struct BenchOptions {
  StackConfig stack{};
  PacketPoolConfig pool{
      .small_buffers = 512, .large_buffers = 16, .external_buffers = 0, .extra_descriptors = 512};
};

class Bench {
 public:
  explicit Bench(const BenchOptions& options = {})
      : pool(pool_memory, options.pool), stack(make(options)) {}

  // A device and the interface on it, which is fit for use at once unless `config` says otherwise.
  InterfaceId add(TestDevice& device, InterfaceConfig config) {
    const auto added = stack.add_interface(device, config, now);
    EXPECT_TRUE(added) << to_text(added.error());
    devices.push_back(&device);
    return added.value_or(kNoInterface);
  }
  InterfaceId add(TestDevice& device) {
    InterfaceConfig config;
    config.detect_duplicates = false;
    config.accept_router_advertisements = false;
    return add(device, config);
  }

  // Polls and flushes until nothing is left to be done now.
  void settle() {
    for (int turn = 0; turn < 1000; ++turn) {
      bool more = stack.poll(now);
      stack.flush(now);
      for (const TestDevice* device : devices) more = more || device->has_arrivals();
      const auto deadline = stack.next_deadline();
      if (!more && (!deadline || *deadline > now)) return;
    }
    FAIL() << "the stack never comes to rest";
  }

  // Lets virtual time pass, stopping at every deadline.
  void run_for(Duration duration) {
    const Time end = now + duration;
    settle();
    for (auto deadline = stack.next_deadline(); deadline && *deadline <= end;
         deadline = stack.next_deadline()) {
      now = std::max(now, *deadline);
      settle();
      if (testing::Test::HasFatalFailure()) return;
    }
    now = end;
    settle();
  }

  [[nodiscard]] std::uint64_t drops(DropReason reason) const { return stack.drops(reason); }
  [[nodiscard]] std::uint64_t all_drops() const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kDropReasonCount; ++i)
      total += drops(DropReason{static_cast<std::uint8_t>(i)});
    return total;
  }

  HeapMemory pool_memory;
  HeapMemory memory;
  PacketPool pool;
  Time now = Time{} + 1000s;
  Stack stack;
  std::vector<TestDevice*> devices;

 private:
  [[nodiscard]] Stack make(const BenchOptions& options) {
    StackConfig config = options.stack;
    config.memory = &memory;
    config.pool = &pool;
    if (config.seed == 0) config.seed = 7;
    auto made = Stack::create(config);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
};

// One host with one interface and a peer whose link-layer address it knows:
//
//   10.0.0.1, fd00::1, fe80::1  eth0 ─── 10.0.0.2, fd00::2, fe80::2 at kPeerMac
class Host : public Bench {
 public:
  explicit Host(const BenchOptions& options = {}) : Bench(options), eth0(add(device)) {
    for (const char* own : {"10.0.0.1/24", "fd00::1/64", "fe80::1/64"}) {
      EXPECT_TRUE(stack.add_address(eth0, prefix(own), now)) << own;
    }
    for (const IpAddress& peer : {peer4, peer6, peer_link_local}) {
      EXPECT_TRUE(stack.add_neighbor(eth0, peer, kPeerMac, now));
    }
    run_for(10s);  // announcements and group reports
    (void)device.take_sent();
  }

  // Frames go in, the stack acts, and what it sends comes out.
  Frames exchange(Frame frame, const PacketNotes& notes = PacketNotes{}) {
    device.push(std::move(frame), notes);
    settle();
    return device.take_sent();
  }
  // The same for an IP packet from the peer.
  Frames from_peer(const Frame& packet) { return exchange(ip_frame(kOurMac, kPeerMac, packet)); }
  // And to the link-layer group of the packet's destination.
  Frames from_peer_to_group(const Frame& packet) {
    const Decoded is = decode_ip(packet.all());
    const MacAddress group = is.destination.is_multicast()
                                 ? MacAddress::for_multicast(is.destination)
                                 : MacAddress::broadcast();
    return exchange(ip_frame(group, kPeerMac, packet));
  }
  Frames after(Duration duration) {
    run_for(duration);
    return device.take_sent();
  }

  const IpAddress own4 = address("10.0.0.1");
  const IpAddress own6 = address("fd00::1");
  const IpAddress own_link_local = address("fe80::1");
  const IpAddress peer4 = address("10.0.0.2");
  const IpAddress peer6 = address("fd00::2");
  const IpAddress peer_link_local = address("fe80::2");
  TestDevice device;
  InterfaceId eth0;
};

// Carries frames between two devices until neither stack has anything more to say now.
inline void carry(Bench& a, TestDevice& a_device, Bench& b, TestDevice& b_device) {
  for (int turn = 0; turn < 1000; ++turn) {
    a.settle();
    b.settle();
    Frames from_a = a_device.take_sent();
    Frames from_b = b_device.take_sent();
    if (from_a.empty() && from_b.empty()) return;
    for (Frame& frame : from_a) b_device.push(std::move(frame));
    for (Frame& frame : from_b) a_device.push(std::move(frame));
  }
  FAIL() << "the stacks never come to rest";
}

}  // namespace strata::support

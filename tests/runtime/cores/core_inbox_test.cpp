// SPDX-License-Identifier: Apache-2.0
// Cores on threads of their own: what one hands over another receives, asleep or awake.
#include "runtime/cores/core_inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "support/tcp_frames.h"
#include "support/test_device.h"

namespace strata::runtime::core_inbox_test {
namespace {

using support::Frame;

constexpr MacAddress kOurs = MacAddress::from_value(0x0200'0000'0001);
constexpr MacAddress kTheirs = MacAddress::from_value(0x0200'0000'0002);
constexpr std::uint64_t kEach = 3000;

// A queue whose frames are for both cores in turn, at most a few a turn.
class Source final : public Device {
 public:
  explicit Source(std::uint64_t frames) : left_(frames) {
    for (std::uint16_t core = 0; core < 2; ++core) frames_[core] = frame_for(core);
  }
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override {
    for (int i = 0; i < 4 && left_ != 0 && batch.room() != 0; ++i) {
      PacketPtr packet = pool.allocate();
      if (packet == nullptr) return;
      const Frame& frame = frames_[--left_ % 2];
      copy_bytes(frame.all(), packet->append(frame.size()));
      batch.push(std::move(packet));
    }
  }
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override { batch.clear(); }
  [[nodiscard]] bool is_empty() const { return left_ == 0; }

 private:
  static Frame frame_for(std::uint16_t core) {
    const FlowShare share{.cores = 2};
    const IpAddress us = IpAddress::v4(10, 0, 0, 1);
    const IpAddress them = IpAddress::v4(10, 0, 0, 2);
    std::uint16_t port = 40000;
    while (share.home_of(Endpoint{us, 80}, Endpoint{them, port}) != core) ++port;
    return support::ip_frame(kOurs, kTheirs, support::tcp_packet({them, port}, {us, 80}, {}));
  }

  DeviceCapabilities capabilities_;
  std::array<Frame, 2> frames_;
  std::uint64_t left_;
};

// What a core's stack would do: receive, and count.
class Receiver final : public Pollable {
 public:
  Receiver(SteeredDevice& device, const Source& source) : device_(device), source_(source) {}
  bool turn(Time /*now*/) override {
    PacketBatch batch;
    device_.receive(pool_, batch);
    received_.fetch_add(batch.size(), std::memory_order_relaxed);
    return !batch.empty() || !source_.is_empty();
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override { return std::nullopt; }
  [[nodiscard]] std::uint64_t received() const { return received_.load(std::memory_order_relaxed); }
  [[nodiscard]] PacketPool& pool() { return pool_; }

 private:
  HeapMemory memory_;
  PacketPool pool_{memory_, {.small_buffers = 2048, .large_buffers = 0}};
  SteeredDevice& device_;
  const Source& source_;
  std::atomic<std::uint64_t> received_{0};
};

TEST(CoreInbox, WhatWasHandedOverKeepsACoreFromSleeping) {
  PortClaims claims(2);
  Bells bells(2);
  Crossbar crossbar({.cores = 2, .queues = 1, .capabilities = {.mac = kOurs}}, claims, bells);
  Source source(0);
  SteeredDevice giver(crossbar, 0, &source);
  SteeredDevice taker(crossbar, 1, nullptr);
  CoreInbox inbox(bells, 1);
  inbox.add(taker);
  int rung = 0;
  bells.set(1, [&rung] { ++rung; });
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 4, .large_buffers = 0});
  EXPECT_TRUE(inbox.prepare_to_sleep());
  giver.hand_over(pool.allocate(), 1);
  EXPECT_EQ(rung, 1) << "it slept";
  EXPECT_FALSE(inbox.prepare_to_sleep()) << "it has not looked yet";
  crossbar.clear();
  EXPECT_TRUE(inbox.prepare_to_sleep());
}

TEST(CoreInbox, ThreadsHandEverythingOverAndSleepInBetween) {
  for (const LoopPolicy policy : {LoopPolicy::kSleep, LoopPolicy::kAdaptive}) {
    PortClaims claims(2);
    Bells bells(2);
    Crossbar crossbar(
        {.cores = 2, .queues = 2, .capabilities = {.mac = kOurs}, .ring_packets = 4096}, claims,
        bells);
    struct Side {
      Side(Crossbar& bar, Bells& all, std::uint16_t core, LoopPolicy how)
          : device(bar, core, &source), inbox(all, core), loop(*Loop::create({.policy = how})) {
        inbox.add(device);
        EXPECT_TRUE(loop->add(receiver));
        EXPECT_TRUE(loop->add(inbox));
        all.set(core, [this] { loop->wake(); });
      }
      ~Side() {
        loop->remove(receiver);
        loop->remove(inbox);
      }
      Source source{kEach};
      SteeredDevice device;
      Receiver receiver{device, source};
      CoreInbox inbox;
      std::unique_ptr<Loop> loop;
    };
    Side first(crossbar, bells, 0, policy);
    Side second(crossbar, bells, 1, policy);
    std::thread thread([&second] { second.loop->run(); });
    const auto done = [&] {
      const std::uint64_t lost = first.device.crossings().ring_full_drops;
      return first.receiver.received() + second.receiver.received() + lost >= 2 * kEach;
    };
    for (int turns = 0; turns < 200'000 && !done(); ++turns) {
      first.loop->run_once(std::chrono::milliseconds(10));
    }
    second.loop->stop_from_outside();
    thread.join();
    const std::uint64_t lost =
        first.device.crossings().ring_full_drops + second.device.crossings().ring_full_drops;
    EXPECT_EQ(first.receiver.received() + second.receiver.received() + lost, 2 * kEach);
    EXPECT_GT(first.device.crossings().taken_over, 0U);
    EXPECT_GT(second.device.crossings().taken_over, 0U);
    crossbar.clear();
    EXPECT_EQ(first.receiver.pool().descriptors_in_use(), 0U);
    EXPECT_EQ(second.receiver.pool().descriptors_in_use(), 0U);
  }
}

}  // namespace
}  // namespace strata::runtime::core_inbox_test

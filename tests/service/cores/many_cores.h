// SPDX-License-Identifier: Apache-2.0
// Several stacks as one host under virtual time: frames come to any core's queue, links lose and
// reorder, cores fall asleep or behind. One seed, one run.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/cores/crossbar.h"
#include "runtime/cores/steered_device.h"
#include "runtime/cores/whole_steering.h"
#include "service/cores/config_mirror.h"
#include "stack/core.h"
#include "strata/rng.h"
#include "strata/sim.h"

namespace strata::service::many_cores {

inline constexpr IpAddress kUs4 = IpAddress::v4(10, 0, 0, 2);
inline constexpr IpAddress kThem4 = IpAddress::v4(10, 0, 0, 1);
inline const IpAddress kUs6 = *IpAddress::parse("fd00::2");
inline const IpAddress kThem6 = *IpAddress::parse("fd00::1");
inline constexpr std::uint16_t kPort = 7;

// A queue of the one port that all cores share.
class Queue final : public Device {
 public:
  Queue(sim::Station& station, const DeviceCapabilities& offers)
      : station_(station), offers_(offers) {}
  void arrive(PacketPtr frame) { arrived_.push(std::move(frame)); }
  [[nodiscard]] bool has_arrivals() const { return !arrived_.empty(); }

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return offers_; }
  void receive(PacketPool& pool, PacketBatch& batch) override {
    while (batch.room() != 0) {
      const PacketPtr frame = arrived_.pop();
      if (frame == nullptr) return;
      PacketPtr copy = frame->copy(pool);
      if (copy == nullptr) continue;
      copy->notes() = PacketNotes{};
      ++counters_.received_packets;
      batch.push(std::move(copy));
    }
  }
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override {
    for (const Packet* packet : batch.packets()) {
      std::vector<std::byte> bytes(packet->size());
      packet->copy_out(0, bytes);
      ++counters_.sent_packets;
      static_cast<void>(station_.send(bytes));
    }
    batch.clear();
  }

 private:
  sim::Station& station_;
  DeviceCapabilities offers_;
  PacketQueue arrived_;
};

struct HostConfig {
  std::uint16_t cores = 2;
  std::uint16_t queues = 2;
  std::size_t ring_packets = 64;
  // A core has its turn with this chance; otherwise it is late.
  unsigned turns_of_ten = 10;
  std::uint16_t stopped = 0xffff;  // a core that never has a turn
};

struct Core {
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 1024, .large_buffers = 64}};
  std::unique_ptr<runtime::SteeredDevice> device;
  runtime::WholeSteering wholes;
  std::optional<Stack> stack;
};

class HostOfCores {
 public:
  HostOfCores(sim::World& world, sim::Station& station, const HostConfig& config)
      : world_(world),
        config_(config),
        claims_(config.cores),
        bells_(config.cores),
        offers_{.mac = station.mac()},
        crossbar_({.cores = config.cores,
                   .queues = config.queues,
                   .capabilities = offers_,
                   .ring_packets = config.ring_packets},
                  claims_, bells_) {
    for (std::uint16_t i = 0; i < config.queues; ++i) {
      queues_.push_back(std::make_unique<Queue>(station, offers_));
    }
    for (std::uint16_t i = 0; i < config.cores; ++i) add_core(i);
    station.set_on_frame([this](PacketPtr frame, std::size_t, Time) {
      // As bad as a device's own spreading can be.
      queues_[rng_.next() % queues_.size()]->arrive(std::move(frame));
      turn_soon();
    });
    turn_soon();
  }
  ~HostOfCores() {
    sockets_are_gone();
    crossbar_.clear();
  }

  [[nodiscard]] Stack& stack(std::uint16_t core) { return *cores_[core]->stack; }
  [[nodiscard]] Core& core(std::uint16_t core) { return *cores_[core]; }
  [[nodiscard]] std::uint16_t count() const { return config_.cores; }
  // After acting on a socket from outside.
  void turn_soon() {
    if (std::exchange(is_posted_, true)) return;
    world_.executor().post([this] {
      is_posted_ = false;
      turn();
    });
  }
  void let_core_run(std::uint16_t core) {
    if (config_.stopped == core) config_.stopped = 0xffff;
    turn_soon();
  }
  template <typename Sum>
  [[nodiscard]] std::uint64_t sum(Sum of) {
    std::uint64_t total = 0;
    for (const auto& core : cores_) total += of(*core);
    return total;
  }

 private:
  void sockets_are_gone() {
    for (const auto& core : cores_) core->stack.reset();
  }

  void add_core(std::uint16_t number) {
    cores_.push_back(std::make_unique<Core>());
    Core& core = *cores_.back();
    Device* const queue = number < queues_.size() ? queues_[number].get() : nullptr;
    core.device = std::make_unique<runtime::SteeredDevice>(crossbar_, number, queue);
    StackConfig config;
    config.memory = &core.memory;
    config.pool = &core.pool;
    config.seed = number + 1;
    config.secret = {1, 2};
    auto made = Stack::create(config);
    ASSERT_TRUE(made.has_value());
    core.stack.emplace(std::move(*made));
    const bool is_front = number == 0;
    InterfaceConfig settings;
    settings.name = "eth0";
    settings.accept_router_advertisements = is_front;
    settings.detect_duplicates = false;
    const auto interface = core.stack->add_interface(*core.device, settings, world_.now());
    ASSERT_TRUE(interface.has_value());
    core.stack->core().set_share(
        {.cores = config_.cores, .own = number, .udp_ports = &claims_.of(number)}, &core.wholes);
    core.wholes.add(*interface, *core.device, {});
    if (is_front) {
      ASSERT_TRUE(core.stack->add_address(*interface, *Prefix::parse("10.0.0.2/24"), world_.now()));
      ASSERT_TRUE(core.stack->add_address(*interface, *Prefix::parse("fd00::2/64"), world_.now()));
    } else {
      SharedConfig::of(*cores_[0]->stack, world_.now()).apply_to(*core.stack, world_.now());
    }
  }

  void turn() {
    const Time now = world_.now();
    bool is_late = false;
    for (std::uint16_t number = 0; number < config_.cores; ++number) {
      if (number == config_.stopped) continue;
      if (rng_.next() % 10 >= config_.turns_of_ten) {
        is_late = true;
        continue;
      }
      Stack& stack = *cores_[number]->stack;
      while (stack.poll(now)) stack.flush(now);
      stack.flush(now);
    }
    plan_next(now, is_late);
  }

  void plan_next(Time now, bool is_late) {
    std::optional<Time> next;
    if (is_late) next = now + std::chrono::microseconds(10);
    for (std::uint16_t number = 0; number < config_.cores; ++number) {
      if (number == config_.stopped) continue;
      next = earlier(next, cores_[number]->stack->next_deadline());
      if (cores_[number]->device->has_waiting()) next = now;
    }
    if (!next) return;
    if (*next <= now) return turn_soon();
    world_.executor().cancel_timer(timer_);
    timer_ = world_.executor().start_timer(*next, [this] { turn(); });
  }

  sim::World& world_;
  HostConfig config_;
  Rng rng_{9};
  runtime::PortClaims claims_;
  runtime::Bells bells_;
  DeviceCapabilities offers_;
  runtime::Crossbar crossbar_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::vector<std::unique_ptr<Core>> cores_;
  bool is_posted_ = false;
  TimerId timer_;
};

struct Lab {
  explicit Lab(const HostConfig& config = {},
               const sim::LinkConfig& line = {.delay = std::chrono::microseconds(100)},
               std::uint64_t seed = 1)
      : world(seed), peer(world.add_host("peer")), station(world.add_station("port")) {
    world.connect(peer, station, line);
    peer.add_address("10.0.0.1/24").add_address("fd00::1/64");
    host.emplace(world, station, config);
    // Addresses of the peer are checked for duplicates first.
    world.run_for(std::chrono::seconds(15));
  }
  sim::World world;
  sim::Host& peer;
  sim::Station& station;
  std::optional<HostOfCores> host;
};

}  // namespace strata::service::many_cores

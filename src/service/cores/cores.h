// SPDX-License-Identifier: Apache-2.0
// Cores: a host of several stacks, one a core, as it looks from its front core.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/cores/crossbar.h"
#include "service/cores/follower.h"
#include "service/hosted_stack.h"

//   front core (the program's own thread)         core 1 ...
//   Loop, HostedStack, control, DHCP, signals     Loop, HostedStack, services
//          │                                          │
//      SteeredDevice ──────── Crossbar ───────── SteeredDevice       one crossbar a device
//
// 1. Everything is made on the front core's thread; followers get threads with start(), and lose
//    them with stop(), after which the front core owns all of it again.
// 2. While threads run, cores meet in rings, bells and PortClaims (runtime/cores), and in
//    Loop::post_from_outside for what is no packet: configuration and status.

namespace strata::service {

class Cores final : public Pollable {
 public:
  Cores(Loop& front, std::uint16_t cores, LoopPolicy policy);
  ~Cores() override;
  Cores(const Cores&) = delete;
  Cores& operator=(const Cores&) = delete;

  [[nodiscard]] std::uint16_t count() const { return count_; }

  // `port` is as the front core would have it without other cores; queue k is for core k, and cores
  // without one send by another's. Answers the port that the front core gets.
  [[nodiscard]] Port add_port(const Port& port, std::vector<std::unique_ptr<Device>> queues);
  // Once the front core's stack is made, with the ports that were answered.
  [[nodiscard]] Outcome<void> start_followers(HostedStack& front, HostedStackOptions options,
                                              std::span<const Port> front_ports);
  [[nodiscard]] std::span<const std::unique_ptr<Follower>> followers() const { return followers_; }

  void start();
  void stop();
  [[nodiscard]] bool is_running() const { return is_running_; }
  // Over all devices. While threads run, for the core itself.
  [[nodiscard]] runtime::SteeredDevice::Crossings crossings_of(std::uint16_t core) const;
  // What is under way between cores goes back to its pools. After stop(), and before stacks end.
  void clear();

  // Pollable: tells followers of changes.
  bool turn(Time now) override;
  [[nodiscard]] std::optional<Time> next_deadline() const override { return std::nullopt; }

 private:
  // A device, and what each core sees of it.
  struct Line {
    Port port;
    std::vector<std::unique_ptr<Device>> queues;
    std::unique_ptr<runtime::Crossbar> crossbar;
    std::vector<std::unique_ptr<runtime::SteeredDevice>> ends;
  };

  [[nodiscard]] FlowShare share_of(std::uint16_t core);
  [[nodiscard]] Port port_of(const Line& line, std::uint16_t core) const;

  Loop& loop_;
  std::uint16_t count_;
  LoopPolicy policy_;
  runtime::Bells bells_;
  runtime::PortClaims claims_;
  std::vector<Line> lines_;
  runtime::CoreInbox inbox_;  // the front core's
  runtime::WholeSteering wholes_;
  HostedStack* front_ = nullptr;
  bool is_running_ = false;
  ConfigWatch watch_;
  std::vector<std::unique_ptr<Follower>> followers_;
};

}  // namespace strata::service

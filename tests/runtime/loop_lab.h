// SPDX-License-Identifier: Apache-2.0
// A loop that a test drives, and a pollable that does what the test says.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "strata/loop.h"

namespace strata::runtime::loop_lab {

struct TestLoop {
  explicit TestLoop(LoopPolicy policy = LoopPolicy::kSleep, Time (*clock)() = nullptr) {
    LoopOptions options;
    options.policy = policy;
    options.clock = clock;
    loop = *Loop::create(options);
  }
  Loop* operator->() const { return loop.get(); }
  std::unique_ptr<Loop> loop;
};

// Does as it is told and says how often it was asked.
struct Worker final : Pollable {
  bool turn(Time now) override {
    ++turns;
    return work ? work(now) : false;
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override { return deadline; }
  [[nodiscard]] std::span<const int> descriptors() const override { return watched; }
  bool prepare_to_sleep() override {
    ++preparations;
    return may_sleep;
  }
  void on_descriptor_lost(int descriptor) override { lost.push_back(descriptor); }

  std::function<bool(Time)> work;
  std::optional<Time> deadline;
  std::vector<int> watched;
  std::vector<int> lost;
  int turns = 0;
  int preparations = 0;
  bool may_sleep = true;
};

}  // namespace strata::runtime::loop_lab

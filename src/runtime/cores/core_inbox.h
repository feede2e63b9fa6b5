// SPDX-License-Identifier: Apache-2.0
// CoreInbox: keeps a core's loop from sleeping over what other cores have handed to it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/cores/bells.h"
#include "runtime/cores/steered_device.h"
#include "strata/loop.h"

namespace strata::runtime {

class CoreInbox final : public Pollable {
 public:
  CoreInbox(Bells& bells, std::uint16_t core) : bells_(bells), core_(core) {}

  // Before the loop runs. The device must outlive the inbox.
  void add(const SteeredDevice& device) { devices_.push_back(&device); }

  // The frames themselves are received by the stack.
  bool turn(Time /*now*/) override {
    bells_.say_awake(core_);
    return false;
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override { return std::nullopt; }
  [[nodiscard]] bool prepare_to_sleep() override {
    bells_.say_asleep(core_);
    for (const SteeredDevice* const device : devices_) {
      if (device->has_waiting()) return false;
    }
    return true;
  }

 private:
  Bells& bells_;
  std::uint16_t core_;
  std::vector<const SteeredDevice*> devices_;
};

}  // namespace strata::runtime

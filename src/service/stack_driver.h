// SPDX-License-Identifier: Apache-2.0
// StackDriver: what a loop turns so that a stack and its devices make progress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "strata/device.h"
#include "strata/inline_function.h"
#include "strata/loop.h"
#include "strata/stack.h"

// One turn, in this order:
//
//   follow links    a device whose cable was pulled or plugged, or that carries less or more than
//                   it did, changes its interface
//   stack.poll      one batch from each device
//   stack.flush     replies, what programs wrote since, and what has become due
//
// 1. Work left behind is always seen. poll() says when a batch was full; packets to ourselves and
//    programs yet to be told make next_deadline() lie in the past; descriptors are level-triggered.
// 2. A turn has worked when a device moved a packet: on a memory link that is work for the other
//    end, whose driver may have had its turn already. The loop turns again after such a turn.
// 3. A device without a descriptor that no other pollable of the loop feeds (a replay with its own
//    pace) is asked every millisecond; one whose link is down, twice a second.

namespace strata::service {

enum class Feeding : std::uint8_t {
  kDescriptor,  // readable when there is something
  kSameLoop,    // the other end is driven by the same loop
  kMustAsk,     // nothing tells
};

class StackDriver final : public Pollable {
 public:
  explicit StackDriver(Stack& stack) : stack_(stack) {}

  // The device must outlive the driver, or be removed. Not from inside turn(). The interface's MTU
  // follows the device's up to `mtu_max`.
  void add(Device& device, InterfaceId interface, Feeding feeding, std::size_t mtu_max = SIZE_MAX);
  // The loop must look at descriptors() again after these.
  void replace(Device& former, Device& device, Feeding feeding);
  void remove(Device& device);
  [[nodiscard]] bool knows(const Device& device) const;
  // Called once for a device that its host has deleted.
  void on_lost(InlineFunction<void(InterfaceId)> tell) { tell_lost_ = std::move(tell); }

  bool turn(Time now) override;
  [[nodiscard]] std::optional<Time> next_deadline() const override;
  [[nodiscard]] std::span<const int> descriptors() const override { return descriptors_; }
  [[nodiscard]] bool prepare_to_sleep() override;
  void on_descriptor_lost(int descriptor) override;

 private:
  struct Port {
    Device* device;
    InterfaceId interface;
    std::size_t device_mtu;
    std::size_t mtu_max;
    Feeding feeding;
    bool is_up = true;
  };

  void follow_links(Time now);
  void note_ports();
  [[nodiscard]] std::uint64_t packets_moved() const;

  Stack& stack_;
  std::vector<Port> ports_;
  std::vector<int> descriptors_;  // as the loop knows them, by port
  InlineFunction<void(InterfaceId)> tell_lost_;
  bool must_ask_ = false;
  bool is_link_down_ = false;
  Time last_turn_{};
};

}  // namespace strata::service

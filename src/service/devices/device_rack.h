// SPDX-License-Identifier: Apache-2.0
// DeviceRack: the devices of a stack by interface: opened, exchanged and taken out while it runs.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/stack_options.h"
#include "strata/device.h"

//   replace:  open the new one ─> the stack changes over ─> announcements leave through the new one
//             ─> what the old one still holds is taken in ─> the old one is closed
//
// 1. A device that cannot be opened, or does not fit, leaves everything as it was.
// 2. What has no device of its own here (the loopback, a VLAN, the rootless gateway's link) is
//    refused with its reason.

namespace strata::service {

// An interface is called as its device is: without what kind it is, and without its folder. One
// without a name has that of the kernel, or else a number.
[[nodiscard]] std::string interface_name(const std::string& spec, const Device& device,
                                         std::size_t number);
// How a loop learns that a device has something, when nobody on the loop is its other end.
[[nodiscard]] Feeding feeding_of(const Device& device);
// Frames that the kernel hashes to a queue nobody reads would be lost without a trace.
[[nodiscard]] std::unexpected<Failure> too_many_queues(std::string_view spec, std::size_t queues,
                                                       std::size_t cores);

struct InterfaceManners {
  bool detects_duplicates = true;
  bool accepts_router_advertisements = true;
};

class DeviceRack {
 public:
  struct Slot {
    std::string interface;
    std::string spec;
    std::unique_ptr<Device> device;
  };

  // By which devices are opened from now on, where this process may not open them itself.
  using Opener = std::function<Outcome<std::unique_ptr<Device>>(const std::string& spec)>;
  void open_by(Opener opener) { opener_ = std::move(opener); }

  // For a stack that is yet to be made. The device stays here, and outlives the stack.
  [[nodiscard]] Outcome<Port> open(const DeviceOptions& options, bool detects_duplicates);

  // Of a running stack, from outside its turns.
  [[nodiscard]] Outcome<void> replace(HostedStack& stack, std::string_view interface,
                                      const std::string& spec);
  // The name of the new interface.
  [[nodiscard]] Outcome<std::string> add(HostedStack& stack, const DeviceOptions& options,
                                         const InterfaceManners& manners = {});
  [[nodiscard]] Outcome<void> remove(HostedStack& stack, std::string_view interface);

  [[nodiscard]] std::span<const Slot> slots() const { return slots_; }

 private:
  [[nodiscard]] Outcome<std::unique_ptr<Device>> open_one(const std::string& spec) const;
  [[nodiscard]] Outcome<Slot*> find(const HostedStack& stack, std::string_view interface);
  [[nodiscard]] Outcome<void> refuse_what_is_held(const std::string& spec) const;

  std::vector<Slot> slots_;
  Opener opener_;  // empty: this process
};

}  // namespace strata::service

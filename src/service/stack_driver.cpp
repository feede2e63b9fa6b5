// SPDX-License-Identifier: Apache-2.0
#include "service/stack_driver.h"

#include <algorithm>
#include <chrono>

namespace strata::service {
namespace {

constexpr Duration kAskEvery = std::chrono::milliseconds(1);
constexpr Duration kLookAtDownLinksEvery = std::chrono::milliseconds(500);

}  // namespace

void StackDriver::add(Device& device, InterfaceId interface, Feeding feeding, std::size_t mtu_max) {
  ports_.push_back({.device = &device,
                    .interface = interface,
                    .device_mtu = device.capabilities().mtu,
                    .mtu_max = mtu_max,
                    .feeding = feeding});
  note_ports();
}

void StackDriver::replace(Device& former, Device& device, Feeding feeding) {
  for (Port& port : ports_) {
    if (port.device != &former) continue;
    port.device = &device;
    port.feeding = feeding;
  }
  note_ports();
}

void StackDriver::remove(Device& device) {
  std::erase_if(ports_, [&](const Port& port) { return port.device == &device; });
  note_ports();
}

bool StackDriver::knows(const Device& device) const {
  return std::ranges::find(ports_, &device, &Port::device) != ports_.end();
}

void StackDriver::note_ports() {
  descriptors_.clear();
  for (const Port& port : ports_) descriptors_.push_back(port.device->descriptor());
  must_ask_ = std::ranges::any_of(
      ports_, [](const Port& port) { return port.feeding == Feeding::kMustAsk; });
}

void StackDriver::follow_links(Time now) {
  is_link_down_ = false;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    Port& port = ports_[i];
    // A device that waits at more than one descriptor of the kernel's knows itself what an error of
    // theirs stands for.
    if (descriptors_[i] >= 0 && port.device->descriptor() < 0) on_descriptor_lost(descriptors_[i]);
    const bool is_up = port.device->is_up();
    is_link_down_ = is_link_down_ || !is_up;
    if (const std::size_t mtu = port.device->capabilities().mtu; mtu != port.device_mtu) {
      port.device_mtu = mtu;
      static_cast<void>(stack_.set_mtu(port.interface, std::min(mtu, port.mtu_max), now));
    }
    if (is_up == port.is_up) continue;
    port.is_up = is_up;
    // The interface was made by whoever added the port; if it is gone, nothing is left to tell.
    static_cast<void>(stack_.set_interface_up(port.interface, is_up, now));
  }
}

std::uint64_t StackDriver::packets_moved() const {
  std::uint64_t moved = 0;
  for (const Port& port : ports_) {
    const Device::Counters& counters = port.device->counters();
    moved += counters.received_packets + counters.sent_packets + counters.pool_empty_drops;
  }
  return moved;
}

bool StackDriver::turn(Time now) {
  last_turn_ = now;
  const std::uint64_t before = packets_moved();
  follow_links(now);
  const bool is_more = stack_.poll(now);
  stack_.flush(now);
  return is_more || packets_moved() != before;
}

std::optional<Time> StackDriver::next_deadline() const {
  std::optional<Time> deadline = stack_.next_deadline();
  if (must_ask_) deadline = earlier(deadline, last_turn_ + kAskEvery);
  if (is_link_down_) deadline = earlier(deadline, last_turn_ + kLookAtDownLinksEvery);
  return deadline;
}

bool StackDriver::prepare_to_sleep() {
  bool may_sleep = true;
  for (const Port& port : ports_) may_sleep = port.device->prepare_to_sleep() && may_sleep;
  return may_sleep;
}

void StackDriver::on_descriptor_lost(int descriptor) {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (descriptors_[i] != descriptor) continue;
    descriptors_[i] = -1;
    if (tell_lost_) tell_lost_(ports_[i].interface);
  }
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/devices/device_rack.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "driver/host_link.h"
#include "strata/devices.h"

namespace strata::service {
namespace {

constexpr std::size_t kNameBytesMax = 15;

// With mtu= in the device's name the host's end agrees, unless the name says so itself.
std::string spec_with_mtu(const DeviceOptions& options) {
  const auto spec = DeviceSpec::parse(options.spec);
  if (options.mtu == 0 || !spec || spec->find("mtu") != nullptr) return options.spec;
  return fmt::format("{},mtu={}", options.spec, options.mtu);
}

Outcome<std::unique_ptr<Device>> open_here(const std::string& spec) {
  auto queues = open_queues(spec);
  if (!queues) {
    DeviceError error = std::move(queues).error();
    return failed(std::move(error.text), std::move(error.hint));
  }
  if (queues->size() > 1) return too_many_queues(spec, queues->size(), 1);
  return std::move(queues->front());
}

}  // namespace

Feeding feeding_of(const Device& device) {
  return device.descriptor() < 0 ? Feeding::kMustAsk : Feeding::kDescriptor;
}

std::string interface_name(const std::string& spec, const Device& device, std::size_t number) {
  std::string name = name_of_device(spec);
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
    name.erase(0, slash + 1);
  }
  name.resize(std::min(name.size(), kNameBytesMax));
  if (name.empty()) name = driver::interface_of_queue(device.descriptor());
  return name.empty() ? fmt::format("if{}", number) : name;
}

std::unexpected<Failure> too_many_queues(std::string_view spec, std::size_t queues,
                                         std::size_t cores) {
  return failed(
      fmt::format("{}: {} queues need as many cores, and there are {}", spec, queues, cores),
      fmt::format("say --cores {}, or leave queues= out", queues));
}

Outcome<std::unique_ptr<Device>> DeviceRack::open_one(const std::string& spec) const {
  return opener_ ? opener_(spec) : open_here(spec);
}

Outcome<Port> DeviceRack::open(const DeviceOptions& options, bool detects_duplicates) {
  std::string spec = spec_with_mtu(options);
  auto device = open_one(spec);
  if (!device) return std::unexpected(std::move(device).error());
  std::string name = interface_name(options.spec, **device, slots_.size() + 1);
  slots_.push_back({name, std::move(spec), *std::move(device)});
  Device& opened = *slots_.back().device;
  return Port{.name = std::move(name),
              .device = &opened,
              .feeding = feeding_of(opened),
              .addresses = options.addresses,
              .mtu = options.mtu,
              .detect_duplicates = detects_duplicates,
              .vlans = options.vlans};
}

Outcome<DeviceRack::Slot*> DeviceRack::find(const HostedStack& stack, std::string_view interface) {
  const auto found = std::ranges::find(slots_, interface, &Slot::interface);
  if (found != slots_.end()) return &*found;
  std::string choices;
  for (const Slot& slot : slots_) choices += (choices.empty() ? "" : ", ") + slot.interface;
  const std::string hint = choices.empty() ? "" : fmt::format("there is: {}", choices);
  if (!stack.has_interface(interface)) {
    return failed(fmt::format("{}: there is no such interface", interface), hint);
  }
  return failed(fmt::format("{}: this interface has no device of its own", interface), hint);
}

// Opening it again would be refused by the kernel, or make a cable from us to us.
Outcome<void> DeviceRack::refuse_what_is_held(const std::string& text) const {
  const auto wanted = DeviceSpec::parse(text);
  if (!wanted || wanted->name.empty()) return {};
  const bool is_exclusive =
      wanted->kind == "tap" || wanted->kind == "tun" || wanted->kind == "pipe";
  for (const Slot& slot : slots_) {
    const auto held = DeviceSpec::parse(slot.spec);
    if (!is_exclusive || !held || held->kind != wanted->kind || held->name != wanted->name) {
      continue;
    }
    return failed(fmt::format("{}:{} is the device of interface {} already", held->kind, held->name,
                              slot.interface));
  }
  return {};
}

Outcome<void> DeviceRack::replace(HostedStack& stack, std::string_view interface,
                                  const std::string& spec) {
  auto slot = find(stack, interface);
  if (!slot) return std::unexpected(std::move(slot).error());
  if (auto refused = refuse_what_is_held(spec); !refused) return refused;
  auto device = open_one(spec);
  if (!device) return std::unexpected(std::move(device).error());
  auto replaced = stack.replace_device(interface, *(*slot)->device, **device, feeding_of(**device));
  if (!replaced) return replaced;
  // Destroys, and so closes, what has been there until now.
  (*slot)->device = *std::move(device);
  (*slot)->spec = spec;
  return {};
}

Outcome<std::string> DeviceRack::add(HostedStack& stack, const DeviceOptions& options,
                                     const InterfaceManners& manners) {
  if (auto refused = refuse_what_is_held(options.spec); !refused) {
    return std::unexpected(std::move(refused).error());
  }
  auto port = open(options, manners.detects_duplicates);
  if (!port) return std::unexpected(std::move(port).error());
  port->accept_router_advertisements = manners.accepts_router_advertisements;
  if (auto plugged = stack.plug(*port); !plugged) {
    slots_.pop_back();
    return std::unexpected(std::move(plugged).error());
  }
  return port->name;
}

Outcome<void> DeviceRack::remove(HostedStack& stack, std::string_view interface) {
  auto slot = find(stack, interface);
  if (!slot) return std::unexpected(std::move(slot).error());
  if (auto unplugged = stack.unplug(interface, *(*slot)->device); !unplugged) return unplugged;
  slots_.erase(slots_.begin() + (*slot - slots_.data()));
  return {};
}

}  // namespace strata::service

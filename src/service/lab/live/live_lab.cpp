// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/live_lab.h"

#include <fmt/format.h>

#include <utility>

#include "strata/devices.h"

namespace strata::service {
namespace {

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

// The MTU of the way out, as a device of a host has it.
std::size_t mtu_of(const LabFile& lab, std::size_t node) {
  for (const LabLink& link : lab.links) {
    if (link.from_node == node) return link.there.mtu;
    if (link.to_node == node) return link.back.mtu;
  }
  return 0;
}

TapOptions tap_options(const LabFile& lab, const sim::AddressPlan& plan, std::size_t node) {
  const LabDevice& device = lab.nodes[node].device;
  TapOptions options;
  options.name = device.interface;
  options.network_namespace = device.network_namespace;
  options.mtu = mtu_of(lab, node);
  // Links carry whole frames with finished checksums, each no longer than their MTU.
  options.offloads = false;
  for (const sim::PlannedAddress& address : plan.addresses) {
    if (address.node == node) options.host_addresses.push_back(address.prefix);
  }
  for (const sim::PlannedRoute& route : plan.routes) {
    // The host's own way to everywhere is not a lab's to take.
    const bool is_taken = device.network_namespace.empty() && route.destination.length() == 0;
    if (route.node == node && !is_taken) {
      options.host_routes.push_back({route.destination, route.gateway});
    }
  }
  return options;
}

std::string place_of(const LabDevice& device) {
  if (device.network_namespace.empty()) return device.interface;
  return fmt::format("{}@{}", device.interface, device.network_namespace);
}

std::string announce(const LabNode& node, const TapOptions& options) {
  std::string text = fmt::format("{} is {}", node.name, place_of(node.device));
  for (const Prefix& prefix : options.host_addresses) {
    text += fmt::format(", {}", to_text(prefix).view());
  }
  return text + "\n";
}

}  // namespace

Outcome<void> check_needs_no_device(const LabFile& lab, const std::string& path) {
  for (const LabNode& node : lab.nodes) {
    if (node.kind != LabNode::Kind::kDevice) continue;
    return failed(fmt::format("{}:{}: device: {} is a real device, for which time cannot jump",
                              path, node.line, node.name),
                  "run this lab with --realtime");
  }
  return {};
}

Outcome<std::unique_ptr<LiveLab>> LiveLab::create(LabRun& run, const LabFile& lab,
                                                  const std::string& path, LoopPolicy policy) {
  auto world = sim::LiveWorld::create(run.world(), policy);
  if (!world) return failed("no epoll descriptor: too many files are open");
  std::unique_ptr<LiveLab> live(new LiveLab(run, lab, *std::move(world)));
  for (std::size_t node = 0; node < lab.nodes.size(); ++node) {
    if (lab.nodes[node].kind != LabNode::Kind::kDevice) continue;
    if (auto opened = live->open(node, path); !opened) {
      return std::unexpected(std::move(opened).error());
    }
  }
  return live;
}

Outcome<void> LiveLab::open(std::size_t node, const std::string& path) {
  const LabNode& named = lab_.nodes[node];
  const TapOptions options = tap_options(lab_, run_.plan(), node);
  auto opened = open_tap(options);
  if (!opened) {
    return failed(fmt::format("{}:{}: device: {}", path, named.line, opened.error().text),
                  opened.error().hint);
  }
  auto* const station = static_cast<sim::Station*>(run_.world().find_node(named.name));
  if (!live_->join(*station, std::move(opened->front()))) {
    return failed(fmt::format("{}:{}: device: it cannot be waited for", path, named.line));
  }
  interfaces_.push_back(place_of(named.device));
  announcement_ += announce(named, options);
  return {};
}

LabResults LiveLab::run(InlineFunction<bool(double share)> goes_on) {
  goes_on_ = std::move(goes_on);
  LabResults results = run_.run([this](double share) { return goes_on_(share); },
                                [this](Time time) { return reach(time); });
  results.accuracy = LabAccuracy{live_->accuracy(), interfaces_};
  return results;
}

bool LiveLab::reach(Time time) {
  run_.world().wake_hosts();
  while (live_->step(time)) {
    if (!goes_on_(seconds(run_.world().now() - Time{}) / seconds(lab_.until))) return false;
  }
  return run_.world().now() >= time;
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/devices/switch_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>

#include "service/confine/confined.h"
#include "service/control/server.h"
#include "service/control/socket.h"
#include "service/stack_options.h"
#include "strata/devices.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::uint16_t kVlanMax = 4094;

constexpr PacketPoolConfig kPool{.small_buffers = 16384,
                                 .large_buffers = 1024,
                                 .external_buffers = 0,
                                 .extra_descriptors = 32768};

std::optional<std::uint16_t> parse_vlan_number(std::string_view text) {
  std::uint16_t vlan = 0;
  const auto [stopped, error] = std::from_chars(text.begin(), text.end(), vlan);
  if (error != std::errc{} || stopped != text.end() || vlan < 1 || vlan > kVlanMax) {
    return std::nullopt;
  }
  return vlan;
}

// One part of a list: a VLAN, one without its tag, or a range.
bool add_vlans(std::string_view part, SwitchVlans& vlans) {
  if (part.ends_with('u')) {
    const auto vlan = parse_vlan_number(part.substr(0, part.size() - 1));
    if (!vlan || vlans.untagged != 0) return false;
    vlans.untagged = *vlan;
    return true;
  }
  const std::size_t dash = part.find('-');
  const auto first = parse_vlan_number(part.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : parse_vlan_number(part.substr(dash + 1));
  if (!first || !last || *first > *last) return false;
  for (std::uint16_t vlan = *first; vlan <= *last; ++vlan) vlans.tagged.push_back(vlan);
  return true;
}

}  // namespace

std::string spec_of_port(const std::string& spec) {
  const auto parsed = DeviceSpec::parse(spec);
  const bool is_station = parsed && (parsed->kind == "packet" || parsed->kind == "xdp");
  if (!is_station || parsed->find("promiscuous") != nullptr) return spec;
  return spec + ",promiscuous=yes";
}

Outcome<SwitchPortVlans> parse_switch_vlans(std::string_view text) {
  const auto fault = [&] {
    return failed(
        fmt::format("'{}': expected a port and its VLANs, as in lan=10 (an access port), "
                    "up=10,20-29 (a trunk) or up=1u,10 (VLAN 1 without a tag)",
                    text));
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) return fault();
  SwitchPortVlans made{.port = std::string(text.substr(0, equals)), .vlans = {.untagged = 0}};
  const std::string_view list = text.substr(equals + 1);
  if (const auto access = parse_vlan_number(list)) {
    made.vlans.untagged = *access;
    return made;
  }
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (!add_vlans(list.substr(at, end - at), made.vlans)) return fault();
    at = end + 1;
  }
  std::ranges::sort(made.vlans.tagged);
  const bool is_twice = std::ranges::adjacent_find(made.vlans.tagged) != made.vlans.tagged.end() ||
                        std::ranges::binary_search(made.vlans.tagged, made.vlans.untagged);
  if (is_twice) return fault();
  return made;
}

SwitchNode::SwitchNode(std::unique_ptr<Loop> loop)
    : loop_(std::move(loop)), pool_(memory_, kPool) {}

SwitchNode::~SwitchNode() {
  control_ = nullptr;
  if (switch_ != nullptr) loop_->remove(*switch_);
}

Outcome<std::unique_ptr<SwitchNode>> SwitchNode::create(const SwitchNodeOptions& options) {
  auto loop = Loop::create({.policy = options.policy});
  if (!loop) return failed(fmt::format("no event loop: {}", to_text(loop.error())));
  std::unique_ptr<SwitchNode> node(new SwitchNode(std::move(*loop)));
  if (auto started = node->start(options); !started) {
    return std::unexpected(std::move(started).error());
  }
  return node;
}

Outcome<void> SwitchNode::start(const SwitchNodeOptions& options) {
  if (!pool_.is_usable()) return failed("there is no memory for the packet pool");
  if (const auto caught = loop_->stop_on_signals({SIGINT, SIGTERM, SIGHUP}); !caught) {
    return failed(fmt::format("signals cannot be caught: {}", to_text(caught.error())));
  }
  switch_ = std::make_unique<Switch>(
      memory_, pool_,
      SwitchOptions{.age_max = options.age_max, .secret = {random_seed(), random_seed()}});
  for (const std::string& spec : options.devices) {
    if (auto added = add_port(spec, options); !added) return added;
  }
  for (const SwitchPortVlans& vlans : options.vlans) {
    bool is_there = false;
    switch_->for_each_port(
        [&](const Switch::PortView& port) { is_there = is_there || port.name == vlans.port; });
    if (!is_there) return failed(fmt::format("vlan: there is no port '{}'", vlans.port));
  }
  if (const auto added = loop_->add(*switch_); !added) {
    return failed(fmt::format("the loop cannot watch the devices: {}", to_text(added.error())));
  }
  return start_control(options.control);
}

Outcome<void> SwitchNode::add_port(const std::string& spec, const SwitchNodeOptions& options) {
  auto device = open_device(spec_of_port(spec));
  if (!device) {
    DeviceError error = std::move(device).error();
    return failed(std::move(error.text), std::move(error.hint));
  }
  std::string name = name_of_device(spec);
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
    name.erase(0, slash + 1);
  }
  if (name.empty()) name = fmt::format("port{}", devices_.size() + 1);
  const auto found = std::ranges::find(options.vlans, name, &SwitchPortVlans::port);
  const auto vlans =
      found == options.vlans.end() ? std::nullopt : std::optional<SwitchVlans>(found->vlans);
  devices_.push_back(std::move(*device));
  const auto added = switch_->add_port(name, *devices_.back(), vlans);
  if (added) return {};
  switch (added.error()) {
    case Error::kNotSupported:
      return failed(
          fmt::format("{}: a switch joins devices of Ethernet, and this one carries IP "
                      "packets without it",
                      spec));
    case Error::kAlreadyExists: return failed(fmt::format("{}: there is a port '{}'", spec, name));
    case Error::kOutOfMemory:
      return failed(fmt::format("{}: a switch has at most {} ports", spec, Switch::kPortsMax));
    default: return failed(fmt::format("{}: {}", spec, to_text(added.error())));
  }
}

Outcome<void> SwitchNode::confine(const SwitchNodeOptions& options,
                                  const runtime::ConfineOptions& manner) {
  if (!manner.is_wanted) return {};
  runtime::Needs needs;
  for (const std::string& spec : options.devices) add_needs_of_device(spec, needs);
  auto confined = Confined::begin(needs, manner, control_path_);
  if (!confined) return std::unexpected(std::move(confined).error());
  confined_ = *std::move(confined);
  if (control_ != nullptr) {
    control_->on_confined(confined_->state(), [this] { confined_->remove_control(); });
  }
  return {};
}

Outcome<void> SwitchNode::start_control(const std::string& asked_for) {
  const std::string path = asked_for.empty() ? control_path_of("switch") : asked_for;
  if (path.empty()) {
    control_failure_ = Failure{"XDG_RUNTIME_DIR is not set", "give a path with --control PATH"};
    return {};
  }
  auto server = ControlServer::open(*loop_, path, {}, {.bridge = switch_.get()});
  if (!server) {
    if (!asked_for.empty()) return std::unexpected(std::move(server).error());
    control_failure_ = std::move(server).error();
    return {};
  }
  control_ = std::move(*server);
  control_path_ = path;
  return {};
}

}  // namespace strata::service

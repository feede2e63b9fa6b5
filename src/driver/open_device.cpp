// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "driver/device_kinds.h"
#include "strata/devices.h"

namespace strata {
namespace {

using Devices = std::vector<std::unique_ptr<Device>>;
using OpenedDevices = std::expected<Devices, DeviceError>;

// The values below have passed DeviceSpec::parse.
std::uint64_t number_of(const DeviceSpec& spec, std::string_view key, std::uint64_t otherwise) {
  const std::string* value = spec.find(key);
  return value == nullptr ? otherwise : driver::parse_number(*value).value_or(otherwise);
}

bool yes_no_of(const DeviceSpec& spec, std::string_view key, bool otherwise) {
  const std::string* value = spec.find(key);
  return value == nullptr ? otherwise : driver::parse_yes_no(*value).value_or(otherwise);
}

MacAddress mac_of(const DeviceSpec& spec) {
  const std::string* value = spec.find("mac");
  return value == nullptr ? MacAddress{} : MacAddress::parse(*value).value_or(MacAddress{});
}

OpenedDevices just(std::expected<std::unique_ptr<Device>, DeviceError> device) {
  if (!device) return std::unexpected(std::move(device).error());
  Devices devices;
  devices.push_back(*std::move(device));
  return devices;
}

OpenedDevices open_tap_from(const DeviceSpec& spec) {
  TapOptions options;
  options.name = spec.name;
  options.medium = spec.kind == "tap" ? Medium::kEthernet : Medium::kIp;
  options.mtu = static_cast<std::size_t>(number_of(spec, "mtu", 0));
  options.queues = static_cast<std::size_t>(number_of(spec, "queues", 1));
  options.persists = yes_no_of(spec, "persist", false);
  options.offloads = yes_no_of(spec, "offload", true);
  options.brings_link_up = yes_no_of(spec, "up", true);
  options.mac = mac_of(spec);
  if (const std::string* name = spec.find("netns")) options.network_namespace = *name;
  for (const DeviceSpec::Option& option : spec.options) {
    if (option.key != "host" && option.key != "host6") continue;
    if (const auto prefix = Prefix::parse(option.value)) options.host_addresses.push_back(*prefix);
  }
  return open_tap(options);
}

OpenedDevices open_pcap_from(const DeviceSpec& spec) {
  PcapDeviceOptions options;
  options.read_path = spec.name;
  if (const std::string* path = spec.find("write")) options.write_path = *path;
  if (const std::string* speed = spec.find("speed")) {
    options.speed = driver::parse_speed(*speed).value_or(0);
  }
  options.mtu = static_cast<std::size_t>(number_of(spec, "mtu", 0));
  options.mac = mac_of(spec);
  return just(open_pcap_device(options));
}

OpenedDevices open_null_from(const DeviceSpec& spec) {
  NullOptions options;
  options.capabilities.mtu = static_cast<std::size_t>(number_of(spec, "mtu", 1500));
  const MacAddress mac = mac_of(spec);
  options.capabilities.mac = mac.is_unspecified() ? mac_for_name("null:" + spec.name) : mac;
  if (const std::string* frame = spec.find("frame")) {
    options.frame = driver::parse_hex(*frame).value_or(std::vector<std::byte>{});
  }
  options.frames_max = number_of(spec, "count", UINT64_MAX);
  return just(make_null_device(std::move(options)));
}

OpenedDevices open_pipe_from(const DeviceSpec& spec) {
  return just(open_pipe({.name = spec.name,
                         .mtu = static_cast<std::size_t>(number_of(spec, "mtu", 0)),
                         .mac = mac_of(spec)}));
}

OpenedDevices open_packet_from(const DeviceSpec& spec) {
  return open_packet({.interface = spec.name,
                      .queues = static_cast<std::size_t>(number_of(spec, "queues", 1)),
                      .promiscuous = yes_no_of(spec, "promiscuous", false),
                      .offloads = yes_no_of(spec, "offload", true),
                      .mtu = static_cast<std::size_t>(number_of(spec, "mtu", 0)),
                      .mac = mac_of(spec)});
}

OpenedDevices open_xdp_from(const DeviceSpec& spec) {
  XdpOptions options;
  options.interface = spec.name;
  if (const std::string* queue = spec.find("queue")) {
    options.device_per_queue = *queue == "all";
    if (*queue != "all") options.queue = static_cast<std::size_t>(number_of(spec, "queue", 0));
  }
  for (const DeviceSpec::Option& option : spec.options) {
    if (option.key == "address") {
      if (const auto address = IpAddress::parse(option.value))
        options.addresses.push_back(*address);
    }
    if (option.key == "port") {
      if (const auto ports = driver::parse_ports(option.value)) {
        options.ports.push_back({ports->first, ports->second});
      }
    }
  }
  options.promiscuous = yes_no_of(spec, "promiscuous", false);
  options.copies = yes_no_of(spec, "copy", false);
  options.mtu = static_cast<std::size_t>(number_of(spec, "mtu", 0));
  options.mac = mac_of(spec);
  return open_xdp(options);
}

OpenedDevices open_parsed(const DeviceSpec& spec) {
  if (spec.kind == "pcap") return open_pcap_from(spec);
  if (spec.kind == "rootless") {
    return std::unexpected(DeviceError{
        "device 'rootless': a gateway with a stack of its own, which only a running stack can have",
        "use it with strata up, run, ping or traceroute"});
  }
  if (spec.kind == "pipe") return open_pipe_from(spec);
  if (spec.kind == "xdp") return open_xdp_from(spec);
  if (spec.kind == "packet") return open_packet_from(spec);
  if (spec.kind == "null") return open_null_from(spec);
  return open_tap_from(spec);
}

}  // namespace

std::expected<std::vector<std::unique_ptr<Device>>, DeviceError> open_queues(
    std::string_view text) {
  auto spec = DeviceSpec::parse(text);
  if (!spec) return std::unexpected(std::move(spec).error());
  return open_parsed(*spec);
}

std::expected<std::unique_ptr<Device>, DeviceError> open_device(std::string_view text) {
  auto spec = DeviceSpec::parse(text);
  if (!spec) return std::unexpected(std::move(spec).error());
  // Frames that the kernel hashes to a queue nobody reads would be lost without a trace.
  const auto too_many = [&](const char* key) {
    return std::unexpected(
        DeviceError{"device '" + std::string(text) +
                        "': several queues need as many stacks, and one was asked for",
                    std::string("leave ") + key + " out"});
  };
  if (number_of(*spec, "queues", 1) > 1) return too_many("queues=");
  auto devices = open_parsed(*spec);
  if (!devices) return std::unexpected(std::move(devices).error());
  if (devices->size() > 1) return too_many("queue=all");
  return std::move(devices->front());
}

}  // namespace strata

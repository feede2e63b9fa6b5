// SPDX-License-Identifier: Apache-2.0
// The keys of [[device]] and [[device.vlan]].
#include <array>
#include <string>
#include <utility>

#include "service/config/config_key.h"
#include "service/config/config_value.h"

namespace strata::service {
namespace {

// Of options that have one: the last of its kind.
struct OfDevice {
  static auto& in(auto& options) { return options.devices.back(); }
};
struct OfVlan {
  static auto& in(auto& options) { return options.devices.back().vlans.back(); }
};

// What devices and the VLANs on them have in common.
template <typename Of>
constexpr ConfigKey address_key(std::string_view path) {
  return {.path = path,
          .kind = KeyKind::kTexts,
          .form = "an address with its prefix length",
          .pattern = "^[0-9A-Fa-f:.]+/[0-9]+$",
          .what = "Addresses of the stack, IPv4 and IPv6.",
          .without = "none, but for those that routers advertise and DHCP gives",
          .example = R"(["10.88.0.2/24", "fd88::2/64"])",
          .reload = KeyReload::kAtOnce,
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            const auto address = parse_interface_address(value.text);
            if (!address) return std::unexpected(address.error());
            Of::in(options).addresses.push_back(*address);
            return {};
          },
          .show =
              [](const StackOptions& options) {
                return shown_texts(Of::in(options).addresses, [](const Prefix& address) {
                  return std::string(strata::to_text(address).view());
                });
              }};
}

template <typename Of>
constexpr ConfigKey proxy_key(std::string_view path) {
  return {.path = path,
          .kind = KeyKind::kTexts,
          .form = "the address of another host",
          .pattern = "^[0-9A-Fa-f:.]+$",
          .what =
              "Addresses for which the stack answers ARP requests and neighbour solicitations "
              "in the place of their hosts (RFC 1027, RFC 4861 7.2.8), at most 16. What is "
              "sent to them comes here; `forward` lets it follow the routes.",
          .without = "none",
          .example = R"(["10.88.0.9", "fd88::9"])",
          .reload = KeyReload::kAtOnce,
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            const auto address = parse_proxy(value.text);
            if (!address) return std::unexpected(address.error());
            Of::in(options).proxies.push_back(*address);
            return {};
          },
          .show =
              [](const StackOptions& options) {
                return shown_texts(Of::in(options).proxies, [](const IpAddress& address) {
                  return std::string(strata::to_text(address).view());
                });
              }};
}

template <typename Of>
constexpr ConfigKey mtu_key(std::string_view path, std::string_view without) {
  return {.path = path,
          .kind = KeyKind::kNumber,
          .form = "an MTU",
          .low = kInterfaceMtuMin,
          .high = kInterfaceMtuMax,
          .unit = "bytes",
          .what = "The longest IP packet. IPv6 needs 1280.",
          .without = without,
          .example = "1400",
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            Of::in(options).mtu = static_cast<std::size_t>(value.number);
            return {};
          },
          .show = [](const StackOptions& options) { return shown_number(Of::in(options).mtu); }};
}

template <typename Of>
constexpr ConfigKey dhcp_key(std::string_view path) {
  return {.path = path,
          .kind = KeyKind::kSwitch,
          .what = "Asks the network for an address, routers and DNS servers (DHCP).",
          .example = "true",
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            Of::in(options).dhcp = value.is_on;
            return {};
          },
          .show = [](const StackOptions& options) { return shown_switch(Of::in(options).dhcp); }};
}

template <typename Of>
constexpr ConfigKey lease_file_key(std::string_view path) {
  return {
      .path = path,
      .form = "the path of a file",
      .what = "Where the lease is kept from one start to the next.",
      .without = "nowhere: the address is given back at the end",
      .example = R"("/var/lib/strata/lease")",
      .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
        if (value.text.empty()) return failed("expected the path of a file, found nothing");
        Of::in(options).lease_file = value.text;
        return {};
      },
      .show = [](const StackOptions& options) { return shown_text(Of::in(options).lease_file); }};
}

constexpr ConfigKey kDevice{
    .path = "device",
    .kind = KeyKind::kTables,
    .what =
        "A device and the interface on it; one table for each. What `strata device` adds and "
        "removes while a stack runs is not looked at.",
    .without =
        "`tap:strata0` with 10.77.0.2/24 and fd77::2/64; where TAP is not permitted, and "
        "with `publish`, `rootless`",
    .reloading = "Other devices, or another order of them, need a restart.",
    .reload = KeyReload::kByKey,
    .take = [](StackOptions& options, const KeyValue&) -> Outcome<void> {
      options.devices.emplace_back();
      return {};
    }};

constexpr ConfigKey kSpec{
    .path = "device.spec",
    .form = "KIND:NAME[,key=value...]",
    .pattern = "^[a-z]+([:,].*)?$",
    .is_required = true,
    .what = "Where frames come from and go to: [kinds and their keys](devices.md).",
    .example = R"("tap:x,host=10.88.0.1/24")",
    .reloading = "`strata device replace` exchanges it under living connections.",
    .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
      if (auto checked = check_device_spec(value.text); !checked) return checked;
      options.devices.back().spec = value.text;
      return {};
    },
    .show = [](const StackOptions& options) { return shown_text(options.devices.back().spec); }};

constexpr ConfigKey kVlan{
    .path = "device.vlan",
    .kind = KeyKind::kTables,
    .what = "A further interface on this device, behind one or two tags (IEEE 802.1Q).",
    .without = "none",
    .reloading = "Other VLANs, or another order of them, need a restart.",
    .reload = KeyReload::kByKey,
    .take = [](StackOptions& options, const KeyValue&) -> Outcome<void> {
      options.devices.back().vlans.emplace_back();
      return {};
    }};

constexpr ConfigKey kVlanId{
    .path = "device.vlan.id",
    .form = "ID, or ID.ID for one inside another",
    .pattern = "^[0-9]+([.][0-9]+)?$",
    .is_required = true,
    .what = "The tag, from 1 to 4094; of two the outer one, of the service, stands first.",
    .example = R"("10")",
    .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
      const auto tags = parse_vlan(value.text);
      if (!tags) return std::unexpected(tags.error());
      options.devices.back().vlans.back().tags = *tags;
      return {};
    },
    .show =
        [](const StackOptions& options) {
          return shown_text(to_text(options.devices.back().vlans.back().tags));
        }};

constexpr std::array kDeviceKeys{
    kDevice,
    kSpec,
    address_key<OfDevice>("device.address"),
    proxy_key<OfDevice>("device.proxy"),
    mtu_key<OfDevice>("device.mtu", "the device's own"),
    dhcp_key<OfDevice>("device.dhcp"),
    lease_file_key<OfDevice>("device.lease_file"),
    kVlan,
    kVlanId,
    address_key<OfVlan>("device.vlan.address"),
    proxy_key<OfVlan>("device.vlan.proxy"),
    mtu_key<OfVlan>("device.vlan.mtu", "what the tags leave of the device's"),
    dhcp_key<OfVlan>("device.vlan.dhcp"),
    lease_file_key<OfVlan>("device.vlan.lease_file"),
};

}  // namespace

std::span<const ConfigKey> device_keys() { return kDeviceKeys; }

}  // namespace strata::service

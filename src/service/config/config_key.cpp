// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace strata::service {
namespace {

bool is_rootless(const DeviceOptions& device) { return device.spec.starts_with("rootless"); }

bool serves_http(const StackOptions& options) {
  return std::ranges::any_of(
      options.serve, [](const ServeOptions& serve) { return serve.service == Service::kHttp; });
}

template <typename Link>
bool keeps_no_lease(const Link& link) {
  return !link.lease_file.empty() && !link.dhcp;
}

constexpr std::array kRules{
    ConfigRule{"", "mtu", "belongs into the [[device]] it is meant for",
               [](const StackOptions& options) {
                 return options.default_device_mtu != 0 && !options.devices.empty();
               }},
    ConfigRule{"", "capture_filter", "needs capture = \"FILE\"",
               [](const StackOptions& options) {
                 return !options.capture_filter.empty() && options.capture.empty();
               }},
    ConfigRule{"", "publish", "needs the rootless device: leave [[device]] out, or name that one",
               [](const StackOptions& options) {
                 return !options.publish.empty() && !options.devices.empty() &&
                        std::ranges::none_of(options.devices, is_rootless);
               }},
    ConfigRule{"", "cores", "the rootless device is of one core",
               [](const StackOptions& options) {
                 return options.cores > 1 && (!options.publish.empty() ||
                                              std::ranges::any_of(options.devices, is_rootless));
               }},
    ConfigRule{"", "dashboard_names", "needs dashboard = true",
               [](const StackOptions& options) {
                 return !options.dashboard && !options.dashboard_names.empty();
               }},
    ConfigRule{"", "dashboard_token", "needs dashboard = true",
               [](const StackOptions& options) {
                 return !options.dashboard && !options.dashboard_token.empty();
               }},
    ConfigRule{"", "tls", "has nothing to serve: neither a dashboard nor http=DIR",
               [](const StackOptions& options) {
                 return !options.tls.certificate.empty() && !options.dashboard &&
                        !serves_http(options);
               }},
    ConfigRule{"device", "lease_file", "needs dhcp = true",
               [](const StackOptions& options) { return keeps_no_lease(options.devices.back()); }},
    ConfigRule{"device.vlan", "lease_file", "needs dhcp = true",
               [](const StackOptions& options) {
                 return keeps_no_lease(options.devices.back().vlans.back());
               }},
};

}  // namespace

std::span<const ConfigKey> config_keys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all;
    for (const auto part : {device_keys(), top_keys(), service_keys(), tcp_keys()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return keys;
}

const ConfigKey* find_config_key(std::string_view path) {
  const auto keys = config_keys();
  const auto found = std::ranges::find(keys, path, &ConfigKey::path);
  return found == keys.end() ? nullptr : &*found;
}

std::span<const ConfigRule> config_rules() { return kRules; }

std::string expectation_of(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kText: return std::string(key.form);
    case KeyKind::kTexts: return fmt::format("{}; one, or an array of them", key.form);
    case KeyKind::kSwitch: return "true or false";
    case KeyKind::kWord: return fmt::format("one of: {}", fmt::join(key.words, ", "));
    case KeyKind::kTable: return fmt::format("a [{}] table", key.path);
    case KeyKind::kTables: return fmt::format("[[{}]] tables", key.path);
    case KeyKind::kNumber: break;
  }
  const std::string unit = key.unit.empty() ? "" : fmt::format(" {}", key.unit);
  if (key.high == INT64_MAX) return fmt::format("{} from {}{}", key.form, key.low, unit);
  return fmt::format("{} from {} to {}{}", key.form, key.low, key.high, unit);
}

Outcome<void> take_value(const ConfigKey& key, StackOptions& options, const KeyValue& value) {
  const bool is_outside = value.number < key.low || value.number > key.high;
  if (key.kind == KeyKind::kNumber && is_outside) {
    return failed(fmt::format("{} is not {}", value.text, expectation_of(key)));
  }
  const bool is_strange = std::ranges::find(key.words, value.text) == key.words.end();
  if (key.kind == KeyKind::kWord && is_strange) {
    return failed(fmt::format("'{}' is not {}", value.text, expectation_of(key)));
  }
  return key.take(options, value);
}

}  // namespace strata::service

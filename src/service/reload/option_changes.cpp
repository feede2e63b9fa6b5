// SPDX-License-Identifier: Apache-2.0
#include "service/reload/option_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace strata::service {
namespace {

bool is_rootless(const DeviceOptions& device) { return device.spec.starts_with("rootless"); }

// Options about one device and one VLAN, for rows that look at the last of them.
StackOptions about(const DeviceOptions& device) {
  StackOptions options;
  options.devices = {device};
  return options;
}
StackOptions about(const VlanOptions& vlan) {
  StackOptions options;
  options.devices.emplace_back().vlans = {vlan};
  return options;
}

class Comparison {
 public:
  Comparison(const ReloadLimits& limits, std::vector<KeyChange>& changes)
      : limits_(limits), changes_(changes) {}

  // Of the keys of one table; `where` stands before their names.
  void compare(std::string_view table, const std::string& where, const StackOptions& from,
               const StackOptions& to, bool is_fixed) {
    for (const ConfigKey& key : config_keys()) {
      if (key.is_table() || key.table() != table) continue;
      std::string before = key.show(from);
      std::string after = key.show(to);
      if (before == after) continue;
      const std::string name(where.empty() ? key.path : key.name());
      changes_.push_back({key.path,
                          {where + name, std::move(before), std::move(after)},
                          is_fixed || needs_restart(key)});
    }
  }

  void compare_devices(const std::vector<DeviceOptions>& from,
                       const std::vector<DeviceOptions>& to) {
    if (from.size() != to.size()) return count("device", "", from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::string where = fmt::format("device {} ", i + 1);
      const bool is_fixed = !is_same_device(from[i], to[i]);
      compare("device", where, about(from[i]), about(to[i]), is_fixed);
      compare_vlans(where, from[i], to[i], is_fixed);
    }
  }

 private:
  void compare_vlans(const std::string& where, const DeviceOptions& from, const DeviceOptions& to,
                     bool is_fixed) {
    if (from.vlans.size() != to.vlans.size()) {
      return count("device.vlan", where, from.vlans.size(), to.vlans.size());
    }
    for (std::size_t i = 0; i < from.vlans.size(); ++i) {
      compare("device.vlan", fmt::format("{}vlan {} ", where, i + 1), about(from.vlans[i]),
              about(to.vlans[i]), is_fixed);
    }
  }

  void count(std::string_view path, const std::string& where, std::size_t from, std::size_t to) {
    const std::string name(find_config_key(path)->name());
    changes_.push_back(
        {path, {where + name, fmt::format("{} of them", from), fmt::format("{}", to)}, true});
  }

  [[nodiscard]] bool needs_restart(const ConfigKey& key) const {
    if (key.path == "publish") return !limits_.has_gateway;
    if (key.path == "gateway") return limits_.ignores_routers;
    return key.reload == KeyReload::kRestart;
  }

  const ReloadLimits& limits_;
  std::vector<KeyChange>& changes_;
};

}  // namespace

// The rootless gateway has made the addresses of its network its own.
bool is_same_device(const DeviceOptions& a, const DeviceOptions& b) {
  return a.spec == b.spec && !is_rootless(a) &&
         std::ranges::equal(a.vlans, b.vlans, {}, &VlanOptions::tags, &VlanOptions::tags);
}

std::vector<KeyChange> changes_between(const StackOptions& from, const StackOptions& to,
                                       const ReloadLimits& limits) {
  std::vector<KeyChange> changes;
  Comparison comparison(limits, changes);
  comparison.compare("", "", from, to, false);
  for (const std::string_view table : {"tcp", "tls"})
    comparison.compare(table, "", from, to, false);
  comparison.compare_devices(from.devices, to.devices);
  return changes;
}

StackOptions adopted(const StackOptions& from, const StackOptions& to, const ReloadLimits& limits) {
  StackOptions options = from;
  if (!limits.ignores_routers) options.gateways = to.gateways;
  options.forward = to.forward;
  options.dns = to.dns;
  options.search = to.search;
  options.hosts = to.hosts;
  options.joins = to.joins;
  options.log = to.log;
  options.serve = to.serve;
  options.tcp = to.tcp;
  if (limits.has_gateway) options.publish = to.publish;
  options.dashboard_names = to.dashboard_names;
  options.dashboard_token = to.dashboard_token;
  options.tls = to.tls;
  if (from.devices.size() != to.devices.size()) return options;
  for (std::size_t i = 0; i < from.devices.size(); ++i) {
    DeviceOptions& device = options.devices[i];
    const DeviceOptions& wanted = to.devices[i];
    if (!is_same_device(device, wanted)) continue;
    device.addresses = wanted.addresses;
    device.proxies = wanted.proxies;
    for (std::size_t j = 0; j < device.vlans.size(); ++j) {
      device.vlans[j].addresses = wanted.vlans[j].addresses;
      device.vlans[j].proxies = wanted.vlans[j].proxies;
    }
  }
  return options;
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/reload/option_changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "service/config/config_file.h"

namespace strata::service::option_changes_test {
namespace {

StackOptions read(const std::string& text) {
  auto options = read_config_text(text, "f");
  EXPECT_TRUE(options.has_value()) << options.error().text;
  return options ? *options : StackOptions{};
}

// Two configurations without a value in common, of devices that are the same.
const std::string kDevice = R"(
[[device]]
spec = "tap:x"
address = "10.1.0.2/24"
dhcp = true
[[device.vlan]]
id = "7"
dhcp = true
)";
const std::string kOther = R"(
gateway = "10.1.0.1"
forward = true
dns = "10.1.0.1"
search = "example.org"
hosts = "/hosts"
host_name = "printer"
join = "239.1.2.3"
capture = "f"
capture_filter = "tcp"
log = "info"
log_format = "json"
user = "strata"
control = "/c"
policy = "sleep"
seed = 7
serve = "echo"
dashboard_names = "box"
dashboard_token = "/token"
tls = { certificate = "c", key = "k" }
[tcp]
congestion = "bbr"
ecn = "off"
sack = false
timestamps = false
window_scaling = false
fast_open = false
syn_cookies = false
path_probing = "always"
super_segments = false
initial_window = 4
send_buffer = 65536
receive_buffer = 65536
keepalive_idle = 60
[[device]]
spec = "tap:x"
address = "10.2.0.2/24"
proxy = "10.2.0.9"
mtu = 1400
dhcp = true
lease_file = "/l"
[[device.vlan]]
id = "7"
address = "10.3.0.2/24"
proxy = "10.3.0.9"
mtu = 1300
dhcp = true
lease_file = "/m"
)";

std::set<std::string> paths_of(const std::vector<KeyChange>& changes, bool needs_restart) {
  std::set<std::string> paths;
  for (const KeyChange& change : changes) {
    if (change.needs_restart == needs_restart) paths.emplace(change.path);
  }
  return paths;
}

TEST(OptionChanges, EachKeyThatDiffersIsToldOnceAndAsItsRowSays) {
  const StackOptions from = read(kDevice);
  const StackOptions to = read(kOther);
  const auto changes = changes_between(from, to, {});
  std::set<std::string> told;
  for (const KeyChange& change : changes) {
    EXPECT_TRUE(told.emplace(change.path).second) << change.path;
    const ConfigKey* const key = find_config_key(change.path);
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(change.needs_restart, key->reload == KeyReload::kRestart) << change.path;
  }
  // Left out here: what does not go together with the others, or is what devices are known by.
  const std::set<std::string> absent{"mtu",         "cores",           "publish",
                                     "dashboard",   "device.spec",     "device.vlan.id",
                                     "device.dhcp", "device.vlan.dhcp"};
  for (const ConfigKey& key : config_keys()) {
    if (key.is_table()) continue;
    EXPECT_NE(told.contains(std::string(key.path)), absent.contains(std::string(key.path)))
        << key.path;
  }
}

// What rows call reloadable is taken over, and nothing else.
TEST(OptionChanges, WhatIsTakenOverIsWhatNeedsNoRestart) {
  const StackOptions from = read(kDevice);
  const StackOptions to = read(kOther);
  for (const ReloadLimits limits :
       {ReloadLimits{}, ReloadLimits{.has_gateway = true}, ReloadLimits{.ignores_routers = true}}) {
    const auto all = changes_between(from, to, limits);
    const StackOptions taken = adopted(from, to, limits);
    EXPECT_EQ(paths_of(changes_between(from, taken, limits), false), paths_of(all, false));
    EXPECT_TRUE(paths_of(changes_between(from, taken, limits), true).empty());
    EXPECT_EQ(paths_of(changes_between(taken, to, limits), true), paths_of(all, true));
    EXPECT_TRUE(paths_of(changes_between(taken, to, limits), false).empty());
  }
}

TEST(OptionChanges, TellsBothValues) {
  const auto changes = changes_between(read(kDevice), read(kOther), {});
  const auto of = [&](std::string_view path) {
    const auto found = std::ranges::find(changes, path, &KeyChange::path);
    EXPECT_NE(found, changes.end()) << path;
    return found == changes.end() ? ReloadReport::Change{} : found->told;
  };
  EXPECT_EQ(of("log"), (ReloadReport::Change{"log", "\"warning\"", "\"info\""}));
  EXPECT_EQ(of("gateway"), (ReloadReport::Change{"gateway", "", "[\"10.1.0.1\"]"}));
  EXPECT_EQ(of("tcp.sack"), (ReloadReport::Change{"tcp.sack", "true", "false"}));
  EXPECT_EQ(of("device.vlan.mtu"), (ReloadReport::Change{"device 1 vlan 1 mtu", "", "1300"}));
}

TEST(OptionChanges, OtherDevicesNeedARestartWithAllThatIsTheirs) {
  const StackOptions one = read("[[device]]\nspec = \"tap:x\"\naddress = \"10.1.0.2/24\"\n");
  StackOptions other = one;
  other.devices[0].spec = "tap:y";
  other.devices[0].addresses = {*Prefix::parse("10.2.0.2/24")};
  const auto changes = changes_between(one, other, {});
  EXPECT_EQ(paths_of(changes, true), (std::set<std::string>{"device.spec", "device.address"}));
  EXPECT_TRUE(paths_of(changes, false).empty());
  EXPECT_EQ(adopted(one, other, {}).devices[0].addresses, one.devices[0].addresses);
  StackOptions more = one;
  more.devices.push_back(one.devices[0]);
  more.devices[0].addresses.clear();
  EXPECT_EQ(paths_of(changes_between(one, more, {}), true), (std::set<std::string>{"device"}));
  EXPECT_EQ(adopted(one, more, {}).devices.size(), 1U);
  StackOptions tagged = one;
  tagged.devices[0].vlans.emplace_back().tags = *parse_vlan("7");
  tagged.devices[0].addresses.clear();
  EXPECT_EQ(paths_of(changes_between(one, tagged, {}), true),
            (std::set<std::string>{"device.address", "device.vlan"}));
  EXPECT_EQ(adopted(one, tagged, {}).devices[0].addresses, one.devices[0].addresses);
}

TEST(OptionChanges, SomeNeedTheDeviceThatIsThere) {
  StackOptions from;
  StackOptions to;
  to.publish.push_back({.host_port = 8080, .inside_port = 80});
  to.gateways.push_back(*IpAddress::parse("10.0.2.9"));
  const std::set<std::string> publish{"publish"};
  const std::set<std::string> gateway{"gateway"};
  EXPECT_EQ(paths_of(changes_between(from, to, {}), true), publish);
  EXPECT_EQ(paths_of(changes_between(from, to, {.has_gateway = true}), false).size(), 2U);
  EXPECT_EQ(
      paths_of(changes_between(from, to, {.has_gateway = true, .ignores_routers = true}), true),
      gateway);
  from = read("[[device]]\nspec = \"rootless\"\n");
  to = from;
  to.devices[0].addresses = {*Prefix::parse("10.2.0.2/24")};
  EXPECT_EQ(paths_of(changes_between(from, to, {.has_gateway = true}), true),
            (std::set<std::string>{"device.address"}));
}

}  // namespace
}  // namespace strata::service::option_changes_test

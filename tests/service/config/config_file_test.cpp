// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/config/config_key.h"

namespace strata::service::config_file_test {
namespace {

TEST(ConfigFile, ReadsEveryKey) {
  const auto options = read_config_text(R"(
gateway = ["10.88.0.1", "fd88::1"]
capture = "all.pcapng"
capture_filter = "tcp port 80"
seed = 7
control = "/tmp/x.sock"
log = "debug"
policy = "spin"
serve = ["echo", "daytime:1313"]
join = ["239.1.2.3", "ff15::7%x"]
dashboard_names = ["box.lan", "box"]
dashboard_token = "/etc/token"
tls = { certificate = "c.pem", key = "k.pem" }
[[device]]
spec = "tap:x,host=10.88.0.1/24"
address = ["10.88.0.2/24", "fd88::2/64"]
mtu = 9000
[[device.vlan]]
id = "10"
address = "10.10.0.2/24"
mtu = 1400
[[device.vlan]]
id = "100.20"
[[device]]
spec = "tun:y"
address = "10.89.0.2/24"
)",
                                        "f.toml");
  ASSERT_TRUE(options.has_value()) << options.error().text;
  ASSERT_EQ(options->devices.size(), 2U);
  EXPECT_EQ(options->devices[0].spec, "tap:x,host=10.88.0.1/24");
  EXPECT_EQ(options->devices[0].mtu, 9000U);
  ASSERT_EQ(options->devices[0].addresses.size(), 2U);
  EXPECT_EQ(options->devices[0].addresses[1], *Prefix::parse("fd88::2/64"));
  ASSERT_EQ(options->devices[1].addresses.size(), 1U);
  ASSERT_EQ(options->devices[0].vlans.size(), 2U);
  EXPECT_EQ(options->devices[0].vlans[0].tags.tags[0].id, 10);
  EXPECT_EQ(options->devices[0].vlans[0].mtu, 1400U);
  EXPECT_EQ(options->devices[0].vlans[0].addresses[0], *Prefix::parse("10.10.0.2/24"));
  EXPECT_EQ(options->devices[0].vlans[1].tags.count, 2);
  ASSERT_EQ(options->joins.size(), 2U);
  EXPECT_EQ(options->joins[1].interface, "x");
  EXPECT_EQ(options->gateways.size(), 2U);
  EXPECT_EQ(options->capture, "all.pcapng");
  EXPECT_EQ(options->capture_filter, "tcp port 80");
  EXPECT_EQ(options->seed, 7U);
  EXPECT_EQ(options->control, "/tmp/x.sock");
  EXPECT_EQ(options->log, LogLevel::kDebug);
  EXPECT_EQ(options->policy, LoopPolicy::kSpin);
  EXPECT_EQ(options->cores, 1);
  EXPECT_TRUE(options->dashboard);
  ASSERT_EQ(options->dashboard_names.size(), 2U);
  EXPECT_EQ(options->dashboard_names[1], "box");
  EXPECT_EQ(options->dashboard_token, "/etc/token");
  EXPECT_EQ(options->tls.certificate, "c.pem");
  EXPECT_EQ(options->tls.key, "k.pem");
  ASSERT_EQ(options->serve.size(), 2U);
  EXPECT_EQ(options->serve[1].service, Service::kDaytime);
  EXPECT_EQ(options->serve[1].port, 1313);
}

struct Case {
  const char* text;
  const char* failure;
};

TEST(ConfigFile, FailuresNameFileLineColumnKeyAndWhatWasExpected) {
  const Case cases[] = {
      {"\nvelocity = 1",
       "f.toml:2:1: velocity: unknown key, expected one of: device, mtu, gateway, forward, dns, "
       "search, hosts, host_name, join, capture, capture_filter, log, log_format, user, control, "
       "policy, cores, seed, serve, publish, dashboard, dashboard_names, dashboard_token, tls, "
       "tcp"},
      {"gateway = 7", "f.toml:1:11: gateway: expected a string, found a number"},
      {"gateway = [\"10.0.0.1\",\n  \"10.0.0.300\"]",
       "f.toml:2:3: gateway: '10.0.0.300' is not the address of a router, as in 10.77.0.1 or "
       "fd77::1"},
      {"cores = 0", "f.toml:1:9: cores: 0 is not a number of cores from 1 to 64"},
      {"forward = 1", "f.toml:1:11: forward: expected true or false, found a number"},
      {"[tcp]\nsack = 3", "f.toml:2:8: tcp.sack: expected true or false, found a number"},
      {"[tcp]\necn = \"maybe\"",
       "f.toml:2:7: tcp.ecn: 'maybe' is not one of: off, accept, request"},
      {"[tcp]\n\nspeed = 3",
       "f.toml:3:1: tcp.speed: unknown key, expected one of: congestion, ecn, sack, timestamps, "
       "window_scaling, fast_open, syn_cookies, path_probing, super_segments, initial_window, "
       "send_buffer, receive_buffer, keepalive_idle"},
      {"tcp = 3", "f.toml:1:7: tcp: expected a [tcp] table"},
      {"tls = { key = \"k\" }",
       "f.toml:1:7: tls.certificate: missing, expected the path of a PEM file"},
      {"tls = { key = \"k\", certificate = \"\" }",
       "f.toml:1:34: tls.certificate: expected the path of a file, found nothing"},
      {"dashboard = 1", "f.toml:1:13: dashboard: expected true or false, found a number"},
      {"seed = \"x\"", "f.toml:1:8: seed: expected a number, found a string"},
      {"seed = -1", "f.toml:1:8: seed: -1 is not a number from 0"},
      {"mtu = 10", "f.toml:1:7: mtu: 10 is not an MTU from 68 to 65535 bytes"},
      {"log = \"loud\"", "f.toml:1:7: log: 'loud' is not one of: debug, info, warning, error, off"},
      {"policy = \"lazy\"", "f.toml:1:10: policy: 'lazy' is not one of: spin, adaptive, sleep"},
      {"serve = [\"echo:0\"]", "f.toml:1:10: serve: 'echo:0': '0' is not a port from 1 to 65535"},
      {"device = 3", "f.toml:1:10: device: expected [[device]] tables"},
      {"device = [3]", "f.toml:1:10: device: expected [[device]] tables"},
      {"[[device]]\naddress = []",
       "f.toml:1:1: device.spec: missing, expected KIND:NAME[,key=value...]"},
      {"[[device]]\nspec = \"tap:x\"\nadress = []",
       "f.toml:3:1: device.adress: unknown key, perhaps address; expected one of: spec, address, "
       "proxy, mtu, dhcp, lease_file, vlan"},
      {"[[device]]\nspec = \"tap:x\"\ngateway = []",
       "f.toml:3:1: device.gateway: unknown key here; it belongs into the top of the file"},
      {"spec = \"tap:x\"", "f.toml:1:1: spec: unknown key here; it belongs into [[device]]"},
      {"[[device]]\nspec = \"tap:x\"\naddress = [\"10.0.0.1\"]",
       "f.toml:3:12: device.address: '10.0.0.1' is not an address with its prefix length, as in "
       "10.77.0.2/24"},
      {"[[device]]\nspec = \"tap:x\"\nproxy = \"224.0.0.1\"",
       "f.toml:3:9: device.proxy: '224.0.0.1' is not the address of another host, as in 10.77.0.9 "
       "or fd77::9"},
      {"[[device]]\nspec = \"tap:x\"\n[[device.vlan]]\nmtu = 1400",
       "f.toml:3:1: device.vlan.id: missing, expected ID, or ID.ID for one inside another"},
      {"[[device]]\nspec = \"tap:x\"\n[[device.vlan]]\nid = \"4095\"",
       "f.toml:4:6: device.vlan.id: '4095' is not a VLAN from 1 to 4094, or two of them as in "
       "100.20"},
      {"join = \"10.0.0.1\"",
       "f.toml:1:8: join: '10.0.0.1' is not a multicast group, as in 239.1.2.3 or "
       "ff15::7%strata0"},
  };
  for (const Case& example : cases) {
    const auto options = read_config_text(example.text, "f.toml");
    ASSERT_FALSE(options.has_value()) << example.text;
    EXPECT_EQ(options.error().text, example.failure);
    EXPECT_EQ(options.error().hint, "");
  }
}

TEST(ConfigFile, AQuotedKeyIsNotThatOfATable) {
  for (const std::string text : {"\"tcp.sack\" = false", "\"device.spec\" = \"tap:x\""}) {
    const auto options = read_config_text(text, "f.toml");
    ASSERT_FALSE(options.has_value()) << text;
    EXPECT_THAT(options.error().text, testing::HasSubstr(": unknown key")) << text;
  }
}

TEST(ConfigFile, KeysThatDoNotGoTogetherAreToldWhereOneOfThemStands) {
  const Case cases[] = {
      {"mtu = 1500\n[[device]]\nspec = \"tap:x\"",
       "f.toml:1:7: mtu: belongs into the [[device]] it is meant for"},
      {"capture_filter = \"tcp\"", "f.toml:1:18: capture_filter: needs capture = \"FILE\""},
      {"publish = \"1:2\"\n[[device]]\nspec = \"tap:x\"",
       "f.toml:1:11: publish: needs the rootless device: leave [[device]] out, or name that one"},
      {"cores = 2\npublish = \"1:2\"", "f.toml:1:9: cores: the rootless device is of one core"},
      {"dashboard = false\ndashboard_names = \"n\"",
       "f.toml:2:19: dashboard_names: needs dashboard = true"},
      {"dashboard = false\ndashboard_token = \"n\"",
       "f.toml:2:19: dashboard_token: needs dashboard = true"},
      {"dashboard = false\ntls = { certificate = \"c\", key = \"k\" }",
       "f.toml:2:7: tls: has nothing to serve: neither a dashboard nor http=DIR"},
      {"[[device]]\nspec = \"tap:x\"\nlease_file = \"/l\"",
       "f.toml:3:14: device.lease_file: needs dhcp = true"},
      {"[[device]]\nspec = \"tap:x\"\n[[device.vlan]]\nid = \"5\"\nlease_file = \"/l\"",
       "f.toml:5:14: device.vlan.lease_file: needs dhcp = true"},
  };
  std::size_t told = 0;
  for (const Case& example : cases) {
    const auto options = read_config_text(example.text, "f.toml");
    ASSERT_FALSE(options.has_value()) << example.text;
    EXPECT_EQ(options.error().text, example.failure);
    ++told;
  }
  EXPECT_EQ(told, config_rules().size()) << "each rule has a line here";
}

TEST(ConfigFile, AllFaultsOfAFileAreFoundInTheirOrder) {
  constexpr std::string_view kText = R"(seed = -1
gatewy = "10.0.0.1"
log = "loud"
[[device]]
adress = []
[[device]]
spec = "nothing:"
[[device.vlan]]
id = "1"
dhcp = "yes"
)";
  const ConfigReading reading = check_config_text(kText);
  std::vector<std::string> places;
  for (const ConfigFault& fault : reading.faults) {
    places.push_back(std::to_string(fault.line) + " " + fault.key);
  }
  const std::vector<std::string> expected{
      "1 seed",        "2 gatewy",           "3 log", "4 device.spec", "5 device.adress",
      "7 device.spec", "10 device.vlan.dhcp"};
  EXPECT_EQ(places, expected);
  const auto options = read_config_text(kText, "f.toml");
  EXPECT_EQ(options.error().hint, "6 more: strata config check f.toml");
}

TEST(ConfigFile, AFileOfNothingButFaultsIsToldOfInPart) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "unknown" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(check_config_text(text).faults.size(), ConfigReading::kFaultsMax);
}

TEST(ConfigFile, SaysWhereTheSyntaxIsWrong) {
  const auto options = read_config_text("seed = 1\nlog = \n", "f.toml");
  ASSERT_FALSE(options.has_value());
  EXPECT_TRUE(options.error().text.starts_with("f.toml:2:")) << options.error().text;
  EXPECT_TRUE(check_config_text("").faults.empty());
}

// A parser that goes one call deeper for each part of a key would end here.
TEST(ConfigFile, KeysWithoutEndAreRefused) {
  std::string key = "a";
  for (int i = 0; i < 200'000; ++i) key += ".a";
  std::string values;
  for (int i = 0; i < 200; ++i) values += "a = [\n{";
  for (const std::string& text : {key + " = 1\n", "[" + key + "]\n", "[[" + key + "]]\n",
                                  "a = {" + key + " = 1}\n", "mtu = 1500\n" + values}) {
    const auto options = read_config_text(text, "f.toml");
    ASSERT_FALSE(options.has_value());
    EXPECT_TRUE(options.error().text.starts_with("f.toml:")) << options.error().text;
  }
}

TEST(ConfigFile, SaysWhichFileCannotBeRead) {
  const auto options = read_config_file("/nonexistent/x.toml");
  ASSERT_FALSE(options.has_value());
  EXPECT_EQ(options.error().text, "/nonexistent/x.toml: cannot be read");
}

}  // namespace
}  // namespace strata::service::config_file_test

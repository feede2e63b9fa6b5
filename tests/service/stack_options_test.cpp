// SPDX-License-Identifier: Apache-2.0
#include "service/stack_options.h"

#include <gtest/gtest.h>

namespace strata::service::stack_options_test {
namespace {

TEST(ParsePublish, TakesPortsAndAnAddressOfTheHost) {
  const auto plain = parse_publish("8080:80");
  ASSERT_TRUE(plain.has_value());
  EXPECT_FALSE(plain->host_address.has_value());
  EXPECT_EQ(plain->host_port, 8080);
  EXPECT_EQ(plain->inside_port, 80);
  const auto four = parse_publish("127.0.0.1:8080:80");
  ASSERT_TRUE(four.has_value());
  EXPECT_EQ(four->host_address, IpAddress::v4(127, 0, 0, 1));
  const auto six = parse_publish("[::1]:8080:80");
  ASSERT_TRUE(six.has_value());
  EXPECT_EQ(six->host_address, IpAddress::v6(0, 1));
  EXPECT_FALSE(six->is_udp);
  EXPECT_EQ(parse_publish("0.0.0.0:8080:80")->host_address, IpAddress::any_v4());
  EXPECT_EQ(parse_publish("[::]:8080:80")->host_address, IpAddress::any_v6());
  for (const char* text : {"8080:80", "0.0.0.0:8080:80", "[::]:8080:80/udp"}) {
    EXPECT_EQ(to_text(*parse_publish(text)), text);
  }
  EXPECT_TRUE(parse_publish("53:5353/udp")->is_udp);
  EXPECT_FALSE(parse_publish("[::1]:8080:80/tcp")->is_udp);
  const std::pair<const char*, const char*> wrong[] = {
      {"", "'' names one port of two"},
      {"80", "'80' names one port of two"},
      {":80", "':80' names one port of two"},
      {"80:", "'80:': '' is not a port from 1 to 65535"},
      {"0:80", "'0' is not a port"},
      {"80:65536", "'65536' is not a port"},
      {"80:80x", "'80x' is not a port"},
      {"80:80/sctp", "'sctp' is neither tcp nor udp"},
      {"x:80:80", "'x' is no address of this host"},
      {"224.0.0.1:80:80", "'224.0.0.1' is no address of this host"},
      {"80:80:80", "'80' is no address of this host"},
  };
  for (const auto& [text, says] : wrong) {
    const auto parsed = parse_publish(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_NE(parsed.error().text.find(says), std::string::npos) << parsed.error().text;
  }
}

TEST(StackOptions, TheDefaultDeviceHasAddressesOnBothEnds) {
  const DeviceOptions device = default_device();
  EXPECT_TRUE(check_device_spec(device.spec).has_value());
  EXPECT_EQ(name_of_device(device.spec), "strata0");
  ASSERT_EQ(device.addresses.size(), 2U);
  EXPECT_EQ(device.addresses[0], *Prefix::parse("10.77.0.2/24"));
  EXPECT_EQ(device.addresses[1], *Prefix::parse("fd77::2/64"));
}

TEST(StackOptions, RefusesAddressesThatNoInterfaceCanHave) {
  for (const char* text : {"10.0.0.1", "10.0.0.1/33", "224.0.0.1/4", "0.0.0.0/0", "127.0.0.1/8",
                           "::1/128", "ff02::1/16", "x/24", ""}) {
    EXPECT_FALSE(parse_interface_address(text).has_value()) << text;
  }
  EXPECT_EQ(parse_interface_address("fd00::2/64"), *Prefix::parse("fd00::2/64"));
}

TEST(StackOptions, ServicesHaveTheirStandardPorts) {
  const std::pair<const char*, int> cases[] = {
      {"echo", 7}, {"discard", 9}, {"daytime", 13}, {"chargen", 19}, {"echo:7007", 7007}};
  for (const auto& [text, port] : cases) {
    const auto serve = parse_serve(text);
    ASSERT_TRUE(serve.has_value()) << text;
    EXPECT_EQ(serve->port, port);
  }
  for (const char* text : {"", "http", "echo:", "echo:0", "echo:65536", "echo:7x"}) {
    EXPECT_FALSE(parse_serve(text).has_value()) << text;
  }
}

TEST(StackOptions, AVlanIsANumberOrTwo) {
  const auto one = parse_vlan("10");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(*one, (VlanTags{.tags = {{{.id = 10}}}, .count = 1}));
  const auto two = parse_vlan("100.20");
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(*two, (VlanTags{.tags = {{{.tpid = 0x88a8, .id = 100}, {.id = 20}}}, .count = 2}));
  for (const char* text : {"", "0", "4095", "65546", "10.", ".10", "1.2.3", "ten", "10x", "-1"}) {
    EXPECT_FALSE(parse_vlan(text).has_value()) << text;
  }
}

TEST(StackOptions, AGroupMayNameItsInterface) {
  EXPECT_EQ(parse_join("239.1.2.3")->group, IpAddress::v4(239, 1, 2, 3));
  EXPECT_EQ(parse_join("239.1.2.3")->interface, "");
  EXPECT_EQ(parse_join("ff15::7%strata0")->interface, "strata0");
  for (const char* text : {"", "10.0.0.1", "fd00::1", "239.1.2.3%", "%strata0", "239.1.2"}) {
    EXPECT_FALSE(parse_join(text).has_value()) << text;
  }
}

TEST(StackOptions, BoundsTheMtu) {
  EXPECT_FALSE(check_mtu(67).has_value());
  EXPECT_EQ(check_mtu(68), 68U);
  EXPECT_EQ(check_mtu(65'535), 65'535U);
  EXPECT_FALSE(check_mtu(65'536).has_value());
  EXPECT_FALSE(check_mtu(-1).has_value());
}

TEST(StackOptions, PassesOnWhatIsWrongWithADevice) {
  const auto checked = check_device_spec("tpa:x");
  ASSERT_FALSE(checked.has_value());
  EXPECT_NE(checked.error().text.find("unknown kind 'tpa'"), std::string::npos);
}

}  // namespace
}  // namespace strata::service::stack_options_test

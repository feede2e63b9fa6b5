// SPDX-License-Identifier: Apache-2.0
#include "service/node.h"

#include <gtest/gtest.h>

#include <filesystem>

#include <sys/socket.h>

#include "service/gateway/host_end.h"
#include "service/lab.h"
#include "stack/core.h"
#include "strata/real_clock.h"

namespace strata::service::node_test {
namespace {

StackOptions with_null_device() {
  StackOptions options;
  options.devices.push_back({.spec = "null:sink", .addresses = {*Prefix::parse("10.1.0.2/24")}});
  options.log = LogLevel::kOff;
  return options;
}

TEST(Node, OpensWhatTheOptionsName) {
  const TemporaryFolder folder;
  StackOptions options = with_null_device();
  options.control = folder.path + "/x.sock";
  options.capture = folder.path + "/x.pcapng";
  options.gateways.push_back(*IpAddress::parse("10.1.0.1"));
  const auto node = Node::create(options, {});
  ASSERT_TRUE(node.has_value()) << node.error().text;
  EXPECT_EQ((*node)->main().name(), "sink");
  EXPECT_TRUE((*node)->stack().find_interface("sink").has_value());
  EXPECT_FALSE((*node)->is_rootless());
  EXPECT_FALSE((*node)->fallback_reason().has_value());
  EXPECT_EQ((*node)->control_path(), options.control);
  EXPECT_TRUE(std::filesystem::exists(options.control));
  EXPECT_TRUE(std::filesystem::exists(options.capture));
}

TEST(Node, SaysWhatCouldNotBeOpened) {
  StackOptions options = with_null_device();
  options.capture = "/nonexistent/x.pcapng";
  EXPECT_NE(Node::create(options, {}).error().text.find("/nonexistent/x.pcapng"),
            std::string::npos);
  options = with_null_device();
  options.gateways.push_back(*IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(Node::create(options, {}).error().text.starts_with("gateway 192.0.2.1: "));
  options = with_null_device();
  options.devices[0].proxies.push_back(IpAddress::v4(10, 1, 0, 2));
  EXPECT_EQ(Node::create(options, {.detects_duplicates = false}).error().text,
            "sink: proxy 10.1.0.2: invalid argument");
  options = with_null_device();
  options.devices[0].mtu = 1000;
  options.devices[0].proxies.push_back(*IpAddress::parse("fd01::9"));
  EXPECT_NE(Node::create(options, {}).error().hint.find("MTU of 1280"), std::string::npos);
  options = with_null_device();
  options.devices[0].spec = "pcap:/nonexistent.pcap";
  EXPECT_FALSE(Node::create(options, {}).has_value());
}

TEST(Node, ADiskThatIsFullEndsTheCaptureAndNotTheStack) {
  StackOptions options = with_null_device();
  options.capture = "/dev/full";
  const auto node = Node::create(options, {});
  ASSERT_TRUE(node.has_value()) << node.error().text;
  const auto& watchers = (*node)->stack().core().drop_watchers;
  EXPECT_FALSE(watchers.empty());
  const Time end = real_now() + std::chrono::seconds(5);
  while (!watchers.empty() && real_now() < end) {
    (*node)->loop().run_once(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(watchers.empty()) << "no packet is copied for nothing";
  EXPECT_FALSE((*node)->loop().is_stopped());
}

TEST(Node, PortsToPublishMakeTheGatewayTheDefaultDevice) {
  StackOptions options;
  options.log = LogLevel::kOff;
  std::uint16_t port = 0;
  {
    const HostEnd gone(SOCK_STREAM);
    port = gone.port();
  }
  options.publish.push_back({IpAddress::v4(127, 0, 0, 1), port, 80});
  {
    const auto node = Node::create(options, {});
    ASSERT_TRUE(node.has_value()) << node.error().text;
    EXPECT_TRUE((*node)->is_rootless());
    EXPECT_FALSE((*node)->fallback_reason().has_value()) << "it was not TAP that was asked for";
    EXPECT_EQ((*node)->main().name(), "rootless");
  }
  const HostEnd other(SOCK_STREAM);
  options.publish[0].host_port = other.port();
  const auto taken = Node::create(options, {});
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().text.find("is taken by another program"), std::string::npos)
      << taken.error().text;
  options.devices.push_back({.spec = "null:sink", .addresses = {*Prefix::parse("10.1.0.2/24")}});
  EXPECT_TRUE(Node::create(options, {}).error().text.starts_with("publish: only the rootless"));
}

TEST(Node, TheMtuOfTheOptionsReachesTheDevice) {
  StackOptions options = with_null_device();
  options.devices[0].mtu = 9000;
  const auto node = Node::create(options, {});
  ASSERT_TRUE(node.has_value()) << node.error().text;
  std::size_t mtu = 0;
  (*node)->stack().for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.name.view() == "sink") mtu = entry.mtu;
  });
  EXPECT_EQ(mtu, 9000U);
}

TEST(Node, ASeedMakesTheSameStackAgain) {
  std::string first;
  for (int round = 0; round < 2; ++round) {
    StackOptions options = with_null_device();
    options.seed = 42;
    const auto node = Node::create(options, {.detects_duplicates = false});
    ASSERT_TRUE(node.has_value());
    std::string addresses;
    (*node)->loop().run_once(std::chrono::milliseconds(0));
    (*node)->stack().for_each_address([&](const AddressEntry& entry) {
      addresses += std::string(to_text(entry.prefix).view()) + " ";
    });
    if (round == 0) first = addresses;
    EXPECT_EQ(addresses, first);
  }
}

}  // namespace
}  // namespace strata::service::node_test

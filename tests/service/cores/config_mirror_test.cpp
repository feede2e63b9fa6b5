// SPDX-License-Identifier: Apache-2.0
#include "service/cores/config_mirror.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "stack/core.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "support/test_device.h"

namespace strata::service::config_mirror_test {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1s};

struct Host {
  explicit Host(bool detects_duplicates = false) {
    StackConfig config;
    config.memory = &memory;
    config.pool = &pool;
    config.secret = {1, 2};
    stack.emplace(*Stack::create(config));
    InterfaceConfig settings;
    settings.name = "eth0";
    settings.detect_duplicates = detects_duplicates;
    interface = *stack->add_interface(device, settings, kStart);
    for (int i = 0; i < 20; ++i) stack->flush(kStart + i * 100ms);
  }
  [[nodiscard]] bool has(const char* prefix) const {
    bool found = false;
    stack->for_each_address([&](const AddressEntry& entry) {
      found = found || entry.prefix == *Prefix::parse(prefix);
    });
    return found;
  }
  [[nodiscard]] std::size_t gateways() const {
    std::size_t count = 0;
    stack->for_each_route(
        [&](const RouteEntry& entry) { count += entry.gateway.is_unspecified() ? 0 : 1; });
    return count;
  }
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 64, .large_buffers = 2}};
  support::TestDevice device;
  std::optional<Stack> stack;
  InterfaceId interface = kNoInterface;
};

void mirror(Host& front, Host& follower) {
  SharedConfig::of(*front.stack, kStart).apply_to(*follower.stack, kStart);
}

TEST(ConfigMirror, AFollowerGetsWhatTheFrontCoreHasAndLosesWhatItLoses) {
  Host front;
  Host follower;
  ASSERT_TRUE(front.stack->add_address(front.interface, *Prefix::parse("10.0.0.2/24"), kStart));
  ASSERT_TRUE(front.stack->add_address(front.interface, *Prefix::parse("fd00::2/64"), kStart));
  ASSERT_TRUE(front.stack->add_route(
      {.destination = *Prefix::parse("0.0.0.0/0"), .gateway = IpAddress::v4(10, 0, 0, 1)}));
  ASSERT_TRUE(front.stack->set_mtu(front.interface, 1400, kStart));
  for (int twice = 0; twice < 2; ++twice) mirror(front, follower);
  EXPECT_TRUE(follower.has("10.0.0.2/24"));
  EXPECT_TRUE(follower.has("fd00::2/64"));
  EXPECT_EQ(follower.gateways(), 1U);
  EXPECT_EQ(follower.stack->core().interface(follower.interface)->mtu, 1400U);

  ASSERT_TRUE(front.stack->remove_route(
      {.destination = *Prefix::parse("0.0.0.0/0"), .gateway = IpAddress::v4(10, 0, 0, 1)}));
  ASSERT_TRUE(front.stack->remove_address(front.interface, IpAddress::v4(10, 0, 0, 2), kStart));
  mirror(front, follower);
  EXPECT_FALSE(follower.has("10.0.0.2/24"));
  EXPECT_TRUE(follower.has("fd00::2/64"));
  EXPECT_EQ(follower.gateways(), 0U);
}

TEST(ConfigMirror, AnAddressIsSharedWhenItMayBeUsed) {
  Host front(true);
  Host follower;
  ASSERT_TRUE(front.stack->add_address(front.interface, *Prefix::parse("10.0.0.2/24"), kStart));
  mirror(front, follower);
  EXPECT_FALSE(follower.has("10.0.0.2/24")) << "somebody else may have it";
}

TEST(ConfigMirror, FollowersMakeTheSameLinkLocalAddress) {
  Host front;
  Host follower;
  const auto link_local_of = [](Host& host) {
    Prefix found;
    host.stack->for_each_address([&](const AddressEntry& entry) {
      if (entry.prefix.address().is_v6() && entry.prefix.address().is_link_local()) {
        found = entry.prefix;
      }
    });
    return found;
  };
  EXPECT_NE(link_local_of(front), Prefix{});
  EXPECT_EQ(link_local_of(front), link_local_of(follower));
  mirror(front, follower);
  EXPECT_EQ(link_local_of(front), link_local_of(follower));
}

TEST(ConfigMirror, NeighboursGivenByHandAreShared) {
  Host front;
  Host follower;
  const MacAddress mac = MacAddress::from_value(0x0200'0000'00aa);
  const auto count = [&] {
    std::size_t found = 0;
    follower.stack->for_each_neighbor(
        kStart, [&](const NeighborEntry& entry) { found += entry.mac == mac ? 1 : 0; });
    return found;
  };
  ASSERT_TRUE(front.stack->add_neighbor(front.interface, IpAddress::v4(10, 0, 0, 9), mac, kStart));
  mirror(front, follower);
  EXPECT_EQ(count(), 1U);
  ASSERT_TRUE(front.stack->remove_neighbor(front.interface, IpAddress::v4(10, 0, 0, 9)));
  mirror(front, follower);
  EXPECT_EQ(count(), 0U);
}

TEST(ConfigWatch, SeesAddressesRoutesAndLinks) {
  Host front;
  ConfigWatch watch;
  EXPECT_TRUE(watch.has_changed(*front.stack));
  EXPECT_FALSE(watch.has_changed(*front.stack));
  ASSERT_TRUE(front.stack->add_address(front.interface, *Prefix::parse("10.0.0.2/24"), kStart));
  EXPECT_TRUE(watch.has_changed(*front.stack));
  ASSERT_TRUE(front.stack->add_route(
      {.destination = *Prefix::parse("0.0.0.0/0"), .gateway = IpAddress::v4(10, 0, 0, 1)}));
  EXPECT_TRUE(watch.has_changed(*front.stack));
  ASSERT_TRUE(front.stack->set_mtu(front.interface, 1400, kStart));
  EXPECT_TRUE(watch.has_changed(*front.stack));
  EXPECT_FALSE(watch.has_changed(*front.stack));
}

}  // namespace
}  // namespace strata::service::config_mirror_test

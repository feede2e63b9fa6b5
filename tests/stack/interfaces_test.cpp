// SPDX-License-Identifier: Apache-2.0
#include "stack/interfaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::interfaces_test {
namespace {

using namespace support;
using testing::IsEmpty;
using testing::SizeIs;

InterfaceConfig named(std::string_view name) {
  InterfaceConfig config;
  config.name = name;
  config.detect_duplicates = false;
  return config;
}

TEST(Interfaces, NamesAreUniqueAndShort) {
  Bench bench;
  TestDevice device;
  const auto first = bench.stack.add_interface(device, named("eth0"), bench.now);
  ASSERT_TRUE(first);
  EXPECT_EQ(bench.stack.find_interface("eth0").value(), *first);
  EXPECT_EQ(bench.stack.add_interface(device, named("eth0"), bench.now).error(),
            Error::kAlreadyExists);
  EXPECT_EQ(bench.stack.add_interface(device, named("sixteen-letters!"), bench.now).error(),
            Error::kInvalidArgument);
  EXPECT_TRUE(bench.stack.add_interface(device, named("fifteen-letters"), bench.now));
}

// More than there are bits for in Core::queued_ports.
TEST(Interfaces, OfManyEachSendsAndAsksForItsNeighbours) {
  Host host;
  std::array<TestDevice, 70> devices;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  const auto on = [](std::size_t i, std::uint8_t node) {
    return IpAddress::v4(10, 1, static_cast<std::uint8_t>(i), node);
  };
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const InterfaceId id = host.add(devices[i]);
    ASSERT_TRUE(host.stack.add_address(id, Prefix(on(i, 1), 24), host.now));
    ASSERT_TRUE(host.stack.add_neighbor(id, on(i, 2), kPeerMac, host.now));
  }
  host.run_for(10s);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    (void)devices[i].take_sent();
    ASSERT_TRUE(port.send({on(i, 2), 9}, text("known")));
    host.stack.flush(host.now);
    EXPECT_THAT(devices[i].take_sent(), SizeIs(1)) << i;
    ASSERT_TRUE(port.send({on(i, 3), 9}, text("to be asked for")));
  }
  host.settle();
  for (TestDevice& device : devices) EXPECT_THAT(device.take_sent(), SizeIs(1));
  host.run_for(1500ms);
  for (TestDevice& device : devices) EXPECT_THAT(device.take_sent(), SizeIs(1)) << "once a second";
}

TEST(Interfaces, AnMtuIsWithinTheDevices) {
  Bench bench;
  TestDevice device;
  for (const std::size_t mtu : {67UL, 1501UL}) {
    InterfaceConfig config;
    config.mtu = mtu;
    EXPECT_EQ(bench.stack.add_interface(device, config, bench.now).error(),
              Error::kInvalidArgument);
  }
}

// RFC 8200 5 MUST: a link carries at least 1280 bytes, or it does not carry IPv6.
TEST(Interfaces, ASmallMtuHasNoIpv6) {
  Bench bench;
  TestDevice device({.mtu = 1283, .mac = kOurMac});
  InterfaceConfig config = named("eth0");
  const auto port = bench.stack.add_interface(device, config, bench.now);
  ASSERT_TRUE(port);
  EXPECT_TRUE(bench.stack.add_address(*port, prefix("fd00::1/64"), bench.now));
  const VlanTags tags{.tags = {{{.id = 5}, {.id = 6}}}, .count = 2};
  const auto vlan = bench.stack.add_vlan(*port, tags, named("eth0.5.6"), bench.now);
  ASSERT_TRUE(vlan);
  EXPECT_EQ(bench.stack.add_address(*vlan, prefix("fd01::1/64"), bench.now).error(),
            Error::kNotSupported);
}

TEST(Interfaces, TagsAreChecked) {
  Host host;
  for (const VlanTags& tags : {VlanTags{}, VlanTags{.tags = {{{.id = 0}}}, .count = 1},
                               VlanTags{.tags = {{{.id = 4095}}}, .count = 1},
                               VlanTags{.tags = {{{.id = 5, .priority = 8}}}, .count = 1},
                               VlanTags{.tags = {{{.tpid = 0x0800, .id = 5}}}, .count = 1}}) {
    EXPECT_EQ(host.stack.add_vlan(host.eth0, tags, {}, host.now).error(), Error::kInvalidArgument);
  }
  const VlanTags five{.tags = {{{.id = 5}}}, .count = 1};
  ASSERT_TRUE(host.stack.add_vlan(host.eth0, five, {}, host.now));
  EXPECT_EQ(host.stack.add_vlan(host.eth0, five, {}, host.now).error(), Error::kAlreadyExists);
  const VlanTags urgent{.tags = {{{.id = 5, .priority = 7}}}, .count = 1};
  EXPECT_EQ(host.stack.add_vlan(host.eth0, urgent, {}, host.now).error(), Error::kAlreadyExists);
  EXPECT_EQ(host.stack.add_vlan(kLoopbackId, five, {}, host.now).error(), Error::kInvalidArgument);
}

TEST(Interfaces, AVlanThatWasRemovedMayComeBack) {
  Host host;
  const VlanTags five{.tags = {{{.id = 5}}}, .count = 1};
  const auto vlan = host.stack.add_vlan(host.eth0, five, named("vlan"), host.now);
  ASSERT_TRUE(vlan);
  ASSERT_TRUE(host.stack.remove_interface(*vlan, host.now));
  EXPECT_TRUE(host.stack.add_vlan(host.eth0, five, named("vlan"), host.now));
}

// As on Linux a VLAN has no more than its port; and what it wanted is not forgotten.
TEST(Interfaces, VlansKeepToTheMtuOfTheirPort) {
  Host host;
  const auto add = [&](const VlanTags& tags, std::size_t wanted) {
    InterfaceConfig config;
    config.mtu = wanted;
    return host.stack.add_vlan(host.eth0, tags, config, host.now).value_or(kNoInterface);
  };
  const InterfaceId plain = add({.tags = {{{.id = 5}}}, .count = 1}, 0);
  const InterfaceId stacked = add({.tags = {{{.id = 6}, {.id = 7}}}, .count = 2}, 0);
  const InterfaceId narrow = add({.tags = {{{.id = 8}}}, .count = 1}, 1300);
  const auto mtus = [&] {
    const Core& core = host.stack.core();
    return std::array{core.interface(plain)->mtu, core.interface(stacked)->mtu,
                      core.interface(narrow)->mtu};
  };
  ASSERT_TRUE(host.stack.set_mtu(host.eth0, 1400, host.now));
  EXPECT_EQ(mtus(), (std::array<std::size_t, 3>{1400, 1396, 1300}));
  ASSERT_TRUE(host.stack.set_mtu(host.eth0, 1290, host.now));
  EXPECT_EQ(mtus(), (std::array<std::size_t, 3>{1290, 1286, 1290}));
  EXPECT_EQ(host.stack.set_mtu(plain, 1291, host.now).error(), Error::kInvalidArgument);
  ASSERT_TRUE(host.stack.set_mtu(host.eth0, 1500, host.now));
  EXPECT_EQ(mtus(), (std::array<std::size_t, 3>{1500, 1496, 1300}));
}

TEST(Interfaces, AVlanGoesWithItsPort) {
  Host host;
  const VlanTags five{.tags = {{{.id = 5}}}, .count = 1};
  const auto vlan = host.stack.add_vlan(host.eth0, five, named("vlan"), host.now);
  ASSERT_TRUE(vlan);
  ASSERT_TRUE(host.stack.remove_interface(host.eth0, host.now));
  EXPECT_EQ(host.stack.find_interface("vlan").error(), Error::kNotFound);
  EXPECT_FALSE(host.stack.is_local(host.own4));
  EXPECT_EQ(host.stack.remove_interface(kLoopbackId, host.now).error(), Error::kNotPermitted);
}

TEST(Interfaces, DownIsSilentAndUpAnnouncesAgain) {
  Host host;
  ASSERT_TRUE(host.stack.set_interface_up(host.eth0, false, host.now));
  EXPECT_THAT(host.after(100s), IsEmpty());
  (void)host.from_peer(echo_request(host.peer4, host.own4, 1, 1, {}));
  EXPECT_EQ(host.drops(DropReason::kInterfaceDown), 1U);
  ASSERT_TRUE(host.stack.set_interface_up(host.eth0, true, host.now));
  EXPECT_THAT(host.after(10s), testing::Not(IsEmpty()));
  EXPECT_THAT(host.from_peer(echo_request(host.peer4, host.own4, 1, 1, {})), SizeIs(1));
}

// RFC 4862 5.4: duplicates are looked for by asking neighbours, and these links have none.
TEST(Interfaces, WithoutALinkLayerAddressesAreBackAtOnce) {
  Bench bench;
  TestDevice tunnel({.medium = Medium::kIp});
  InterfaceConfig config;
  config.accept_router_advertisements = false;
  const InterfaceId id = bench.add(tunnel, config);
  const IpAddress own = address("fd00::1");
  ASSERT_TRUE(bench.stack.add_address(id, {own, 64}, bench.now));
  bench.run_for(10s);
  const Core& core = bench.stack.core();
  for (const InterfaceId each : {id, kLoopbackId}) {
    ASSERT_TRUE(bench.stack.set_interface_up(each, false, bench.now));
    bench.run_for(1s);
    ASSERT_TRUE(bench.stack.set_interface_up(each, true, bench.now));
    bench.run_for(1s);
  }
  EXPECT_TRUE(core.local.is_local(own));
  EXPECT_TRUE(core.local.is_local(IpAddress::loopback_v6()));
}

TEST(Interfaces, GroupsOfTheLoopbackInterfaceEndWithTheirSockets) {
  Bench bench;
  auto& groups = bench.stack.core().interface(kLoopbackId)->groups.tell();
  for (std::uint32_t i = 0; i < 100; ++i) {
    const IpAddress group = IpAddress::v4(0xef01'0000U + i);
    ASSERT_TRUE(groups.join(1, group, bench.now)) << i;
    EXPECT_TRUE(groups.is_member(group));
    ASSERT_TRUE(groups.leave(1, group, bench.now));
    bench.settle();
  }
}

// However large the device's frames, a report fits the buffer it is written into.
TEST(Interfaces, ManyGroupsAreReportedOverALargeLink) {
  Bench bench;
  TestDevice device({.mtu = 9000, .mac = kOurMac});
  const InterfaceId id = bench.add(device);
  auto& groups = bench.stack.core().interface(id)->groups.tell();
  bench.run_for(5s);
  std::array<IpAddress, 20> sources;
  for (std::uint32_t i = 0; i < 20; ++i) sources[i] = IpAddress::v4(0x0a00'0001U + i);
  std::uint32_t joined = 0;
  while (joined < 60 && groups.set_filter(joined + 1, IpAddress::v4(0xef01'0000U + joined),
                                          multicast::FilterMode::kInclude, sources, bench.now)) {
    ++joined;
  }
  EXPECT_GT(joined * 88, 1500U);  // more than one report of the usual size holds
  bench.run_for(10s);
  for (const Frame& frame : device.take_sent()) EXPECT_LE(frame.size(), 1514U);
}

}  // namespace
}  // namespace strata::stack::interfaces_test

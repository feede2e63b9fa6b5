// SPDX-License-Identifier: Apache-2.0
#include "tcp/ports.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "strata/rng.h"

namespace strata::tcp::ports_test {
namespace {

constexpr IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
constexpr IpAddress kOther = IpAddress::v4(10, 0, 0, 2);
constexpr IpAddress kOwnV6 = IpAddress::v6(0xfd77'0000'0000'0000, 1);
constexpr IpAddress kAnyV4 = IpAddress::any_v4();
constexpr IpAddress kAnyV6 = IpAddress::any_v6();

TcpSocketOptions with(bool reuse_address, bool reuse_port, bool v6_only = false,
                      InterfaceId interface = kNoInterface) {
  TcpSocketOptions options;
  options.reuse_address = reuse_address;
  options.reuse_port = reuse_port;
  options.v6_only = v6_only;
  options.bound_interface = interface;
  return options;
}

struct Row {
  IpAddress first;
  TcpSocketOptions first_options;
  IpAddress second;
  TcpSocketOptions second_options;
  bool may_bind;
  bool may_bind_to_listener;
};

// RFC 9293 3.10.1: one place has one owner, but for those who all agree to share it.
// RFC 9293 3.9.1.1 MUST: one port may be listened on at several addresses (MUST-42).
TEST(Ports, LetOnlyThoseShareWhoAllAgree) {
  const auto none = with(false, false);
  const auto address = with(true, false);
  const auto port = with(false, true);
  const auto only_v6 = with(false, false, true);
  const Row rows[] = {
      {kOwn, none, kOwn, none, false, false},
      {kOwn, none, kOther, none, true, true},
      {kOwn, none, kAnyV4, none, false, false},
      {kAnyV4, none, kOwn, none, false, false},
      {kOwn, address, kOwn, none, false, false},
      {kOwn, address, kOwn, address, true, false},
      {kAnyV4, address, kOwn, address, true, false},
      {kOwn, port, kOwn, port, true, true},
      {kOwn, port, kOwn, address, false, false},
      {kOwn, none, kAnyV6, none, false, false},
      {kOwn, none, kAnyV6, only_v6, true, true},
      {kAnyV6, none, kAnyV4, none, false, false},
      {kAnyV6, only_v6, kAnyV4, none, true, true},
      {kOwnV6, none, kAnyV4, none, true, true},
      {kOwnV6, none, kAnyV6, none, false, false},
      {kOwnV6, none, kAnyV6, only_v6, false, false},
      {kOwn, with(false, false, false, 1), kOwn, with(false, false, false, 2), true, true},
      {kOwn, with(false, false, false, 1), kOwn, none, false, false},
  };
  for (const Row& row : rows) {
    for (const bool listens : {false, true}) {
      HeapMemory memory;
      Ports ports(memory, 16, {1, 2});
      const auto first = ports.bind({row.first, 80, kNoInterface}, row.first_options);
      ASSERT_TRUE(first);
      if (listens) {
        ASSERT_TRUE(ports.begin_listening(*first));
      }
      const auto second = ports.bind({row.second, 80, kNoInterface}, row.second_options);
      EXPECT_EQ(second.has_value(), listens ? row.may_bind_to_listener : row.may_bind)
          << &row - rows << listens;
      if (!second) {
        EXPECT_EQ(second.error(), Error::kAddressInUse);
      }
      EXPECT_TRUE(ports.bind({row.second, 81, kNoInterface}, row.second_options));
    }
  }
}

TEST(Ports, LetOneOfThoseListenWhoOnlyReuseTheAddress) {
  HeapMemory memory;
  Ports ports(memory, 16, {1, 2});
  const auto first = ports.bind({kOwn, 80, kNoInterface}, with(true, false));
  const auto second = ports.bind({kOwn, 80, kNoInterface}, with(true, false));
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(ports.begin_listening(*first));
  EXPECT_EQ(ports.begin_listening(*second).error(), Error::kAddressInUse);
  ports.release(*first);
  EXPECT_TRUE(ports.begin_listening(*second));
  EXPECT_EQ(ports.begin_listening(*first).error(), Error::kInvalidHandle);
}

// RFC 9293 3.6.1: a port whose connections linger is not taken by accident.
TEST(Ports, AskForReuseWhereConnectionsLinger) {
  HeapMemory memory;
  Ports ports(memory, 16, {1, 2});
  ASSERT_TRUE(ports.add_use(80));
  EXPECT_EQ(ports.bind({kAnyV4, 80, kNoInterface}, {}).error(), Error::kAddressInUse);
  const auto reusing = ports.bind({kAnyV4, 80, kNoInterface}, with(true, false));
  ASSERT_TRUE(reusing);
  ports.release(*reusing);
  ports.drop_use(80);
  EXPECT_TRUE(ports.bind({kAnyV4, 80, kNoInterface}, {}));
}

TEST(Ports, CountUsesAndGiveTheirMemoryBack) {
  HeapMemory memory;
  {
    Ports ports(memory, 16, {1, 2});
    Rng rng(1);
    std::multiset<std::uint16_t> uses;
    for (int i = 0; i < 20'000; ++i) {
      const auto port = static_cast<std::uint16_t>(rng.below(2000) * 31);
      if (rng.chance({1, 2})) {
        ASSERT_TRUE(ports.add_use(port));
        uses.insert(port);
      } else if (uses.contains(port)) {
        ports.drop_use(port);
        uses.erase(uses.find(port));
      }
      ASSERT_EQ(ports.uses(port), uses.count(port));
    }
    for (const std::uint16_t port : uses) ports.drop_use(port);
    EXPECT_EQ(memory.bytes_used(), 0U);
    ASSERT_TRUE(ports.add_use(9));
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(Ports, FindAPortForWhoAsksForNone) {
  HeapMemory memory;
  Ports ports(memory, 100'000, {1, 2});
  std::set<std::uint16_t> given;
  for (int i = 0; i < 1000; ++i) {
    const auto handle = ports.bind({kOwn, 0, kNoInterface}, {});
    ASSERT_TRUE(handle);
    const std::uint16_t port = ports.find(*handle)->local.port;
    EXPECT_GE(port, 32768);
    EXPECT_TRUE(given.insert(port).second);
    EXPECT_TRUE(ports.is_bound(port));
  }
}

Flow flow_to(std::uint32_t server) {
  return {.local_address = kOwn,
          .remote_address = IpAddress::v4(0xc000'0200 + server),
          .remote_port = 80};
}

// RFC 6056 3.2 SHOULD: as large a part of the port space as possible is used.
TEST(Ports, ServeSixtyThousandConnectionsToOnePlace) {
  HeapMemory memory;
  Ports ports(memory, 16, {1, 2});
  std::set<std::uint16_t> taken;
  int looks = 0;
  const auto is_free = [&](const Flow& flow) {
    ++looks;
    return !taken.contains(flow.local_port);
  };
  for (int i = 0; i < 60'000; ++i) {
    const auto port = ports.choose(flow_to(1), is_free);
    ASSERT_TRUE(port && taken.insert(*port).second) << i;
    ASSERT_TRUE(ports.add_use(*port));
  }
  EXPECT_GE(*taken.begin(), 1024);
  EXPECT_LE(looks, 60'000 * 60);
  // Other places can have the same ports once more.
  looks = 0;
  for (std::uint32_t server = 2; server < 10'000; ++server) {
    const auto everything = [&](const Flow&) {
      ++looks;
      return true;
    };
    ASSERT_TRUE(ports.choose(flow_to(server), everything));
  }
  EXPECT_LE(looks, 10'000);
}

TEST(Ports, SayWhenNoneIsLeft) {
  HeapMemory memory;
  Ports ports(memory, 16, {1, 2});
  for (std::uint32_t port = 0; port < 65536; ++port) {
    ASSERT_TRUE(ports.add_use(static_cast<std::uint16_t>(port)));
  }
  EXPECT_EQ(ports.choose(flow_to(1), [](const Flow&) { return false; }).error(),
            Error::kNoPortsLeft);
  const auto last = [](const Flow& flow) { return flow.local_port == 1024; };
  EXPECT_EQ(ports.choose(flow_to(1), last), 1024);
  EXPECT_EQ(ports.bind({kOwn, 0, kNoInterface}, {}).error(), Error::kNoPortsLeft);
}

// RFC 6056 3.1: a port that a program has bound is not given to a connection of another.
TEST(Ports, KeepBoundPortsFromConnections) {
  HeapMemory memory;
  Ports ports(memory, 40'000, {1, 2});
  for (std::uint32_t port = 32768; port < 65536; ++port) {
    if (port == 50'000) continue;
    ASSERT_TRUE(ports.bind({kOwn, static_cast<std::uint16_t>(port), kNoInterface}, {}));
  }
  for (std::uint32_t server = 0; server < 10; ++server) {
    const auto port = ports.choose(flow_to(server), [](const Flow&) { return true; });
    ASSERT_TRUE(port);
    EXPECT_TRUE(*port == 50'000 || *port < 32768);
  }
}

TEST(Ports, DoWithoutMemory) {
  HeapMemory memory(100);
  Ports ports(memory, 16, {1, 2});
  EXPECT_FALSE(ports.add_use(80));
  EXPECT_EQ(ports.bind({kOwn, 80, kNoInterface}, {}).error(), Error::kOutOfMemory);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::tcp::ports_test

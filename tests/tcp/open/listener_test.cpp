// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/listener.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "strata/rng.h"
#include "tcp/support/opening.h"

namespace strata::tcp::listener_test {
namespace {

using testing::flow_of;

constexpr IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);

struct Listening : ::testing::Test {
  HeapMemory memory;
  Listeners listeners{memory, 64, {1, 2}};

  Handle open(const Endpoint& local, const TcpSocketOptions& options = {}) {
    const auto handle = listeners.open(local, 10, options);
    EXPECT_TRUE(handle);
    return handle.value_or(Handle{});
  }
  Handle heard_by(const Flow& flow, InterfaceId interface = 1) {
    const Listener* const listener = listeners.match(flow, interface);
    return listener == nullptr ? Handle{} : listeners.handle_of(listener->index);
  }
};

Flow flow_v6() {
  return {.local_address = IpAddress::v6(0xfd77'0000'0000'0000, 1),
          .remote_address = IpAddress::v6(0xfd77'0000'0000'0000, 2),
          .local_port = 80,
          .remote_port = 4000};
}

TEST_F(Listening, FindsTheMostExactPlace) {
  const Handle any = open({IpAddress::any_v4(), 80, kNoInterface});
  const Handle own = open({kOwn, 80, kNoInterface});
  EXPECT_EQ(heard_by(flow_of(1)), own);
  Flow elsewhere = flow_of(1);
  elsewhere.local_address = IpAddress::v4(10, 0, 0, 99);
  EXPECT_EQ(heard_by(elsewhere), any);
  elsewhere.local_port = 81;
  EXPECT_EQ(heard_by(elsewhere), Handle{});
  listeners.close(own);
  EXPECT_EQ(heard_by(flow_of(1)), any);
  EXPECT_EQ(listeners.find(own), nullptr);
  listeners.close(any);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

// RFC 3493 3.7: an IPv6 wildcard hears IPv4 as well, unless it is told not to.
TEST_F(Listening, HearsBothFamiliesThroughAnIpv6Wildcard) {
  const Handle dual = open({IpAddress::any_v6(), 80, kNoInterface});
  EXPECT_EQ(heard_by(flow_of(1)), dual);
  EXPECT_EQ(heard_by(flow_v6()), dual);
  listeners.close(dual);
  TcpSocketOptions options;
  options.v6_only = true;
  const Handle v6 = open({IpAddress::any_v6(), 80, kNoInterface}, options);
  EXPECT_EQ(heard_by(flow_of(1)), Handle{});
  EXPECT_EQ(heard_by(flow_v6()), v6);
  const Handle v4 = open({IpAddress::any_v4(), 80, kNoInterface});
  EXPECT_EQ(heard_by(flow_of(1)), v4);
  EXPECT_EQ(heard_by(flow_v6()), v6);
}

TEST_F(Listening, HearsOnlyItsInterfaceWhenBoundToOne) {
  TcpSocketOptions options;
  options.bound_interface = 2;
  const Handle bound = open({kOwn, 80, kNoInterface}, options);
  EXPECT_EQ(heard_by(flow_of(1), 1), Handle{});
  EXPECT_EQ(heard_by(flow_of(1), 2), bound);
  const Handle all = open({kOwn, 80, kNoInterface});
  EXPECT_EQ(heard_by(flow_of(1), 1), all);
  EXPECT_EQ(heard_by(flow_of(1), 2), bound);
  const Handle zoned = open({IpAddress::v6(0xfe80'0000'0000'0000, 1), 80, 3});
  Flow link_local = flow_v6();
  link_local.local_address = IpAddress::v6(0xfe80'0000'0000'0000, 1);
  EXPECT_EQ(heard_by(link_local, 3), zoned);
  EXPECT_EQ(heard_by(link_local, 4), Handle{});
}

TEST_F(Listening, SpreadsFlowsOverThoseThatShareAndMovesFewWhenOneGoes) {
  std::map<Index, int> counts;
  std::array<Handle, 4> group;
  for (Handle& handle : group) handle = open({IpAddress::any_v4(), 80, kNoInterface});
  std::map<std::uint32_t, Handle> before;
  for (std::uint32_t client = 0; client < 4000; ++client) {
    before[client] = heard_by(flow_of(client));
    EXPECT_EQ(heard_by(flow_of(client)), before[client]);
    ++counts[before[client].index];
  }
  for (const Handle& handle : group) EXPECT_NEAR(counts[handle.index], 1000, 250);
  listeners.close(group[1]);
  for (std::uint32_t client = 0; client < 4000; ++client) {
    if (before[client] != group[1]) {
      EXPECT_EQ(heard_by(flow_of(client)), before[client]);
    }
  }
}

TEST_F(Listening, RefusesWhatCannotBeListenedOn) {
  EXPECT_EQ(listeners.open({kOwn, 0, kNoInterface}, 1, {}).error(), Error::kInvalidArgument);
  EXPECT_EQ(listeners.open({IpAddress::v4(224, 0, 0, 1), 80, kNoInterface}, 1, {}).error(),
            Error::kInvalidArgument);
  for (std::uint16_t i = 0; i < 64; ++i) open({kOwn, static_cast<std::uint16_t>(i + 1), 0});
  EXPECT_EQ(listeners.open({kOwn, 80, kNoInterface}, 1, {}).error(), Error::kOutOfMemory);
}

TEST_F(Listening, ComesBackFromASnapshot) {
  TcpSocketOptions options;
  options.no_delay = true;
  const Handle handle = open({kOwn, 80, kNoInterface}, options);
  const ListenerSnapshot saved = Listeners::snapshot(*listeners.find(handle));
  listeners.close(handle);
  const auto again = listeners.restore(saved);
  ASSERT_TRUE(again);
  EXPECT_EQ(heard_by(flow_of(1)), *again);
  EXPECT_EQ(listeners.find(*again)->backlog, 10U);
  EXPECT_TRUE(listeners.find(*again)->options.no_delay);
  ListenerSnapshot later = saved;
  later.version = ListenerSnapshot::kVersion + 1;
  EXPECT_EQ(listeners.restore(later).error(), Error::kNotSupported);
}

TEST_F(Listening, CountsABacklogOfZeroAsOne) {
  const Handle handle = listeners.open({kOwn, 80, kNoInterface}, 0, {}).value_or(Handle{});
  Listener& listener = *listeners.find(handle);
  EXPECT_FALSE(listener.is_accept_queue_full());
  ASSERT_TRUE(listener.accept_queue.try_push({1, 1}));
  EXPECT_TRUE(listener.is_accept_queue_full());
}

TEST(AcceptQueue, IsAQueueFromWhichAnyoneMayLeave) {
  HeapMemory memory;
  AcceptQueue queue(memory);
  std::deque<Handle> expected;
  Rng rng(2);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const auto what = rng.below(8);
    if (what < 4) {
      ASSERT_TRUE(queue.try_push({i, i}));
      expected.push_back({i, i});
    } else if (what < 7) {
      const auto popped = queue.pop();
      ASSERT_EQ(popped.has_value(), !expected.empty());
      if (popped) {
        ASSERT_EQ(*popped, expected.front());
        expected.pop_front();
      }
    } else if (!expected.empty()) {
      const auto at = static_cast<std::ptrdiff_t>(rng.below(expected.size()));
      ASSERT_TRUE(queue.remove(expected[static_cast<std::size_t>(at)]));
      ASSERT_FALSE(queue.remove(expected[static_cast<std::size_t>(at)]));
      expected.erase(expected.begin() + at);
    }
    ASSERT_EQ(queue.size(), expected.size());
  }
}

}  // namespace
}  // namespace strata::tcp::listener_test

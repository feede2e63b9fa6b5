// SPDX-License-Identifier: Apache-2.0
#include "udp/table.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/checked_memory.h"

namespace strata::udp::table_test {
namespace {

constexpr IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
constexpr IpAddress kOwnToo = IpAddress::v4(10, 0, 0, 9);
constexpr IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
constexpr IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
constexpr IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);
constexpr IpAddress kGroup = IpAddress::v4(239, 1, 1, 1);
constexpr IpAddress kAny4 = IpAddress::any_v4();
constexpr IpAddress kAny6 = IpAddress::any_v6();
constexpr auto kIpv4 = AddressFamily::kIpv4;
constexpr auto kIpv6 = AddressFamily::kIpv6;

SocketOptions reusing_address() {
  SocketOptions options;
  options.reuse_address = true;
  return options;
}
SocketOptions sharing_port() {
  SocketOptions options;
  options.reuse_port = true;
  return options;
}
SocketOptions v6_only() {
  SocketOptions options;
  options.v6_only = true;
  return options;
}
SocketOptions bound_to(InterfaceId interface) {
  SocketOptions options;
  options.bound_interface = interface;
  return options;
}
const SocketOptions kNone;
const SocketOptions kReuse = reusing_address();
const SocketOptions kShare = sharing_port();
const SocketOptions kV6Only = v6_only();

class Tables : public testing::Test {
 protected:
  Socket& open(AddressFamily family, const SocketOptions& options = kNone) {
    const auto handle = table.open(family);
    EXPECT_TRUE(handle);
    Socket& socket = *table.find(*handle);
    socket.options = options;
    return socket;
  }
  Socket& bound(AddressFamily family, const Endpoint& local, const SocketOptions& options = kNone) {
    Socket& socket = open(family, options);
    EXPECT_TRUE(table.bind(socket, local));
    return socket;
  }
  Socket* match(const Endpoint& local, const Endpoint& remote, InterfaceId interface = 2) {
    return table.match({local, remote, interface});
  }

  CheckedMemory memory;
  Table table{memory, 16384, SipKey{1, 2}};
};

// RFC 1122 4.1.3.5 MUST: a datagram goes to the socket that names its addresses most exactly.
TEST_F(Tables, TheMostExactSocketWins) {
  Socket& wildcard = bound(kIpv4, {kAny4, 53}, kReuse);
  Socket& specific = bound(kIpv4, {kOwn, 53}, kReuse);
  Socket& connected = bound(kIpv4, {kAny4, 53}, kReuse);
  ASSERT_TRUE(table.connect(connected, {kPeer, 1000}, kOwn));
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1000}), &connected);
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1001}), &specific);
  EXPECT_EQ(match({kOwnToo, 53}, {kPeer, 1000}), &wildcard);
  EXPECT_EQ(match({kOwn, 54}, {kPeer, 1000}), nullptr);
}

TEST_F(Tables, AConnectedSocketHearsItsPeerOnly) {
  Socket& socket = bound(kIpv4, {kAny4, 53});
  ASSERT_TRUE(table.connect(socket, {kPeer, 1000}, kOwn));
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1000}), &socket);
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1001}), nullptr);
  EXPECT_EQ(match({kOwn, 53}, {kOwnToo, 1000}), nullptr);
  // Connected anew, and back to where it was bound.
  ASSERT_TRUE(table.connect(socket, {kPeer, 1001}, kOwn));
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1000}), nullptr);
  ASSERT_TRUE(table.disconnect(socket));
  EXPECT_EQ(match({kOwnToo, 53}, {kPeer, 5}), &socket);
  EXPECT_EQ(socket.local.address, kAny4);
}

TEST_F(Tables, AnIpv6SocketHearsIpv4UnlessItIsV6Only) {
  Socket& dual = bound(kIpv6, {kAny6, 53});
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1}), &dual);
  EXPECT_EQ(match({kOwn6, 53}, {kPeer6, 1}), &dual);
  Socket& only = bound(kIpv6, {kAny6, 54}, kV6Only);
  EXPECT_EQ(match({kOwn, 54}, {kPeer, 1}), nullptr);
  EXPECT_EQ(match({kOwn6, 54}, {kPeer6, 1}), &only);
  Socket& v4 = bound(kIpv4, {kAny4, 54});
  EXPECT_EQ(match({kOwn, 54}, {kPeer, 1}), &v4);
  EXPECT_FALSE(table.bind(open(kIpv4), {kOwn6, 55}));
  EXPECT_FALSE(table.bind(open(kIpv6, kV6Only), {kOwn, 55}));
}

TEST_F(Tables, ABoundInterfaceOrZoneMustFit) {
  Socket& socket = bound(kIpv4, {kAny4, 53}, bound_to(2));
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1}, 2), &socket);
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 1}, 3), nullptr);
  const IpAddress link_local = IpAddress::v6(0xfe80'0000'0000'0000, 1);
  Socket& scoped = bound(kIpv6, {link_local, 54, 2});
  EXPECT_EQ(match({link_local, 54}, {kPeer6, 1}, 2), &scoped);
  EXPECT_EQ(match({link_local, 54}, {kPeer6, 1}, 3), nullptr);
}

struct Pair {
  const char* name;
  AddressFamily first_family;
  IpAddress first;
  SocketOptions first_options;
  AddressFamily second_family;
  IpAddress second;
  SocketOptions second_options;
  bool is_allowed;
};

// What two sockets may have on one port; as Linux documents in socket(7), ip(7) and ipv6(7).
class Sharing : public Tables, public testing::WithParamInterface<Pair> {};

TEST_P(Sharing, FollowsTheOptionsOfBoth) {
  const Pair& pair = GetParam();
  bound(pair.first_family, {pair.first, 53}, pair.first_options);
  const auto second = table.bind(open(pair.second_family, pair.second_options), {pair.second, 53});
  EXPECT_EQ(second.has_value(), pair.is_allowed);
  EXPECT_TRUE(second || second.error() == Error::kAddressInUse);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Sharing,
    testing::Values(
        Pair{"SameAddress", kIpv4, kOwn, kNone, kIpv4, kOwn, kNone, false},
        Pair{"OtherAddress", kIpv4, kOwn, kNone, kIpv4, kOwnToo, kNone, true},
        Pair{"WildcardAndAddress", kIpv4, kAny4, kNone, kIpv4, kOwn, kNone, false},
        Pair{"WildcardAndAddressReused", kIpv4, kAny4, kReuse, kIpv4, kOwn, kReuse, true},
        Pair{"OnlyOneAllows", kIpv4, kAny4, kReuse, kIpv4, kOwn, kNone, false},
        Pair{"UnicastIsNotStolen", kIpv4, kOwn, kReuse, kIpv4, kOwn, kReuse, false},
        Pair{"GroupsAreShared", kIpv4, kGroup, kReuse, kIpv4, kGroup, kReuse, true},
        Pair{"PortsAreShared", kIpv4, kOwn, kShare, kIpv4, kOwn, kShare, true},
        Pair{"PortsAreSharedByBoth", kIpv4, kOwn, kShare, kIpv4, kOwn, kNone, false},
        Pair{"DualStackTakesBoth", kIpv6, kAny6, kNone, kIpv4, kAny4, kNone, false},
        Pair{"DualStackTakesAnAddress", kIpv6, kAny6, kNone, kIpv4, kOwn, kNone, false},
        Pair{"V6OnlyLeavesIpv4", kIpv6, kAny6, kV6Only, kIpv4, kAny4, kNone, true},
        Pair{"MappedIsTheSame", kIpv6, kOwn, kNone, kIpv4, kOwn, kNone, false},
        Pair{"OtherInterface", kIpv4, kAny4, bound_to(2), kIpv4, kAny4, bound_to(3), true},
        Pair{"SameInterface", kIpv4, kAny4, bound_to(2), kIpv4, kAny4, bound_to(2), false}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(Tables, AFlowStaysWithOneOfThoseThatShareItsPort) {
  std::vector<Socket*> sharers;
  for (int i = 0; i < 4; ++i) sharers.push_back(&bound(kIpv4, {kAny4, 53}, kShare));
  std::set<Socket*> used;
  std::vector<Socket*> of_flow;
  for (std::uint16_t port = 1; port <= 200; ++port) {
    of_flow.push_back(match({kOwn, 53}, {kPeer, port}));
    used.insert(of_flow.back());
    EXPECT_EQ(of_flow.back(), match({kOwn, 53}, {kPeer, port}));
  }
  EXPECT_EQ(used.size(), 4U);
  // When one goes, the flows of the others stay where they are.
  table.close(table.handle_of(*sharers[0]));
  for (std::uint16_t port = 1; port <= 200; ++port) {
    if (of_flow[port - 1U] == sharers[0]) continue;
    EXPECT_EQ(match({kOwn, 53}, {kPeer, port}), of_flow[port - 1U]);
  }
}

// RFC 1122 4.1.3.6 MUST: every socket of a group or broadcast gets the datagram.
TEST_F(Tables, GroupDatagramsGoToAllThatMatch) {
  bound(kIpv4, {kGroup, 53}, kReuse);
  bound(kIpv4, {kAny4, 53}, kReuse);
  bound(kIpv4, {kAny4, 54}, kReuse);
  int count = 0;
  table.for_each_match({{kGroup, 53}, {kPeer, 1}, 2}, [&](Socket&) { ++count; });
  EXPECT_EQ(count, 2);
}

TEST_F(Tables, EphemeralPortsAreInRangeAndDiffer) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 200; ++i) {
    ports.insert(bound(kIpv4, {kAny4, 0}).local.port);
  }
  EXPECT_EQ(ports.size(), 200U);
  EXPECT_GE(*ports.begin(), EphemeralPorts::kFirst);
}

TEST_F(Tables, APortIsFreeAgainOnceClosed) {
  Socket& socket = bound(kIpv4, {kAny4, 53});
  const Handle handle = table.handle_of(socket);
  EXPECT_FALSE(table.bind(socket, {kAny4, 54}));
  table.close(handle);
  EXPECT_EQ(table.find(handle), nullptr);
  bound(kIpv4, {kAny4, 53});
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(Tables, MemoryThatRunsOutLeavesASocketAsItWas) {
  Socket& socket = bound(kIpv4, {kAny4, 53});
  memory.fail(true);
  // The only socket: its index would give its memory back and not get it again.
  for (int i = 0; i < 40; ++i) {
    const auto connected = table.connect(socket, {kPeer, static_cast<std::uint16_t>(i + 1)}, kOwn);
    EXPECT_TRUE(connected || connected.error() == Error::kOutOfMemory);
    const auto disconnected = table.disconnect(socket);
    EXPECT_TRUE(disconnected || disconnected.error() == Error::kOutOfMemory);
    EXPECT_EQ(match({kOwn, 53}, {kPeer, 9999}), socket.is_connected() ? nullptr : &socket);
  }
  memory.fail(false);
  EXPECT_TRUE(table.disconnect(socket));
  EXPECT_EQ(match({kOwn, 53}, {kPeer, 9999}), &socket);
}

TEST_F(Tables, IsBounded) {
  Table small(memory, 2, SipKey{1, 2});
  EXPECT_TRUE(small.open(kIpv4));
  EXPECT_TRUE(small.open(kIpv4));
  EXPECT_EQ(small.open(kIpv4).error(), Error::kOutOfMemory);
}

// Peers that a stranger chooses so that sums and xors of their addresses and ports are all equal:
// under the keyed hash hardly two of them share a place.
TEST_F(Tables, TuplesThatCollideUnderAnUnkeyedHashDoNotCollideHere) {
  constexpr std::uint32_t kCount = 10'000;
  const SipKey key{1, 2};
  std::multiset<std::uint32_t> places;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const Endpoint peer{IpAddress::v4(0x0b00'0000U + i), static_cast<std::uint16_t>(40'000 - i)};
    Socket& socket = bound(kIpv4, {kAny4, 0}, kShare);
    ASSERT_TRUE(table.connect(socket, peer, kOwn));
    ASSERT_EQ(match({kOwn, socket.local.port}, peer), &socket);
    places.insert(
        static_cast<std::uint32_t>(hash_words(
            key, {kOwn.high(), kOwn.low(), peer.address.high(), peer.address.low(), peer.port})) %
        (2 * kCount));
  }
  std::size_t most = 0;
  for (auto at = places.begin(); at != places.end(); at = places.upper_bound(*at)) {
    most = std::max(most, places.count(*at));
  }
  EXPECT_LE(most, 8U);
}

}  // namespace
}  // namespace strata::udp::table_test

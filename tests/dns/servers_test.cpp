// SPDX-License-Identifier: Apache-2.0
// Which server is asked next.
#include "dns/servers.h"

#include <gtest/gtest.h>

#include <vector>

namespace strata::dns::servers_test {
namespace {

Endpoint numbered(int number) {
  return {IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(number)), kPort};
}

TEST(Servers, AreChosenInOrderAndRestingOnesLast) {
  Servers servers;
  servers.set(std::vector{numbered(1), numbered(2), numbered(3)});
  const Time now{std::chrono::seconds(1)};
  EXPECT_EQ(servers.choose(0, 0, now), 0);
  EXPECT_EQ(servers.choose(0, 2, now), 2);
  EXPECT_EQ(servers.choose(0b001, 0, now), 1);
  servers[1].rests_until = now + std::chrono::seconds(1);
  EXPECT_EQ(servers.choose(0b001, 0, now), 2);
  EXPECT_EQ(servers.choose(0b101, 0, now), 1);
  EXPECT_EQ(servers.choose(0b001, 0, now + std::chrono::seconds(1)), 1);
  EXPECT_FALSE(servers.choose(0b111, 0, now));
  EXPECT_FALSE(Servers().choose(0, 0, now));
}

TEST(Servers, ThoseThatStayKeepWhatIsKnownOfThem) {
  Servers servers;
  servers.set(std::vector{numbered(1), numbered(2)});
  servers[1].lacks_edns = true;
  servers.set(std::vector{numbered(2), numbered(3)});
  EXPECT_TRUE(servers[0].lacks_edns);
  EXPECT_FALSE(servers[1].lacks_edns);
  servers.set(std::vector<Endpoint>(20, numbered(1)));
  EXPECT_EQ(servers.count(), kServersMax);
}

}  // namespace
}  // namespace strata::dns::servers_test

// SPDX-License-Identifier: Apache-2.0
#include "neighbor/proxies.h"

#include "neighbor/neighbor_testing.h"

namespace strata::neighbor::proxies_test {
namespace {

TEST(Proxies, AnswerForNobodyUnlessConfigured) {
  World world;
  EXPECT_FALSE(world.cache.reply_to(arp_request(kMacA, kPeer4, kOther4)));
  (void)world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacA, kOther6), world.now);
  EXPECT_TRUE(world.run(10s).empty());
}

TEST(Proxies, AnswerArpButNotProbes) {
  World world;
  ASSERT_TRUE(world.cache.add_proxy(kOther4));
  const auto reply = world.cache.reply_to(arp_request(kMacA, kPeer4, kOther4));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.sender_ip, kOther4);
  EXPECT_EQ(reply->header.sender_mac, kOurMac);
  EXPECT_FALSE(world.cache.reply_to(arp_request(kMacA, IpAddress::any_v4(), kOther4)))
      << "the owner may take its address";
  EXPECT_TRUE(world.cache.remove_proxy(kOther4));
  EXPECT_FALSE(world.cache.remove_proxy(kOther4));
  EXPECT_FALSE(world.cache.reply_to(arp_request(kMacA, kPeer4, kOther4)));
}

// RFC 4861 7.2.8 SHOULD: proxied answers have Override clear and are delayed by a random time.
TEST(Proxies, AnswerSolicitationsLateAndWithoutOverride) {
  World world;
  ASSERT_TRUE(world.cache.add_proxy(kOther6));
  const Time asked = world.now;
  (void)world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacA, kOther6), world.now);
  (void)world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacA, kOther6), world.now);
  EXPECT_TRUE(world.pull().empty());
  ASSERT_TRUE(world.cache.next_deadline());
  EXPECT_LE(*world.cache.next_deadline() - asked, 1s);
  const auto outputs = world.run(1s);
  ASSERT_EQ(outputs.size(), 1U);
  const auto& sent = first<SendAdvertisement>(outputs);
  EXPECT_EQ(sent.target, kOther6);
  EXPECT_EQ(sent.source, kOur6);
  EXPECT_EQ(sent.destination, kPeer6);
  EXPECT_EQ(sent.destination_mac, kMacA);
  EXPECT_TRUE(sent.is_solicited);
  EXPECT_FALSE(sent.is_override);
}

TEST(Proxies, AreBoundedInAddressesAndInAnswersThatWait) {
  Config config;
  config.proxies_max = 1;
  config.proxy_replies_max = 4;
  World world(config);
  EXPECT_TRUE(world.cache.add_proxy(kOther6));
  EXPECT_EQ(world.cache.add_proxy(kOther6).error(), Error::kAlreadyExists);
  EXPECT_EQ(world.cache.add_proxy(kPeer6).error(), Error::kOutOfMemory);
  EXPECT_EQ(world.cache.add_proxy(IpAddress::all_nodes_v6()).error(), Error::kInvalidArgument);
  for (unsigned i = 0; i < 100; ++i) {
    const IpAddress asker = IpAddress::v6(0xfd77'0000'0000'0000, 100 + i);
    (void)world.cache.on_neighbor_solicitation(solicitation(asker, kMacA, kOther6), world.now);
  }
  EXPECT_EQ(count_of<SendAdvertisement>(world.run(2s)), 4U);
}

}  // namespace
}  // namespace strata::neighbor::proxies_test

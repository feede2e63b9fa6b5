// SPDX-License-Identifier: Apache-2.0
// The client's states: every arrow of its picture, its times, and replies it must not hear.
#include "dhcp/client.h"

#include "dhcp/dhcp_testing.h"
#include "strata/rng.h"

namespace strata::dhcp::client_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using wire::DhcpMessageType;
using wire::DhcpOption;

// RFC 2131 4.4.1 MUST: the request after an offer has the id of the discovery, and names address
// and server.
TEST(Client, AnOfferIsRequestedAndBound) {
  ClientTesting test;
  test.start();
  const Sent discover = test.only_sent();
  EXPECT_EQ(discover.type(), DhcpMessageType::kDiscover);
  EXPECT_TRUE(discover.source.is_unspecified());
  EXPECT_EQ(discover.destination, IpAddress::limited_broadcast());
  test.reply(discover, DhcpMessageType::kOffer);
  const Sent request = test.only_sent();
  EXPECT_EQ(request.type(), DhcpMessageType::kRequest);
  EXPECT_EQ(request.header.transaction_id, discover.header.transaction_id);
  EXPECT_EQ(request.address(DhcpOption::kRequestedAddress), kOffered);
  EXPECT_EQ(request.address(DhcpOption::kServerIdentifier), kServer);
  EXPECT_TRUE(request.header.client_address.is_unspecified());
  EXPECT_EQ(request.destination, IpAddress::limited_broadcast());
  test.reply(request, DhcpMessageType::kAck);
  ASSERT_TRUE(test.bound.has_value());
  EXPECT_EQ(test.bound->address, *Prefix::parse("10.77.0.50/24"));
  EXPECT_EQ(test.client.state(), State::kBound);
}

// RFC 2131 4.1 MUST: retransmission backs off exponentially, 4 to 64 seconds and a random second.
TEST(Client, DiscoveryBacksOff) {
  ClientTesting test;
  test.start();
  Time last = test.now;
  test.sent.clear();
  for (const int wait : {4, 8, 16, 32, 64, 64, 64}) {
    while (test.sent.empty()) {
      test.now = *test.client.next_deadline();
      test.client.on_deadline(test.now);
      test.pull();
    }
    EXPECT_NEAR(std::chrono::duration<double>(test.now - last).count(), wait, 2.1);
    last = test.now;
    EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kDiscover);
  }
}

TEST(Client, ARequestThatNobodyAnswersLeadsBackToDiscovery) {
  ClientTesting test;
  test.start();
  test.reply(test.only_sent(), DhcpMessageType::kOffer);
  test.pass(minutes(3));
  const auto requests = std::ranges::count(test.sent, DhcpMessageType::kRequest, &Sent::type);
  EXPECT_EQ(requests, 4);
  EXPECT_EQ(test.sent.back().type(), DhcpMessageType::kDiscover);
}

// RFC 2131 3.1 MUST: after a NAK the client begins anew.
TEST(Client, ANakLeadsBackToDiscovery) {
  ClientTesting test;
  test.start();
  test.reply(test.only_sent(), DhcpMessageType::kOffer);
  test.reply(test.only_sent(), DhcpMessageType::kNak);
  EXPECT_EQ(test.client.state(), State::kInit);
  test.pass(seconds(1));
  EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kDiscover);
  EXPECT_EQ(test.client.counters().naks, 1U);
}

// RFC 2131 4.4.5 MUST: at T1 the client asks its server, at T2 anybody, and at the end it stops
// using the address.
TEST(Client, ALeaseIsRenewedThenReboundThenLost) {
  ClientTesting test;
  test.get_lease();
  const Time obtained = test.bound->obtained;
  test.pass(test.client.renews_at() - test.now);
  EXPECT_NEAR(std::chrono::duration<double>(test.now - obtained).count(), 1800, 60);
  const Sent renewal = test.only_sent();
  EXPECT_EQ(test.client.state(), State::kRenewing);
  EXPECT_EQ(renewal.destination, kServer);
  EXPECT_EQ(renewal.header.client_address, kOffered);
  EXPECT_FALSE(renewal.address(DhcpOption::kRequestedAddress));
  EXPECT_FALSE(renewal.address(DhcpOption::kServerIdentifier));
  test.pass(test.client.rebinds_at() - test.now - seconds(1));
  EXPECT_TRUE(
      std::ranges::all_of(test.sent, [](const Sent& one) { return one.destination == kServer; }));
  test.sent.clear();
  test.pass(seconds(1));
  const Sent rebinding = test.only_sent();
  EXPECT_NEAR(std::chrono::duration<double>(test.now - obtained).count(), 3150, 60);
  EXPECT_EQ(test.client.state(), State::kRebinding);
  EXPECT_EQ(rebinding.destination, IpAddress::limited_broadcast());
  EXPECT_EQ(rebinding.source, kOffered);
  test.pass(obtained + hours(1) - test.now - seconds(1));
  EXPECT_EQ(test.unbinds, 0);
  test.pass(seconds(1));
  EXPECT_EQ(test.unbinds, 1);
  EXPECT_EQ(test.sent.back().type(), DhcpMessageType::kDiscover);
}

TEST(Client, ARenewalCountsFromItsRequest) {
  ClientTesting test;
  test.get_lease();
  test.pass(test.client.renews_at() - test.now);
  const Sent renewal = test.only_sent();
  const Time asked = test.now;
  test.pass(seconds(5));
  test.reply(renewal, DhcpMessageType::kAck);
  EXPECT_EQ(test.client.state(), State::kBound);
  EXPECT_EQ(test.binds, 2);
  EXPECT_EQ(test.bound->expires(), asked + hours(1));
  EXPECT_EQ(test.client.counters().renewals, 1U);
}

TEST(Client, ANakWhileRenewingTakesTheAddressAway) {
  ClientTesting test;
  test.get_lease();
  test.pass(test.client.renews_at() - test.now);
  test.reply(test.only_sent(), DhcpMessageType::kNak);
  EXPECT_EQ(test.unbinds, 1);
  EXPECT_FALSE(test.client.lease().has_value());
}

TEST(Client, TheServersTimesCountWhenTheyAreInOrder) {
  for (const bool in_order : {true, false}) {
    ClientTesting test([](Config& config) { config.retry_spread = {}; });
    test.start();
    test.reply(test.only_sent(), DhcpMessageType::kOffer);
    test.reply(test.only_sent(), DhcpMessageType::kAck, [&](wire::DhcpWriter& writer) {
      ClientTesting::basics(writer);
      EXPECT_TRUE(writer.add(DhcpOption::kRenewalTime, std::uint32_t{600}));
      EXPECT_TRUE(writer.add(DhcpOption::kRebindingTime, in_order ? 900U : 500U));
    });
    const double renewal =
        std::chrono::duration<double>(test.client.renews_at() - test.bound->obtained).count();
    EXPECT_NEAR(renewal, in_order ? 600 : 1800, 80);
  }
}

TEST(Client, TimesNearTheEndOfTheLeaseLeaveTimeToRenew) {
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    ClientTesting test([&](Config& config) { config.secret = {seed, 2}; });
    test.start();
    test.reply(test.only_sent(), DhcpMessageType::kOffer);
    test.reply(test.only_sent(), DhcpMessageType::kAck, [](wire::DhcpWriter& writer) {
      ClientTesting::basics(writer);
      EXPECT_TRUE(writer.add(DhcpOption::kRenewalTime, std::uint32_t{3590}));
      EXPECT_TRUE(writer.add(DhcpOption::kRebindingTime, std::uint32_t{3595}));
    });
    ASSERT_TRUE(test.bound.has_value());
    EXPECT_LE(test.client.renews_at(), test.bound->expires() - minutes(3)) << seed;
    EXPECT_LE(test.client.renews_at(), test.client.rebinds_at()) << seed;
    EXPECT_LE(test.client.rebinds_at(), test.bound->expires()) << seed;
    test.pass(test.client.renews_at() - test.now);
    EXPECT_EQ(test.client.state(), State::kRenewing) << seed;
    EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kRequest) << seed;
  }
}

TEST(Client, ALeaseForEverIsNeverRenewed) {
  ClientTesting test;
  test.start();
  test.reply(test.only_sent(), DhcpMessageType::kOffer);
  test.reply(test.only_sent(), DhcpMessageType::kAck, [](wire::DhcpWriter& writer) {
    EXPECT_TRUE(writer.add(DhcpOption::kServerIdentifier, kServer));
    EXPECT_TRUE(writer.add(DhcpOption::kLeaseTime, std::uint32_t{0xffff'ffff}));
  });
  EXPECT_FALSE(test.client.next_deadline().has_value());
}

// RFC 2131 3.1 MUST: an address that somebody has is declined, and discovery waits 10 seconds.
TEST(Client, AnAddressThatSomebodyHasIsDeclined) {
  ClientTesting test;
  test.passes_check = false;
  test.start();
  test.reply(test.only_sent(), DhcpMessageType::kOffer);
  test.reply(test.only_sent(), DhcpMessageType::kAck);
  EXPECT_EQ(test.client.state(), State::kChecking);
  test.client.on_conflict(test.now);
  test.pull();
  const Sent decline = test.only_sent();
  EXPECT_EQ(decline.type(), DhcpMessageType::kDecline);
  EXPECT_EQ(decline.address(DhcpOption::kRequestedAddress), kOffered);
  EXPECT_EQ(decline.address(DhcpOption::kServerIdentifier), kServer);
  EXPECT_EQ(decline.destination, IpAddress::limited_broadcast());
  EXPECT_EQ(test.unbinds, 1);
  test.pass(seconds(9));
  EXPECT_TRUE(test.sent.empty());
  test.pass(seconds(1));
  EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kDiscover);
}

TEST(Client, AnAddressThatWasRemovedIsAskedForAgainAndNotDeclined) {
  ClientTesting test;
  test.get_lease();
  test.client.on_address_removed(test.now);
  test.pull();
  EXPECT_TRUE(test.sent.empty());
  EXPECT_EQ(test.unbinds, 1);
  EXPECT_EQ(test.client.counters().conflicts, 0U);
  test.pass(seconds(11));
  EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kDiscover);
}

TEST(Client, AConflictLaterIsDeclinedAsWell) {
  ClientTesting test;
  test.get_lease();
  test.client.on_conflict(test.now);
  test.pull();
  EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kDecline);
  EXPECT_EQ(test.unbinds, 1);
}

// RFC 2131 4.4.6: the server is told in one message, from the address that is given back.
TEST(Client, StoppingReleasesTheAddress) {
  ClientTesting test;
  test.get_lease();
  test.client.on_stop(test.now);
  test.pull();
  const Sent release = test.only_sent();
  EXPECT_EQ(release.type(), DhcpMessageType::kRelease);
  EXPECT_EQ(release.destination, kServer);
  EXPECT_EQ(release.header.client_address, kOffered);
  EXPECT_EQ(test.unbinds, 1);
  EXPECT_FALSE(test.client.next_deadline().has_value());
}

// RFC 2131 4.3.2 MUST: in INIT-REBOOT the address is named, the server is not, and ciaddr is zero.
TEST(Client, AFormerLeaseIsAskedForAgain) {
  ClientTesting first;
  first.get_lease();
  ClientTesting test;
  test.start(first.bound);
  const Sent request = test.only_sent();
  EXPECT_EQ(request.type(), DhcpMessageType::kRequest);
  EXPECT_EQ(request.address(DhcpOption::kRequestedAddress), kOffered);
  EXPECT_FALSE(request.address(DhcpOption::kServerIdentifier));
  EXPECT_TRUE(request.header.client_address.is_unspecified());
  test.reply(request, DhcpMessageType::kAck);
  EXPECT_EQ(test.client.state(), State::kBound);
}

TEST(Client, WithoutAnAnswerWhatIsLeftOfAFormerLeaseIsUsed) {
  ClientTesting first;
  first.get_lease();
  ClientTesting test;
  test.start(first.bound);
  test.pass(seconds(20));
  EXPECT_EQ(test.client.state(), State::kBound);
  EXPECT_EQ(test.bound->expires(), first.bound->expires());
}

TEST(Client, AFormerLeaseThatHasExpiredIsForgotten) {
  ClientTesting first;
  first.get_lease();
  ClientTesting test;
  test.now += hours(2);
  test.start(first.bound);
  test.pass(seconds(1));
  EXPECT_EQ(test.only_sent().type(), DhcpMessageType::kDiscover);
}

TEST(Client, ALinkThatComesBackIsAskedWhetherItIsTheSame) {
  ClientTesting test;
  test.get_lease();
  test.client.on_link_up(test.now);
  test.pull();
  const Sent request = test.only_sent();
  EXPECT_EQ(test.client.state(), State::kRebooting);
  EXPECT_EQ(test.unbinds, 0);
  test.reply(request, DhcpMessageType::kNak);
  EXPECT_EQ(test.unbinds, 1);
}

// RFC 2131 4.4.1 MUST: replies with another transaction id are discarded.
TEST(Client, RepliesThatAreNotForUsChangeNothing) {
  ClientTesting test;
  test.start();
  const Sent discover = test.only_sent();
  const Adjust wrong[] = {
      [](wire::DhcpHeader& header) { ++header.transaction_id; },
      [](wire::DhcpHeader& header) { header.operation = wire::DhcpOperation::kRequest; },
      [](wire::DhcpHeader& header) { header.hardware_address[5] ^= std::byte{1}; },
      [](wire::DhcpHeader& header) { header.hardware_type = 6; },
      [](wire::DhcpHeader& header) { header.your_address = IpAddress::any_v4(); },
      [](wire::DhcpHeader& header) { header.your_address = IpAddress::v4(127, 0, 0, 5); },
      [](wire::DhcpHeader& header) { header.your_address = IpAddress::v4(224, 0, 0, 5); },
      [](wire::DhcpHeader& header) { header.your_address = IpAddress::v4(10, 77, 0, 255); },
      [](wire::DhcpHeader& header) { header.your_address = IpAddress::v4(10, 77, 0, 0); },
  };
  for (const Adjust& adjust : wrong) test.reply(discover, DhcpMessageType::kOffer, {}, adjust);
  test.reply(discover, DhcpMessageType::kAck);
  test.reply(discover, DhcpMessageType::kNak);
  test.reply(discover, DhcpMessageType::kOffer, [](wire::DhcpWriter&) {});
  test.client.on_message({}, test.now);
  EXPECT_EQ(test.client.state(), State::kSelecting);
  EXPECT_TRUE(test.sent.empty());
  EXPECT_EQ(test.client.counters().ignored, std::size(wrong) + 4);
}

TEST(Client, AnAcknowledgementOfAnotherAddressOrServerIsNotHeard) {
  ClientTesting test;
  test.start();
  test.reply(test.only_sent(), DhcpMessageType::kOffer);
  const Sent request = test.only_sent();
  test.reply(request, DhcpMessageType::kAck, {},
             [](wire::DhcpHeader& header) { header.your_address = IpAddress::v4(10, 77, 0, 66); });
  test.reply(request, DhcpMessageType::kAck, [](wire::DhcpWriter& writer) {
    EXPECT_TRUE(writer.add(DhcpOption::kServerIdentifier, IpAddress::v4(10, 77, 0, 66)));
    EXPECT_TRUE(writer.add(DhcpOption::kLeaseTime, std::uint32_t{3600}));
  });
  EXPECT_EQ(test.client.state(), State::kRequesting);
}

TEST(Client, AnyBytesAtAnyTimeLeaveItWorking) {
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    ClientTesting test;
    test.start();
    for (int i = 0; i < 60; ++i) {
      if (!test.sent.empty() && rng.chance({2, 3})) {
        const Sent last = test.sent.back();
        test.sent.clear();
        const auto type = static_cast<DhcpMessageType>(rng.between(2, 6));
        test.reply(last, type, [&](wire::DhcpWriter& writer) {
          if (rng.chance({3, 4})) ClientTesting::basics(writer);
          std::vector<std::byte> noise(rng.below(40));
          for (std::byte& byte : noise) byte = static_cast<std::byte>(rng.next());
          EXPECT_TRUE(writer.add(static_cast<DhcpOption>(rng.between(1, 254)), Bytes(noise)));
        });
      }
      if (rng.chance({1, 10})) test.client.on_conflict(test.now);
      if (rng.chance({1, 10})) test.client.on_link_up(test.now);
      test.pull();
      test.pass(seconds(rng.below(600)));
    }
    // An honest server still gives it an address.
    for (int i = 0; i < 40 && test.client.state() != State::kBound; ++i) {
      test.sent.clear();
      test.pass(minutes(2));
      if (test.sent.empty()) continue;
      const bool is_discovery = test.sent.back().type() == DhcpMessageType::kDiscover;
      test.reply(Sent(test.sent.back()),
                 is_discovery ? DhcpMessageType::kOffer : DhcpMessageType::kAck);
      if (test.sent.empty() || !is_discovery) continue;
      test.reply(Sent(test.sent.back()), DhcpMessageType::kAck);
    }
    EXPECT_EQ(test.client.state(), State::kBound);
  }
}

}  // namespace
}  // namespace strata::dhcp::client_test

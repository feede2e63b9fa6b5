// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/autoconfiguration.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "ip/discovery/lifetime.h"

namespace strata::ip::autoconfiguration_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Autoconfiguration::Change::Kind;

constexpr SipKey kSecret{1, 2};
const Prefix kPrefix = *Prefix::parse("2001:db8::/64");
const IpAddress kRouter = *IpAddress::parse("fe80::1");

struct AutoconfigurationTest : ::testing::Test {
  HeapMemory memory;
  Rng rng{1};
  AutoconfigurationConfig config{.makes_temporary = false};
  std::optional<Autoconfiguration> engine;
  std::map<IpAddress, InterfaceAddress> addresses;
  Time now{};

  Autoconfiguration& host() {
    if (!engine) {
      engine.emplace(memory, rng, kSecret, InterfaceId{3}, MacAddress::from_value(0x0200'0000'0001),
                     config);
    }
    return *engine;
  }
  void advertise(Duration preferred, Duration valid, Prefix prefix = kPrefix) {
    host().on_prefix({.prefix = prefix, .router = kRouter, .preferred = preferred, .valid = valid},
                     now);
    pull();
  }
  void pull() {
    while (const auto change = host().next_change()) {
      const IpAddress& address = change->address.address;
      ASSERT_EQ(addresses.contains(address), change->kind != Kind::kAdd);
      if (change->kind == Kind::kRemove) {
        addresses.erase(address);
      } else {
        addresses[address] = change->address;
      }
    }
  }
  void advance_to(Time target) {
    while (host().next_deadline() && *host().next_deadline() <= target) {
      ASSERT_GT(*host().next_deadline(), now) << "a deadline that does not move";
      now = *host().next_deadline();
      host().on_deadline(now);
      pull();
    }
    now = target;
  }
  [[nodiscard]] std::vector<InterfaceAddress> of(AddressOrigin origin) const {
    std::vector<InterfaceAddress> found;
    for (const auto& [ip, address] : addresses) {
      if (address.origin == origin) found.push_back(address);
    }
    return found;
  }
};

// RFC 4862 5.5.3 MUST: an autonomous prefix of 64 bits makes an address, with its lifetimes.
TEST_F(AutoconfigurationTest, PrefixMakesAStableAddress) {
  advertise(hours(4), hours(24));
  ASSERT_EQ(addresses.size(), 1U);
  const InterfaceAddress address = addresses.begin()->second;
  EXPECT_TRUE(kPrefix.contains(address.address));
  EXPECT_EQ(address.state, AddressState::kTentative);
  EXPECT_EQ(address.origin, AddressOrigin::kStable);
  EXPECT_EQ(address.preferred_until, now + hours(4));
  EXPECT_EQ(address.valid_until, now + hours(24));
  EXPECT_EQ(address.advertised_by, kRouter);
  EXPECT_EQ(address.interface, 3);
  advance_to(now + hours(24));
  EXPECT_TRUE(addresses.empty());
}

// RFC 4862 5.5.3 MUST: prefixes that break rules b, c and d make no address.
TEST_F(AutoconfigurationTest, UnusablePrefixesAreIgnored) {
  advertise(hours(1), hours(2), *Prefix::parse("fe80::/64"));
  advertise(hours(3), hours(2));
  advertise(hours(1), Duration{});
  advertise(Duration{}, Duration{});
  advertise(hours(1), hours(2), *Prefix::parse("2001:db8::/65"));
  advertise(hours(1), hours(2), *Prefix::parse("10.0.0.0/8"));
  advertise(hours(1), hours(2), *Prefix::parse("ff0e::/64"));
  EXPECT_TRUE(addresses.empty());
}

// RFC 4862 5.5.3 MUST: an advertisement cannot shorten the valid lifetime below two hours.
TEST_F(AutoconfigurationTest, TwoHourRule) {
  const struct {
    Duration had, told, has;
  } cases[] = {{hours(24), hours(12), hours(12)},     // longer than two hours: taken
               {hours(24), minutes(1), hours(2)},     // cut to two hours
               {hours(1), minutes(1), hours(1)},      // less is left: ignored
               {hours(1), minutes(90), minutes(90)},  // longer than what is left: taken
               {kWithoutEnd, minutes(1), hours(2)},  {hours(24), kWithoutEnd, kWithoutEnd}};
  for (const auto& test : cases) {
    engine.reset();
    addresses.clear();
    advertise(minutes(1), test.had);
    advertise(minutes(1), test.told);
    EXPECT_EQ(addresses.begin()->second.valid_until, after(now, test.has));
  }
}

TEST_F(AutoconfigurationTest, PreferredLifetimeFollowsTheAdvertisement) {
  advertise(hours(4), hours(24));
  advertise(Duration{}, hours(24));
  EXPECT_EQ(addresses.begin()->second.preferred_until, now);
}

TEST_F(AutoconfigurationTest, SameNetworkGivesTheSameAddress) {
  advertise(hours(1), hours(24));
  const IpAddress address = addresses.begin()->first;
  engine.reset();
  addresses.clear();
  rng = Rng(99);
  advertise(hours(1), hours(24));
  EXPECT_EQ(addresses.begin()->first, address);
}

// RFC 4862 5.3 MUST: a link-local address is made when the interface comes up, without end.
TEST_F(AutoconfigurationTest, LinkLocalAddressHasNoEnd) {
  host().make_link_local(now);
  host().make_link_local(now);
  pull();
  ASSERT_EQ(addresses.size(), 1U);
  EXPECT_TRUE(addresses.begin()->first.is_link_local());
  EXPECT_EQ(addresses.begin()->second.valid_until, kNever);
  EXPECT_EQ(host().next_deadline(), std::nullopt);
}

// RFC 7217 6 SHOULD: a duplicate is resolved with another DAD counter, a few times.
TEST_F(AutoconfigurationTest, DuplicatesAreRetriedAndThenGivenUp) {
  advertise(hours(1), hours(24));
  for (int attempt = 0; attempt < 3; ++attempt) {
    const IpAddress duplicate = addresses.begin()->first;
    host().on_duplicate(duplicate, now);
    pull();
    ASSERT_EQ(addresses.size(), 1U);
    EXPECT_NE(addresses.begin()->first, duplicate);
  }
  host().on_duplicate(addresses.begin()->first, now);
  pull();
  EXPECT_TRUE(addresses.empty());
  advertise(hours(1), hours(24));
  EXPECT_TRUE(addresses.empty());
  // RFC 7217 7: a new link is a new chance.
  host().remove_all();
  pull();
  advertise(hours(1), hours(24));
  EXPECT_EQ(addresses.size(), 1U);
}

// RFC 4862 5.4.5 MUST: an address from a hardware address that is duplicate is not tried again.
TEST_F(AutoconfigurationTest, Eui64IsNotRetried) {
  config.uses_eui64 = true;
  advertise(hours(1), hours(24));
  EXPECT_EQ(addresses.begin()->first, *IpAddress::parse("2001:db8::ff:fe00:1"));
  host().on_duplicate(addresses.begin()->first, now);
  pull();
  EXPECT_TRUE(addresses.empty());
}

// RFC 8981 3.4 MUST: lifetimes of temporary addresses are bounded by age and by the prefix.
TEST_F(AutoconfigurationTest, TemporaryAddressIsShorterLived) {
  config.makes_temporary = true;
  advertise(kWithoutEnd, kWithoutEnd);
  const auto temporary = of(AddressOrigin::kTemporary);
  ASSERT_EQ(temporary.size(), 1U);
  EXPECT_EQ(temporary[0].valid_until, now + hours(48));
  EXPECT_LE(temporary[0].preferred_until, now + hours(24));
  EXPECT_GE(temporary[0].preferred_until, now + hours(24) * 6 / 10);
  now += hours(1);
  advertise(hours(2), hours(3));
  EXPECT_EQ(of(AddressOrigin::kTemporary)[0].valid_until, now + hours(3));
}

// RFC 8981 3.5 SHOULD: a successor is made before the address is deprecated.
TEST_F(AutoconfigurationTest, TemporaryAddressesSucceedEachOther) {
  config.makes_temporary = true;
  advertise(kWithoutEnd, kWithoutEnd);
  std::map<IpAddress, int> seen;
  for (int hour = 0; hour < 24 * 14; ++hour) {
    advance_to(now + hours(1));
    int preferred = 0;
    for (const InterfaceAddress& address : of(AddressOrigin::kTemporary)) {
      ++seen[address.address];
      preferred += address.preferred_until > now ? 1 : 0;
    }
    ASSERT_GE(preferred, 1) << hour;
    ASSERT_LE(of(AddressOrigin::kTemporary).size(), 5U);
    ASSERT_EQ(of(AddressOrigin::kStable).size(), 1U);
  }
  EXPECT_GE(seen.size(), 14U);
}

TEST_F(AutoconfigurationTest, DeprecatedPrefixMakesNoTemporaryAddresses) {
  config.makes_temporary = true;
  advertise(Duration{}, hours(24));
  EXPECT_TRUE(of(AddressOrigin::kTemporary).empty());
  advertise(hours(12), hours(24));
  EXPECT_EQ(of(AddressOrigin::kTemporary).size(), 1U);
}

// RFC 8981 3.4 MUST: after TEMP_IDGEN_RETRIES duplicates no more temporary addresses are made.
TEST_F(AutoconfigurationTest, TemporaryDuplicatesAreGivenUpToo) {
  config.makes_temporary = true;
  advertise(kWithoutEnd, kWithoutEnd);
  for (int attempt = 0; attempt <= 3; ++attempt) {
    ASSERT_EQ(of(AddressOrigin::kTemporary).size(), 1U);
    host().on_duplicate(of(AddressOrigin::kTemporary)[0].address, now);
    pull();
  }
  advertise(kWithoutEnd, kWithoutEnd);
  EXPECT_TRUE(of(AddressOrigin::kTemporary).empty());
  EXPECT_EQ(of(AddressOrigin::kStable).size(), 1U);
}

TEST_F(AutoconfigurationTest, FloodOfPrefixesStaysWithinTheLimit) {
  config.makes_temporary = true;
  advertise(hours(1), hours(24));
  const auto first = addresses;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    advertise(hours(1), hours(24), Prefix(IpAddress::v6(0x2001'0db9'0000'0000 + i, 0), 64));
  }
  EXPECT_EQ(addresses.size(), 16U);
  for (const auto& [address, what] : first) EXPECT_TRUE(addresses.contains(address));
  host().remove_all();
  pull();
  EXPECT_TRUE(addresses.empty());
  engine.reset();
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST_F(AutoconfigurationTest, CanBeTurnedOff) {
  config.is_enabled = false;
  host().make_link_local(now);
  advertise(hours(1), hours(24));
  EXPECT_TRUE(addresses.empty());
}

}  // namespace
}  // namespace strata::ip::autoconfiguration_test

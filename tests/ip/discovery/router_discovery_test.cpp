// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/router_discovery.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "ip/packets.h"
#include "ip/route_table.h"
#include "strata/wire/nd_dns_options.h"

namespace strata::ip::router_discovery_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

[[nodiscard]] IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// A router advertisement in the making.
struct Advertisement {
  wire::RouterAdvertisementHeader header{.router_lifetime_s = 1800};
  ByteVector options;

  template <typename Option>
  Advertisement& add(const Option& option, std::size_t size) {
    const std::size_t at = options.size();
    options.resize(at + size);
    if constexpr (requires { write(option, MutableBytes(options)); }) {
      write(option, MutableBytes(options).subspan(at));
    }
    return *this;
  }
  Advertisement& add(const wire::PrefixInformationOption& option) {
    std::array<std::byte, wire::PrefixInformationLayout::kSize> out{};
    write(option, out);
    options.insert(options.end(), out.begin(), out.end());
    return *this;
  }
  Advertisement& add(const wire::MtuOption& option) {
    std::array<std::byte, wire::MtuLayout::kSize> out{};
    write(option, out);
    options.insert(options.end(), out.begin(), out.end());
    return *this;
  }
  Advertisement& add(const wire::RouteInformationOption& option) {
    return add(option, option.size());
  }
  Advertisement& add_dns(std::uint32_t lifetime_s, const std::vector<IpAddress>& servers) {
    ByteVector out(8 + 16 * servers.size());
    EXPECT_EQ(wire::write_recursive_dns_servers(lifetime_s, servers, out), out.size());
    options.insert(options.end(), out.begin(), out.end());
    return *this;
  }
  [[nodiscard]] ByteVector bytes() const {
    ByteVector message(wire::RouterAdvertisementLayout::kSize);
    write(header, std::span(message).first<wire::RouterAdvertisementLayout::kSize>());
    message.insert(message.end(), options.begin(), options.end());
    return message;
  }
};

struct RouterDiscoveryTest : ::testing::Test {
  HeapMemory memory;
  Rng rng{1};
  RouterDiscoveryConfig config{.interface = 3, .mac = MacAddress::from_value(0x0200'0000'0001)};
  std::optional<RouterDiscovery> engine;
  RouteTable table{memory, 256};
  std::vector<RouterDiscoveryOutput> outputs;
  std::map<IpAddress, InterfaceAddress> addresses;
  Time now{};

  RouterDiscovery& host() {
    if (!engine) engine.emplace(memory, rng, SipKey{1, 2}, config);
    return *engine;
  }
  bool advertise(const Advertisement& advertisement, std::string_view source = "fe80::1") {
    const ByteVector bytes = advertisement.bytes();
    const auto view = wire::RouterAdvertisementView::parse(bytes);
    STRATA_CHECK(view.has_value());
    const bool taken = host().on_router_advertisement(ip(source), *view, now);
    pull();
    return taken;
  }
  void pull() {
    while (const auto output = host().next_output(now)) {
      outputs.push_back(*output);
      if (const auto* const add = std::get_if<AddRoute>(&*output)) {
        ASSERT_TRUE(table.replace(add->route));
      } else if (const auto* const gone = std::get_if<RemoveRoute>(&*output)) {
        ASSERT_TRUE(table.remove(gone->route));
      } else if (const auto* const made = std::get_if<AddAddress>(&*output)) {
        addresses[made->address.address] = made->address;
      } else if (const auto* const lost = std::get_if<RemoveAddress>(&*output)) {
        ASSERT_EQ(addresses.erase(lost->address), 1U);
      }
    }
  }
  template <typename Output>
  [[nodiscard]] std::vector<Output> taken() {
    std::vector<Output> found;
    for (const RouterDiscoveryOutput& output : outputs) {
      if (const auto* const match = std::get_if<Output>(&output)) found.push_back(*match);
    }
    outputs.clear();
    return found;
  }
  void advance_to(Time target) {
    while (host().next_deadline() && *host().next_deadline() <= target) {
      now = std::max(now, *host().next_deadline());
      host().on_deadline(now);
      pull();
      ASSERT_TRUE(!host().next_deadline() || *host().next_deadline() > now);
    }
    now = target;
  }
  [[nodiscard]] std::string next_hop(std::string_view destination) const {
    const Route* const route = table.lookup(ip(destination));
    if (route == nullptr) return "none";
    return std::string(to_text(route->next_hop(ip(destination))).view());
  }
};

wire::PrefixInformationOption prefix_option(std::string_view prefix, std::uint32_t valid_s = 86400,
                                            std::uint32_t preferred_s = 14400) {
  return {.prefix = *Prefix::parse(prefix),
          .on_link = true,
          .autonomous = true,
          .valid_lifetime_s = valid_s,
          .preferred_lifetime_s = preferred_s};
}

// RFC 4861 6.3.7 SHOULD: a host asks for routers when its interface comes up.
// RFC 7559 2 MUST: it goes on asking until a router answers.
TEST_F(RouterDiscoveryTest, AsksUntilADefaultRouterAnswers) {
  host().on_link_up(now);
  pull();
  EXPECT_EQ(taken<AddAddress>().size(), 1U);
  advance_to(now + seconds(60));
  EXPECT_GE(taken<SendRouterSolicitation>().size(), 3U);
  EXPECT_TRUE(advertise({.header = {.router_lifetime_s = 0}, .options = {}}));
  EXPECT_TRUE(host().next_deadline().has_value());
  EXPECT_TRUE(advertise({}));
  advance_to(now + seconds(1700));
  EXPECT_TRUE(taken<SendRouterSolicitation>().empty());
}

// RFC 4861 6.1.2 MUST: an advertisement whose source is not link-local is discarded.
TEST_F(RouterDiscoveryTest, SourceMustBeLinkLocal) {
  EXPECT_FALSE(advertise({}, "2001:db8::1"));
  EXPECT_FALSE(advertise({}, "169.254.0.1"));
  EXPECT_TRUE(outputs.empty());
}

TEST_F(RouterDiscoveryTest, PrefixMakesAnAddressAndARouteOnTheLink) {
  EXPECT_TRUE(advertise(Advertisement{}.add(prefix_option("2001:db8:1::/64"))));
  EXPECT_EQ(next_hop("2001:db8:1::99"), "2001:db8:1::99");
  EXPECT_EQ(next_hop("2001:db8:2::99"), "fe80::1");
  EXPECT_TRUE(host().is_on_link(ip("2001:db8:1::99")));
  EXPECT_FALSE(host().is_on_link(ip("2001:db8:2::99")));
  EXPECT_TRUE(host().is_on_link(ip("fe80::99")));
  EXPECT_EQ(addresses.size(), 2U);  // stable and temporary
}

// RFC 4861 6.3.4 MUST: without the L flag a prefix says nothing about the link.
TEST_F(RouterDiscoveryTest, FlagsOfAPrefixAreApart) {
  auto option = prefix_option("2001:db8:1::/64");
  option.on_link = false;
  (void)advertise(Advertisement{}.add(option));
  EXPECT_EQ(next_hop("2001:db8:1::99"), "fe80::1");
  EXPECT_FALSE(addresses.empty());
  option = prefix_option("2001:db8:2::/64");
  option.autonomous = false;
  addresses.clear();
  (void)advertise(Advertisement{}.add(option));
  EXPECT_EQ(next_hop("2001:db8:2::99"), "2001:db8:2::99");
  EXPECT_TRUE(addresses.empty());
}

// RFC 4861 6.3.4 MUST: a prefix with a valid lifetime of zero is no longer on the link.
TEST_F(RouterDiscoveryTest, PrefixIsTakenBackOrTimesOut) {
  (void)advertise(Advertisement{}.add(prefix_option("2001:db8:1::/64")));
  (void)advertise(Advertisement{}.add(prefix_option("2001:db8:1::/64", 0, 0)));
  EXPECT_EQ(next_hop("2001:db8:1::99"), "fe80::1");
  (void)advertise(Advertisement{}.add(prefix_option("2001:db8:1::/64", 100, 100)));
  EXPECT_EQ(next_hop("2001:db8:1::99"), "2001:db8:1::99");
  advance_to(now + seconds(100));
  EXPECT_EQ(next_hop("2001:db8:1::99"), "fe80::1");
}

// RFC 4861 6.3.4 MUST: the link-local prefix in an option is ignored.
TEST_F(RouterDiscoveryTest, NonsensePrefixesAreIgnored) {
  for (const char* const prefix : {"fe80::/64", "ff0e::/64", "::/0", "10.0.0.0/24"}) {
    (void)advertise(Advertisement{}.add(prefix_option(prefix)));
  }
  EXPECT_TRUE(addresses.empty());
  EXPECT_EQ(table.size(), 1U);
}

// RFC 4861 6.3.4 MUST: zero in a field means unspecified and changes nothing.
TEST_F(RouterDiscoveryTest, ParametersOfTheLink) {
  Advertisement advertisement;
  advertisement.header.cur_hop_limit = 42;
  advertisement.header.reachable_time_ms = 20'000;
  advertisement.header.retrans_timer_ms = 500;
  advertisement.header.managed = true;
  advertisement.add(wire::MtuOption{1400});
  (void)advertise(advertisement);
  const auto all = outputs;
  EXPECT_EQ(taken<SetHopLimit>().at(0).hop_limit, 42);
  outputs = all;
  EXPECT_EQ(taken<SetMtu>().at(0).mtu, 1400U);
  outputs = all;
  const SetReachability reachability = taken<SetReachability>().at(0);
  EXPECT_EQ(reachability.base_reachable_time, milliseconds(20'000));
  EXPECT_EQ(reachability.retransmit_timer, milliseconds(500));
  EXPECT_TRUE(host().is_managed());
  EXPECT_FALSE(host().has_other_configuration());
  (void)advertise({});
  EXPECT_TRUE(outputs.empty());
}

// RFC 4861 6.3.4 MUST: an MTU below 1280 or above the link's is ignored.
TEST_F(RouterDiscoveryTest, MtuIsWithinReason) {
  for (const std::uint32_t mtu : {0U, 68U, 1279U, 1501U, 0xffff'ffffU}) {
    (void)advertise(Advertisement{}.add(wire::MtuOption{mtu}));
  }
  EXPECT_TRUE(taken<SetMtu>().empty());
}

TEST_F(RouterDiscoveryTest, ReachableTimeBeyondAnHourAndTinyHopLimitsAreNotBelieved) {
  config.hop_limit_min = 16;
  Advertisement advertisement;
  advertisement.header.cur_hop_limit = 1;
  advertisement.header.reachable_time_ms = 3'600'001;
  (void)advertise(advertisement);
  EXPECT_TRUE(taken<SetHopLimit>().empty());
}

// RFC 4861 6.3.6 MUST: routers that are reachable come before those that are not.
// RFC 4191 3.2 MUST: among those, the higher preference.
TEST_F(RouterDiscoveryTest, DefaultRouterIsChosenByReachabilityThenPreference) {
  (void)advertise({}, "fe80::1");
  Advertisement preferred;
  preferred.header.preference = wire::RouterPreference::kHigh;
  (void)advertise(preferred, "fe80::2");
  EXPECT_EQ(next_hop("2001:db8::1"), "fe80::2");
  host().on_router_unreachable(ip("fe80::2"), now);
  pull();
  EXPECT_EQ(next_hop("2001:db8::1"), "fe80::1");
  host().on_router_reachable(ip("fe80::2"), now);
  pull();
  EXPECT_EQ(next_hop("2001:db8::1"), "fe80::2");
  // RFC 4861 7.2.5 MUST: a router that became a host leaves the list.
  host().on_router_became_host(ip("fe80::2"), now);
  pull();
  EXPECT_EQ(next_hop("2001:db8::1"), "fe80::1");
  EXPECT_FALSE(host().is_default_router(ip("fe80::2")));
}

// RFC 4191 3.1 SHOULD: a type C host takes routes from the option, and ::/0 overrides the header.
TEST_F(RouterDiscoveryTest, RouteInformationIsTaken) {
  (void)advertise({}, "fe80::1");
  Advertisement special{.header = {.router_lifetime_s = 0}, .options = {}};
  special.add(wire::RouteInformationOption{.prefix = *Prefix::parse("2001:db8:9::/48"),
                                           .route_lifetime_s = 600});
  (void)advertise(special, "fe80::2");
  EXPECT_EQ(next_hop("2001:db8:9::1"), "fe80::2");
  EXPECT_EQ(next_hop("2001:db8:8::1"), "fe80::1");
  advance_to(now + seconds(600));
  EXPECT_EQ(next_hop("2001:db8:9::1"), "fe80::1");
  Advertisement everything{.header = {.router_lifetime_s = 0}, .options = {}};
  everything.add(wire::RouteInformationOption{.prefix = *Prefix::parse("::/0"),
                                              .preference = wire::RouterPreference::kHigh,
                                              .route_lifetime_s = 600});
  (void)advertise(everything, "fe80::3");
  EXPECT_EQ(next_hop("2001:db8:8::1"), "fe80::3");
}

// RFC 8106 5.3.1 MUST: servers are used until their lifetime ends; zero takes them out.
TEST_F(RouterDiscoveryTest, DnsServersComeAndGo) {
  (void)advertise(Advertisement{}.add_dns(600, {ip("2001:db8::53"), ip("2001:db8::54")}));
  EXPECT_EQ(taken<DnsServers>().at(0).count, 2);
  (void)advertise(Advertisement{}.add_dns(0, {ip("2001:db8::53")}));
  const DnsServers left = taken<DnsServers>().at(0);
  EXPECT_EQ(left.count, 1);
  EXPECT_EQ(left.servers[0], ip("2001:db8::54"));
  advance_to(now + seconds(600));
  EXPECT_EQ(taken<DnsServers>().at(0).count, 0);
}

TEST_F(RouterDiscoveryTest, DuplicateIsReplaced) {
  host().on_link_up(now);
  pull();
  const IpAddress first = addresses.begin()->first;
  host().on_duplicate(first, now);
  pull();
  ASSERT_EQ(addresses.size(), 1U);
  EXPECT_NE(addresses.begin()->first, first);
}

TEST_F(RouterDiscoveryTest, LinkDownTakesEverythingBack) {
  host().on_link_up(now);
  Advertisement advertisement;
  advertisement.header.cur_hop_limit = 42;
  advertisement.add(prefix_option("2001:db8:1::/64")).add(wire::MtuOption{1400});
  (void)advertise(advertisement.add_dns(600, {ip("2001:db8::53")}));
  host().on_link_down(now);
  pull();
  const auto all = outputs;
  EXPECT_EQ(taken<SetMtu>().back().mtu, 0U);
  outputs = all;
  EXPECT_EQ(taken<SetHopLimit>().back().hop_limit, 0);
  outputs = all;
  EXPECT_EQ(table.size(), 0U);
  EXPECT_TRUE(addresses.empty());
  EXPECT_EQ(taken<DnsServers>().back().count, 0);
  EXPECT_EQ(host().next_deadline(), std::nullopt);
}

TEST_F(RouterDiscoveryTest, FloodIsBoundedAndKeepsTheHonestRouter) {
  (void)advertise(Advertisement{}.add(prefix_option("2001:db8:1::/64")));
  const auto honest = addresses;
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    Advertisement forged;
    const auto n = static_cast<std::uint64_t>(rng.below(1U << 30U));
    auto option = prefix_option("::/64");
    option.prefix = Prefix(IpAddress::v6(0x2001'0db9'0000'0000 | n, 0), 64);
    forged.add(option);
    forged.add(wire::RouteInformationOption{.prefix = option.prefix, .route_lifetime_s = 60});
    forged.add_dns(60, {IpAddress::v6(0x2001'0db9'0000'0000, n)});
    const ByteVector bytes = forged.bytes();
    const auto source = IpAddress::v6(0xfe80'0000'0000'0000, n + 100);
    (void)host().on_router_advertisement(source, *wire::RouterAdvertisementView::parse(bytes), now);
    if (i % 1000 == 0) {
      outputs.clear();
      pull();
      most = std::max(most, outputs.size());
    }
  }
  pull();
  EXPECT_LE(most, 100U);
  EXPECT_LE(table.size(), config.routers_max + config.prefixes_max + config.routes_max);
  EXPECT_LE(addresses.size(), config.addresses.addresses_max);
  for (const auto& [address, what] : honest) EXPECT_TRUE(addresses.contains(address));
  EXPECT_TRUE(host().is_default_router(ip("fe80::1")));
}

}  // namespace
}  // namespace strata::ip::router_discovery_test

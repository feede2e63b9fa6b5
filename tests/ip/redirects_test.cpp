// SPDX-License-Identifier: Apache-2.0
#include "ip/redirects.h"

#include <gtest/gtest.h>

#include "ip/route_table.h"

namespace strata::ip::redirects_test {
namespace {

[[nodiscard]] IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

struct RedirectsTest : ::testing::Test {
  HeapMemory memory;
  Redirects redirects{memory, {.destinations_max = 4}};
  RouteTable table{memory, 64};
  Time now{};
  Redirect v4{.source = ip("10.0.0.1"),
              .destination = ip("198.51.100.7"),
              .target = ip("10.0.0.2"),
              .interface = 1,
              .current_gateway = ip("10.0.0.1"),
              .current_interface = 1,
              .target_is_on_link = true};
  Redirect v6{.source = ip("fe80::1"),
              .destination = ip("2001:db8::7"),
              .target = ip("fe80::2"),
              .interface = 1,
              .current_gateway = ip("fe80::1"),
              .current_interface = 1};

  void apply() {
    while (const auto change = redirects.next_output(now)) {
      if (const auto* const add = std::get_if<AddRoute>(&*change)) {
        ASSERT_TRUE(table.replace(add->route));
      } else {
        ASSERT_TRUE(table.remove(std::get<RemoveRoute>(*change).route));
      }
    }
  }
  [[nodiscard]] IpAddress first_hop(const IpAddress& destination) const {
    const Route* const route = table.lookup(destination);
    return route == nullptr ? IpAddress{} : route->next_hop(destination);
  }
};

// RFC 1122 3.2.2.2 MUST: a redirect updates the route of the destination it names.
// RFC 4861 8.3 SHOULD: later packets for the destination go to the target.
TEST_F(RedirectsTest, ObeyedRedirectBecomesAHostRoute) {
  EXPECT_EQ(redirects.on_redirect(v4, now), DropReason::kNone);
  EXPECT_EQ(redirects.on_redirect(v6, now), DropReason::kNone);
  apply();
  EXPECT_EQ(first_hop(v4.destination), v4.target);
  EXPECT_EQ(first_hop(v6.destination), v6.target);
  EXPECT_EQ(table.lookup(ip("198.51.100.8")), nullptr);
}

TEST_F(RedirectsTest, DestinationItselfAsTargetIsOnTheLink) {
  v6.target = v6.destination;
  EXPECT_EQ(redirects.on_redirect(v6, now), DropReason::kNone);
  apply();
  EXPECT_TRUE(table.lookup(v6.destination)->is_on_link());
}

// RFC 1122 3.2.2.2 SHOULD: a redirect not from the current gateway, or to one that is not on the
// link, is discarded.
// RFC 4861 8.1 MUST: a redirect is discarded unless its source is the current first hop.
TEST_F(RedirectsTest, ForgedRedirectsAreRefused) {
  const auto refused = [&](Redirect redirect, auto change) {
    change(redirect);
    return redirects.on_redirect(redirect, now) == DropReason::kRedirectRefused;
  };
  for (const Redirect& good : {v4, v6}) {
    const bool is_v4 = good.destination.is_v4();
    EXPECT_TRUE(
        refused(good, [&](Redirect& r) { r.source = is_v4 ? ip("10.0.0.9") : ip("fe80::9"); }));
    EXPECT_TRUE(refused(good, [](Redirect& r) { r.interface = 2; }));
    EXPECT_TRUE(refused(good, [](Redirect& r) { r.current_gateway = IpAddress{}; }));
    EXPECT_TRUE(refused(good, [](Redirect& r) { r.target_is_ours = true; }));
    EXPECT_TRUE(refused(good, [](Redirect& r) { r.target = r.source; }));
    EXPECT_TRUE(
        refused(good, [&](Redirect& r) { r.target = is_v4 ? ip("224.0.0.1") : ip("ff02::1"); }));
    EXPECT_TRUE(
        refused(good, [&](Redirect& r) { r.target = is_v4 ? ip("fe80::2") : ip("10.0.0.2"); }));
    EXPECT_TRUE(refused(
        good, [&](Redirect& r) { r.destination = is_v4 ? ip("224.0.0.1") : ip("ff02::5"); }));
  }
  EXPECT_TRUE(refused(v4, [](Redirect& r) { r.target_is_on_link = false; }));
  // RFC 4861 8.1 MUST: the target is a link-local address or the destination.
  EXPECT_TRUE(refused(v6, [](Redirect& r) { r.target = ip("2001:db8::8"); }));
  EXPECT_EQ(redirects.size(), 0U);
}

TEST_F(RedirectsTest, CanBeTurnedOff) {
  Redirects off(memory, {.is_enabled = false});
  EXPECT_EQ(off.on_redirect(v4, now), DropReason::kRedirectRefused);
}

TEST_F(RedirectsTest, NewTargetTakesThePlaceOfTheOld) {
  (void)redirects.on_redirect(v4, now);
  apply();
  v4.source = v4.current_gateway = v4.target;
  v4.target = ip("10.0.0.3");
  EXPECT_EQ(redirects.on_redirect(v4, now), DropReason::kNone);
  apply();
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(first_hop(v4.destination), ip("10.0.0.3"));
}

TEST_F(RedirectsTest, UnreachableTargetFallsBack) {
  (void)redirects.on_redirect(v4, now);
  apply();
  redirects.on_neighbor_unreachable(v4.target, 1);
  apply();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(redirects.size(), 0U);
}

TEST_F(RedirectsTest, InterfaceThatGoesDownTakesItsRedirectsAlong) {
  (void)redirects.on_redirect(v4, now);
  redirects.on_interface_down(1);
  EXPECT_FALSE(redirects.next_output(now).has_value());
  EXPECT_EQ(redirects.size(), 0U);
}

TEST_F(RedirectsTest, LivesForAWhile) {
  (void)redirects.on_redirect(v4, now);
  apply();
  ASSERT_TRUE(redirects.next_deadline().has_value());
  now = *redirects.next_deadline();
  redirects.on_deadline(now);
  apply();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(redirects.next_deadline(), std::nullopt);
}

TEST_F(RedirectsTest, FloodStaysWithinTheLimitAndTheTableFollows) {
  for (std::uint32_t i = 0; i < 1000; ++i) {
    v4.destination = IpAddress::v4(0x0b00'0000U + i);
    EXPECT_EQ(redirects.on_redirect(v4, now), DropReason::kNone);
    now += std::chrono::seconds(1);
    if (i % 3 == 0) apply();
    EXPECT_LE(redirects.size(), 4U);
  }
  apply();
  EXPECT_EQ(table.size(), 4U);
  EXPECT_EQ(first_hop(v4.destination), v4.target);
}

}  // namespace
}  // namespace strata::ip::redirects_test

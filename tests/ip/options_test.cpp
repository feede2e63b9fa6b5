// SPDX-License-Identifier: Apache-2.0
#include "ip/options.h"

#include <gtest/gtest.h>

#include "ip/packets.h"
#include "strata/rng.h"
#include "strata/wire/ipv4_options.h"

namespace strata::ip::options_test {
namespace {

constexpr IpAddress kOwn = IpAddress::v4(10, 0, 0, 9);

struct OptionsTest : ::testing::Test {
  wire::Ipv4OptionWriter options;
  ByteVector header;

  Ipv4OptionsOutcome process(Ipv4OptionsQuery query = {}) {
    return process(options.bytes(), query);
  }
  Ipv4OptionsOutcome process(Bytes bytes, Ipv4OptionsQuery query = {}) {
    query.own_address = kOwn;
    header = ipv4_bytes({.source = kAliceV4, .destination = kBobV4}, {}, bytes);
    const Ipv4OptionsOutcome outcome = process_ipv4_options(header, query);
    const auto view = wire::Ipv4View::parse(header);
    EXPECT_TRUE(outcome.drop != DropReason::kNone || (view && view->checksum_is_valid()));
    return outcome;
  }
  [[nodiscard]] wire::Ipv4Option first() const {
    wire::Ipv4OptionReader reader(Bytes(header).subspan(wire::Ipv4Layout::kSize));
    return *reader.next();
  }
};

// RFC 1812 5.3.13.5 MUST: record route is filled in by those who forward.
TEST_F(OptionsTest, RecordRouteShowsUs) {
  ASSERT_TRUE(options.add_record_route(2));
  const auto outcome = process({.role = OptionRole::kForwarder});
  EXPECT_EQ(outcome.drop, DropReason::kNone);
  EXPECT_TRUE(outcome.changed);
  const auto route = wire::Ipv4RouteOptionView::parse(first());
  EXPECT_EQ(route->address(0), kOwn);
  EXPECT_EQ(route->slots_used(), 1U);
}

// RFC 1122 3.2.1.8 MUST: the destination adds its time to a timestamp option.
// RFC 791 3.1 MUST: a time that is not standard has its high bit set.
TEST_F(OptionsTest, TimestampIsAddedAndToldFromAWallClock) {
  ASSERT_TRUE(options.add_timestamp(true, 2));
  EXPECT_TRUE(process({.milliseconds_today = 4711, .has_wall_clock = true}).changed);
  auto times = wire::Ipv4TimestampOptionView::parse(first());
  EXPECT_EQ(times->address(0), kOwn);
  EXPECT_EQ(times->time(0), 4711U);
  (void)process({.milliseconds_today = 4711});
  times = wire::Ipv4TimestampOptionView::parse(first());
  EXPECT_EQ(times->time(0), 0x8000'0000U | 4711U);
}

TEST_F(OptionsTest, TimestampOverflowIsCountedAndThenAnError) {
  std::array<std::byte, 8> full{std::byte{68}, std::byte{8}, std::byte{9}, std::byte{0xe0}};
  EXPECT_TRUE(process(full).changed);
  EXPECT_EQ(wire::Ipv4TimestampOptionView::parse(first())->overflow(), 15U);
  full[3] = std::byte{0xf0};
  const auto outcome = process(full);
  EXPECT_EQ(outcome.drop, DropReason::kIpv4BadOption);
  EXPECT_EQ(outcome.problem, (ParameterProblem{0, 23}));
}

// RFC 7126 4.3 SHOULD: source routed packets are dropped by default.
// RFC 1812 5.3.13.4 SHOULD: and the source is told when it asked us to pass one on.
TEST_F(OptionsTest, SourceRoutesAreRefused) {
  const IpAddress hops[] = {IpAddress::v4(10, 0, 0, 1)};
  for (const bool strict : {false, true}) {
    options = {};
    ASSERT_TRUE(options.add_source_route(strict, hops));
    const auto outcome = process();
    EXPECT_EQ(outcome.drop, DropReason::kIpv4SourceRouteRefused);
    EXPECT_TRUE(outcome.source_route_failed);
    EXPECT_EQ(process({.accepts_source_routes = true}).drop, DropReason::kIpv4SourceRouteRefused);
  }
}

TEST_F(OptionsTest, CompletedSourceRouteIsAcceptedOnlyWhenAllowed) {
  const std::array<std::byte, 8> complete{std::byte{131}, std::byte{7}, std::byte{8}};
  EXPECT_EQ(process(complete).drop, DropReason::kIpv4SourceRouteRefused);
  EXPECT_FALSE(process(complete).source_route_failed);
  EXPECT_EQ(process(complete, {.accepts_source_routes = true}).drop, DropReason::kNone);
}

// RFC 1122 3.2.1.8 MUST: there is no more than one source route.
TEST_F(OptionsTest, TwoSourceRoutesAreAnError) {
  const std::array<std::byte, 16> twice{std::byte{131}, std::byte{7}, std::byte{8}, std::byte{},
                                        std::byte{},    std::byte{},  std::byte{},  std::byte{1},
                                        std::byte{137}, std::byte{7}, std::byte{8}};
  const auto outcome = process(twice, {.accepts_source_routes = true});
  EXPECT_EQ(outcome.drop, DropReason::kIpv4BadOption);
  EXPECT_EQ(outcome.problem, (ParameterProblem{0, 28}));
}

// RFC 2113 2.1 SHOULD: routers look closer at packets with router alert.
TEST_F(OptionsTest, RouterAlertIsNoted) {
  ASSERT_TRUE(options.add_router_alert());
  EXPECT_TRUE(process().router_alert);
  EXPECT_FALSE(process().changed);
}

// RFC 1122 3.2.1.8 MUST: options that are not known are ignored.
TEST_F(OptionsTest, UnknownOptionIsSkipped) {
  ASSERT_TRUE(options.add(0x9e, std::array<std::byte, 2>{}));
  ASSERT_TRUE(options.add_router_alert());
  EXPECT_EQ(process().drop, DropReason::kNone);
  EXPECT_TRUE(process().router_alert);
}

// RFC 1122 3.2.2.5 SHOULD: the pointer names the octet where the error is.
TEST_F(OptionsTest, BadLengthsPointToTheOption) {
  const std::array<std::byte, 4> cases[] = {
      {std::byte{1}, std::byte{7}, std::byte{0}, std::byte{4}},
      {std::byte{1}, std::byte{7}, std::byte{40}, std::byte{4}},
      {std::byte{1}, std::byte{1}, std::byte{1}, std::byte{7}},
  };
  const std::uint32_t pointers[] = {21, 21, 23};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto outcome = process(cases[i]);
    EXPECT_EQ(outcome.drop, DropReason::kIpv4BadOption);
    EXPECT_EQ(outcome.problem, (ParameterProblem{0, pointers[i]}));
  }
}

TEST_F(OptionsTest, AnyBytesAreSafe) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    Rng rng(seed);
    ByteVector bytes(rng.between(1, 10) * 4);
    constexpr std::uint8_t kTypes[] = {0, 1, 7, 68, 131, 137, 148, 4, 8, 11};
    for (std::byte& byte : bytes) byte = std::byte{kTypes[rng.below(std::size(kTypes))]};
    const auto outcome = process(bytes, {.accepts_source_routes = rng.chance({1, 2})});
    if (outcome.problem) {
      EXPECT_LT(outcome.problem->pointer, header.size());
    }
  }
}

}  // namespace
}  // namespace strata::ip::options_test

// SPDX-License-Identifier: Apache-2.0
#include "ip/ipv6_options.h"

#include <gtest/gtest.h>

#include "ip/packets.h"
#include "strata/rng.h"

namespace strata::ip::ipv6_options_test {
namespace {

struct Ipv6OptionsTest : ::testing::Test {
  IpAddress destination = kBobV6;

  [[nodiscard]] Ipv6Headers walk(std::uint8_t first, std::initializer_list<unsigned> body,
                                 Ipv6HeaderScope scope = Ipv6HeaderScope::kDestination) const {
    ByteVector bytes;
    for (const unsigned value : body) bytes.push_back(static_cast<std::byte>(value));
    wire::Ipv6Header header{.next_header = first, .source = kAliceV6, .destination = destination};
    const ByteVector packet = ipv6_bytes(header, bytes);
    return walk_ipv6_headers(packet, scope);
  }
};

TEST_F(Ipv6OptionsTest, PlainPacketHasItsProtocolBehindTheHeader) {
  const Ipv6Headers headers = walk(17, {0, 1, 0, 2, 0, 8, 0, 0});
  EXPECT_EQ(headers.drop, DropReason::kNone);
  EXPECT_EQ(headers.protocol, 17);
  EXPECT_EQ(headers.payload_offset, 40U);
  EXPECT_EQ(headers.protocol_at, 6U);
}

// RFC 8200 4.1 MUST: extension headers are accepted in any order, hop-by-hop first.
TEST_F(Ipv6OptionsTest, ChainIsFollowedToTheUpperLayer) {
  const Ipv6Headers headers = walk(0, {60,  0, 5, 2, 0, 0, 1, 0,    // hop-by-hop: router alert
                                       43,  0, 1, 4, 0, 0, 0, 0,    // destination options
                                       58,  0, 0, 0, 0, 0, 0, 0,    // routing, nothing left
                                       128, 0, 0, 0, 0, 0, 0, 0});  // ICMPv6
  EXPECT_EQ(headers.drop, DropReason::kNone);
  EXPECT_EQ(headers.protocol, 58);
  EXPECT_EQ(headers.payload_offset, 64U);
  EXPECT_EQ(headers.protocol_at, 56U);
  EXPECT_EQ(headers.router_alert, 0);
  EXPECT_TRUE(headers.has_routing_header);
}

// RFC 8200 4.2 MUST: the two highest bits of an unknown option decide what happens.
TEST_F(Ipv6OptionsTest, UnknownOptionsActByTheirType) {
  const struct {
    unsigned type;
    bool to_group;
    DropReason drop;
    bool is_reported;
  } cases[] = {{0x1e, false, DropReason::kNone, false},
               {0x5e, false, DropReason::kIpv6UnknownOption, false},
               {0x9e, false, DropReason::kIpv6UnknownOption, true},
               {0xde, false, DropReason::kIpv6UnknownOption, true},
               {0x9e, true, DropReason::kIpv6UnknownOption, true},
               {0xde, true, DropReason::kIpv6UnknownOption, false}};
  for (const unsigned header : {0U, 60U}) {
    for (const auto& test : cases) {
      destination = test.to_group ? IpAddress::all_nodes_v6() : kBobV6;
      const Ipv6Headers headers =
          walk(static_cast<std::uint8_t>(header), {59, 0, 1, 0, test.type, 2, 0, 0});
      EXPECT_EQ(headers.drop, test.drop) << test.type;
      const auto problem = test.is_reported
                               ? std::optional(ParameterProblem{kUnrecognizedOption, 44})
                               : std::nullopt;
      EXPECT_EQ(headers.problem, problem) << test.type;
    }
  }
}

// RFC 5095 3 MUST: a type 0 routing header with segments left is refused as unrecognized.
// RFC 8200 4.4 MUST: with segments left, code 0 points to the routing type; without, it is skipped.
TEST_F(Ipv6OptionsTest, RoutingHeadersAreNotFollowed) {
  for (const unsigned type : {0U, 2U, 3U, 4U, 253U}) {
    const Ipv6Headers refused = walk(43, {59, 0, type, 1, 0, 0, 0, 0});
    EXPECT_EQ(refused.drop, DropReason::kIpv6RoutingRefused);
    EXPECT_EQ(refused.problem, (ParameterProblem{kErroneousHeaderField, 42}));
    EXPECT_EQ(walk(43, {59, 0, type, 0, 0, 0, 0, 0}).drop, DropReason::kNone);
  }
}

// RFC 8200 4 MUST: hop-by-hop elsewhere than first is an unrecognized next header.
TEST_F(Ipv6OptionsTest, MisplacedHopByHopIsRefused) {
  const Ipv6Headers headers = walk(60, {0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4, 0, 0, 0, 0});
  EXPECT_EQ(headers.drop, DropReason::kIpv6BadExtension);
  EXPECT_EQ(headers.problem, (ParameterProblem{kUnrecognizedNextHeader, 40}));
}

TEST_F(Ipv6OptionsTest, TruncatedHeaderPointsToItsLength) {
  const Ipv6Headers headers = walk(60, {17, 1, 1, 4, 0, 0, 0, 0});
  EXPECT_EQ(headers.drop, DropReason::kIpv6BadExtension);
  EXPECT_EQ(headers.problem, (ParameterProblem{kErroneousHeaderField, 41}));
}

TEST_F(Ipv6OptionsTest, OptionThatRunsOutOfItsHeaderIsReported) {
  const Ipv6Headers headers = walk(0, {59, 0, 0x1e, 9, 0, 0, 0, 0});
  EXPECT_EQ(headers.drop, DropReason::kIpv6BadExtension);
  EXPECT_EQ(headers.problem, (ParameterProblem{kErroneousHeaderField, 42}));
}

TEST_F(Ipv6OptionsTest, EndlessChainsAreCutOff) {
  ByteVector body;
  for (int i = 0; i < 20; ++i) {
    for (const unsigned value : {60U, 0U, 1U, 4U, 0U, 0U, 0U, 0U}) {
      body.push_back(static_cast<std::byte>(value));
    }
  }
  const ByteVector packet =
      ipv6_bytes({.next_header = 60, .source = kAliceV6, .destination = kBobV6}, body);
  const Ipv6Headers headers = walk_ipv6_headers(packet, Ipv6HeaderScope::kDestination);
  EXPECT_EQ(headers.drop, DropReason::kIpv6ExtensionChainTooLong);
}

TEST_F(Ipv6OptionsTest, FragmentEndsTheWalk) {
  const Ipv6Headers headers = walk(44, {17, 0, 0, 8, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8});
  ASSERT_TRUE(headers.fragment.has_value());
  EXPECT_EQ(headers.fragment->header.fragment_offset, 8);
  EXPECT_EQ(headers.fragment->header.identification, 5U);
  EXPECT_EQ(headers.fragment->at, 40U);
  EXPECT_EQ(headers.fragment->next_header_at, 6U);
  EXPECT_EQ(headers.payload_offset, 48U);
}

// RFC 6946 4 MUST: an atomic fragment is no fragment.
TEST_F(Ipv6OptionsTest, AtomicFragmentIsWalkedThrough) {
  const Ipv6Headers headers = walk(44, {17, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 2, 0, 8, 0, 0});
  EXPECT_FALSE(headers.fragment.has_value());
  EXPECT_EQ(headers.protocol, 17);
  EXPECT_EQ(headers.payload_offset, 48U);
}

// RFC 8200 4.5: whole packets are cut, so that a fragment holds no fragment header.
// RFC 8200 4.1 MUST: hop-by-hop options stand right behind the IPv6 header only, in a packet that
// was cut, too.
TEST_F(Ipv6OptionsTest, FirstFragmentShowsWhatMayBeCut) {
  for (const unsigned inner_offset : {0U, 8U}) {
    const Ipv6Headers nested = walk(44, {60, 0, 0, 1,
                                         0,  0, 0, 5,  // cut once
                                         44, 0, 1, 4,
                                         0,  0, 0, 0,  //
                                         17, 0, 0, inner_offset | 1,
                                         0,  0, 0, 6,  // and again
                                         1,  2, 3, 4,
                                         5,  6, 7, 8});
    EXPECT_EQ(nested.drop, DropReason::kFragmentMalformed);
    EXPECT_EQ(nested.problem, (ParameterProblem{kErroneousHeaderField, 56}));
  }
  const Ipv6Headers second = walk(44, {0,  0, 0, 1, 0, 0, 0, 5,  //
                                       17, 0, 1, 4, 0, 0, 0, 0,  // hop-by-hop options
                                       1,  2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(second.drop, DropReason::kIpv6BadExtension);
  EXPECT_EQ(second.problem, (ParameterProblem{kUnrecognizedNextHeader, 40}));
  const Ipv6Headers options = walk(44, {60, 0, 0, 1, 0, 0, 0, 5,  //
                                        17, 0, 1, 4, 0, 0, 0, 0,  // destination options
                                        1,  2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(options.drop, DropReason::kNone);
  EXPECT_TRUE(options.fragment.has_value());
}

// RFC 7112 5 MUST: the first fragment holds the whole header chain.
TEST_F(Ipv6OptionsTest, FirstFragmentMustHoldTheUpperHeader) {
  const Ipv6Headers tiny = walk(44, {6, 0, 0, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(tiny.drop, DropReason::kFragmentMalformed);
  EXPECT_EQ(tiny.problem, (ParameterProblem{kIncompleteHeaderChain, 0}));
  const Ipv6Headers cut = walk(44, {60, 0, 0, 1, 0, 0, 0, 5, 17, 1, 1, 4, 0, 0, 0, 0});
  EXPECT_EQ(cut.drop, DropReason::kFragmentMalformed);
  const Ipv6Headers whole = walk(44, {17, 0, 0, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(whole.drop, DropReason::kNone);
}

// RFC 8504 5.3: a first fragment has no more headers than a whole packet may have.
TEST_F(Ipv6OptionsTest, FirstFragmentMayNotHideAnEndlessChain) {
  ByteVector body;
  const auto add = [&](std::initializer_list<unsigned> values) {
    for (const unsigned value : values) body.push_back(static_cast<std::byte>(value));
  };
  add({60, 0, 0, 1, 0, 0, 0, 5});
  for (int i = 0; i < 20; ++i) add({60, 0, 1, 4, 0, 0, 0, 0});
  const ByteVector packet =
      ipv6_bytes({.next_header = 44, .source = kAliceV6, .destination = kBobV6}, body);
  const Ipv6Headers headers = walk_ipv6_headers(packet, Ipv6HeaderScope::kDestination);
  EXPECT_EQ(headers.drop, DropReason::kIpv6ExtensionChainTooLong);
}

// RFC 8200 4 MUST: a router on the way reads no extension header but hop-by-hop.
TEST_F(Ipv6OptionsTest, ForwarderReadsHopByHopOnly) {
  const auto forwarder = Ipv6HeaderScope::kForwarder;
  const Ipv6Headers routing = walk(43, {59, 0, 0, 1, 0, 0, 0, 0}, forwarder);
  EXPECT_EQ(routing.drop, DropReason::kNone);
  EXPECT_EQ(routing.protocol, wire::kIpProtocolRouting);
  EXPECT_EQ(walk(60, {59, 9, 0x9e, 0, 0, 0, 0, 0}, forwarder).drop, DropReason::kNone);
  EXPECT_EQ(walk(0, {59, 0, 0x9e, 4, 0, 0, 0, 0}, forwarder).drop, DropReason::kIpv6UnknownOption);
}

TEST_F(Ipv6OptionsTest, AuthenticationIsLeftToItsHandler) {
  const Ipv6Headers headers = walk(51, {17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1});
  EXPECT_EQ(headers.protocol, wire::kIpProtocolAh);
  EXPECT_EQ(headers.payload_offset, 40U);
}

TEST_F(Ipv6OptionsTest, AnyBytesAreSafe) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    Rng rng(seed);
    ByteVector body(rng.below(120));
    constexpr std::uint8_t kValues[] = {0, 1, 2, 5, 43, 44, 51, 59, 60, 17, 6, 0x9e, 0xde, 0x5e};
    for (std::byte& byte : body) byte = std::byte{kValues[rng.below(std::size(kValues))]};
    wire::Ipv6Header header{.next_header = kValues[rng.below(std::size(kValues))],
                            .source = kAliceV6,
                            .destination = kBobV6};
    const ByteVector packet = ipv6_bytes(header, body);
    for (const auto scope : {Ipv6HeaderScope::kDestination, Ipv6HeaderScope::kForwarder}) {
      const Ipv6Headers headers = walk_ipv6_headers(packet, scope);
      EXPECT_LE(headers.payload_offset, packet.size());
      EXPECT_LT(headers.protocol_at, packet.size());
    }
  }
  EXPECT_EQ(walk_ipv6_headers({}, Ipv6HeaderScope::kDestination).drop, DropReason::kIpv6TooShort);
}

}  // namespace
}  // namespace strata::ip::ipv6_options_test

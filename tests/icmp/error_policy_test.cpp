// SPDX-License-Identifier: Apache-2.0
#include "icmp/error_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::icmp::error_policy_test {
namespace {

constexpr IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
constexpr IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
constexpr IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);
constexpr IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
constexpr IpAddress kGroup6 = IpAddress::all_nodes_v6();

struct Case {
  const char* name;
  Offense offense;
  ErrorContent content;
  bool is_answered;
};

class Policy : public testing::TestWithParam<Case> {};

TEST_P(Policy, SaysWhatMayBeAnswered) {
  EXPECT_EQ(may_answer(GetParam().offense, GetParam().content), GetParam().is_answered);
}

constexpr ErrorContent kPort{.kind = ErrorKind::kPortUnreachable};
constexpr ErrorContent kTooBig{.kind = ErrorKind::kPacketTooBig, .mtu = 1280};
constexpr ErrorContent kOption{.kind = ErrorKind::kParameterProblem, .problem_code = 2};
constexpr ErrorContent kField{.kind = ErrorKind::kParameterProblem, .problem_code = 0};

// RFC 1122 3.2.2 MUST: no error about an error, a broadcast, a later fragment, or a source that
// names no single host.
// RFC 4443 2.4 MUST: the same, but for packet too big and unknown options sent to groups.
INSTANTIATE_TEST_SUITE_P(
    Rules, Policy,
    testing::Values(
        Case{"Unicast", {.source = kPeer, .destination = kOwn}, kPort, true},
        Case{"Unicast6", {.source = kPeer6, .destination = kOwn6}, kPort, true},
        Case{"Error", {.source = kPeer, .destination = kOwn, .is_icmp_error = true}, kPort, false},
        Case{"LaterFragment",
             {.source = kPeer, .destination = kOwn, .is_later_fragment = true},
             kPort,
             false},
        Case{"LinkBroadcast",
             {.source = kPeer, .destination = kOwn, .is_link_multicast = true},
             kPort,
             false},
        Case{"DirectedBroadcast",
             {.source = kPeer, .destination = kOwn, .is_directed_broadcast = true},
             kPort,
             false},
        Case{"LimitedBroadcast",
             {.source = kPeer, .destination = IpAddress::limited_broadcast()},
             kPort,
             false},
        Case{"Group", {.source = kPeer, .destination = IpAddress::v4(224, 0, 0, 5)}, kPort, false},
        Case{"FromNobody", {.source = IpAddress::any_v4(), .destination = kOwn}, kPort, false},
        Case{"FromGroup",
             {.source = IpAddress::v4(224, 0, 0, 1), .destination = kOwn},
             kPort,
             false},
        Case{"FromLoopback",
             {.source = IpAddress::loopback_v4(), .destination = kOwn},
             kPort,
             false},
        Case{"FromOurOwnLoopback",
             {.source = IpAddress::loopback_v4(),
              .destination = IpAddress::loopback_v4(),
              .is_from_ourselves = true},
             kPort,
             true},
        Case{"FromOurOwnLoopback6",
             {.source = IpAddress::loopback_v6(),
              .destination = IpAddress::loopback_v6(),
              .is_from_ourselves = true},
             kPort,
             true},
        Case{"FromLoopback6",
             {.source = IpAddress::loopback_v6(), .destination = kOwn6},
             kPort,
             false},
        Case{"FromBroadcast",
             {.source = IpAddress::limited_broadcast(), .destination = kOwn},
             kPort,
             false},
        Case{"FromReserved",
             {.source = IpAddress::v4(240, 0, 0, 1), .destination = kOwn},
             kPort,
             false},
        Case{"FromNobody6", {.source = IpAddress{}, .destination = kOwn6}, kPort, false},
        Case{"TooBigToGroup6", {.source = kPeer6, .destination = kGroup6}, kTooBig, true},
        Case{"OptionToGroup6", {.source = kPeer6, .destination = kGroup6}, kOption, true},
        Case{"FieldToGroup6", {.source = kPeer6, .destination = kGroup6}, kField, false},
        Case{"PortToGroup6", {.source = kPeer6, .destination = kGroup6}, kPort, false}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

struct Words {
  ErrorKind kind;
  ErrorWords v4;
  ErrorWords v6;
};

class Wording : public testing::TestWithParam<Words> {};

TEST_P(Wording, IsThatOfTheRfcs) {
  const ErrorContent content{.kind = GetParam().kind, .mtu = 1400, .problem_code = 0, .pointer = 6};
  EXPECT_EQ(words_v4(content), GetParam().v4);
  EXPECT_EQ(words_v6(content), GetParam().v6);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Wording,
    testing::Values(Words{ErrorKind::kNoRoute, {3, 0, 0}, {1, 0, 0}},
                    Words{ErrorKind::kHostUnreachable, {3, 1, 0}, {1, 3, 0}},
                    Words{ErrorKind::kBeyondScope, {3, 1, 0}, {1, 2, 0}},
                    Words{ErrorKind::kProhibited, {3, 13, 0}, {1, 1, 0}},
                    Words{ErrorKind::kProtocolUnreachable, {3, 2, 0}, {4, 1, 6}},
                    Words{ErrorKind::kPortUnreachable, {3, 3, 0}, {1, 4, 0}},
                    Words{ErrorKind::kPacketTooBig, {3, 4, 1400}, {2, 0, 1400}},
                    Words{ErrorKind::kSourceRouteFailed, {3, 5, 0}, {1, 3, 0}},
                    Words{ErrorKind::kHopLimitExceeded, {11, 0, 0}, {3, 0, 0}},
                    Words{ErrorKind::kReassemblyTimeout, {11, 1, 0}, {3, 1, 0}},
                    Words{ErrorKind::kParameterProblem, {12, 0, 6U << 24U}, {4, 0, 6}}));

// RFC 1812 4.3.2.3 SHOULD: an error quotes as much as keeps it within 576 bytes.
// RFC 4443 2.4 MUST: an ICMPv6 error stays within the minimum MTU.
TEST(Quote, FillsTheSmallestPacketEverybodyTakes) {
  EXPECT_EQ(quote_size(true, 100), 100U);
  EXPECT_EQ(quote_size(true, 5000), 548U);
  EXPECT_EQ(quote_size(false, 5000), 1232U);
}

}  // namespace
}  // namespace strata::icmp::error_policy_test

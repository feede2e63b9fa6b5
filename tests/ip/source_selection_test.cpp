// SPDX-License-Identifier: Apache-2.0
#include "ip/source_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace strata::ip::source_selection_test {
namespace {

[[nodiscard]] IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

struct Candidate {
  const char* address;
  AddressState state = AddressState::kPreferred;
  AddressOrigin origin = AddressOrigin::kManual;
  InterfaceId interface = 1;
  const char* advertised_by = "::";
  bool is_home = false;
  bool is_care_of = false;
  std::uint8_t length = 64;
};

[[nodiscard]] InterfaceAddress made(const Candidate& candidate) {
  InterfaceAddress address;
  address.address = ip(candidate.address);
  address.prefix_length = candidate.length;
  address.interface = candidate.interface;
  address.state = candidate.state;
  address.origin = candidate.origin;
  address.advertised_by = ip(candidate.advertised_by);
  address.is_home = candidate.is_home;
  address.is_care_of = candidate.is_care_of;
  return address;
}

struct SourceCase {
  const char* name;
  const char* destination;
  std::vector<Candidate> candidates;  // the first is expected
  const char* next_hop = "::";
  bool prefers_temporary = true;
};

constexpr auto kDeprecated = AddressState::kDeprecated;
constexpr auto kPreferred = AddressState::kPreferred;
constexpr auto kTemporary = AddressOrigin::kTemporary;
constexpr auto kManual = AddressOrigin::kManual;

const std::vector<SourceCase>& source_cases() {
  static const std::vector<SourceCase> cases{
      // RFC 6724 10.1.
      {"scope before label", "2001:db8:1::1", {{"2001:db8:3::1"}, {"fe80::1"}}},
      {"scope of a group", "ff05::1", {{"2001:db8:3::1"}, {"fe80::1"}}},
      {"same address", "2001:db8:1::1", {{"2001:db8:1::1", kDeprecated}, {"2001:db8:2::1"}}},
      {"deprecated but scope", "fe80::1", {{"fe80::2", kDeprecated}, {"2001:db8:1::1"}}},
      {"longest match", "2001:db8:1::1", {{"2001:db8:1::2"}, {"2001:db8:3::2"}}},
      {"label 6to4",
       "2002:c633:6401::1",
       {{"2002:c633:6401::d5e3:7953:13eb:22e8"}, {"2001:db8:1::2"}}},
      {"temporary",
       "2001:db8:1::d5e3:0:0:1",
       {{"2001:db8:1::d5e3:7953:13eb:22e8", kPreferred, kTemporary}, {"2001:db8:1::2"}}},
      {"public when asked",
       "2001:db8:1::d5e3:0:0:1",
       {{"2001:db8:1::2"}, {"2001:db8:1::d5e3:7953:13eb:22e8", kPreferred, kTemporary}},
       "::",
       false},
      {"not deprecated", "2001:db8:1::1", {{"2001:db8:2::1"}, {"2001:db8:1::9", kDeprecated}}},
      {"home address",
       "2001:db8:1::1",
       {{"2001:db8:2::1", kPreferred, kManual, 1, "::", true},
        {"2001:db8:1::9", kPreferred, kManual, 1, "::", false, true}}},
      {"outgoing interface",
       "2001:db8:1::1",
       {{"2001:db8:2::1"}, {"2001:db8:1::9", kPreferred, kManual, 2}}},
      {"advertised by the next hop",
       "2001:db8:ffff::1",
       {{"2001:db8:2::1", kPreferred, kManual, 1, "fe80::a"},
        {"2001:db8:ffff::9", kPreferred, kManual, 1, "fe80::b"}},
       "fe80::a"},
      // IPv4: what the next hop can answer, then the interface's first.
      {"v4 prefix",
       "198.51.100.9",
       {{"10.0.1.5", kPreferred, kManual, 1, "::", false, false, 24},
        {"10.0.0.5", kPreferred, kManual, 1, "::", false, false, 24}},
       "10.0.1.1"},
      {"v4 on link",
       "10.0.1.9",
       {{"10.0.1.5", kPreferred, kManual, 1, "::", false, false, 24},
        {"10.0.0.5", kPreferred, kManual, 1, "::", false, false, 24}}},
  };
  return cases;
}

// RFC 6724 5 MUST: the rules in order; each case is decided by the rule it is named after.
TEST(SourceSelection, FollowsTheRulesWhateverTheOrderOfCandidates) {
  for (const SourceCase& test : source_cases()) {
    std::vector<InterfaceAddress> candidates;
    for (const Candidate& candidate : test.candidates) candidates.push_back(made(candidate));
    const IpAddress expected = candidates.front().address;
    const SourceQuery query{.destination = ip(test.destination),
                            .interface = 1,
                            .next_hop = ip(test.next_hop),
                            .prefers_temporary = test.prefers_temporary};
    for (int turn = 0; turn < 2; ++turn) {
      const InterfaceAddress* const chosen = select_source(query, candidates);
      ASSERT_NE(chosen, nullptr) << test.name;
      EXPECT_EQ(chosen->address, expected) << test.name;
      std::ranges::reverse(candidates);
    }
  }
}

// RFC 4862 5.4 MUST: tentative addresses are no sources; nor are those of the other family.
TEST(SourceSelection, LeavesOutWhatCannotBeUsed) {
  const std::vector<InterfaceAddress> candidates{made({"2001:db8::1", AddressState::kTentative}),
                                                 made({"2001:db8::2", AddressState::kDuplicate}),
                                                 made({"10.0.0.1"})};
  EXPECT_EQ(select_source({.destination = ip("2001:db8::9"), .interface = 1}, candidates), nullptr);
}

TEST(SourceSelection, FoldsInAnotherInterface) {
  const std::vector<InterfaceAddress> own{made({"fe80::1"})};
  const std::vector<InterfaceAddress> other{made({"2001:db8::1", kPreferred, kManual, 2})};
  const SourceQuery query{.destination = ip("2001:db8:5::1"), .interface = 1};
  const InterfaceAddress* best = select_source(query, own);
  best = select_source(query, other, best);
  EXPECT_EQ(best->address, ip("2001:db8::1"));
}

// RFC 6724 2.1: the default policy table.
TEST(SourceSelection, DefaultPolicyTable) {
  const struct {
    const char* address;
    int precedence, label;
  } expected[] = {{"::1", 50, 0},           {"2001:db8::1", 40, 1}, {"10.0.0.1", 35, 4},
                  {"2002::1", 30, 2},       {"2001::1", 5, 5},      {"fd00::1", 3, 13},
                  {"::198.51.100.1", 1, 3}, {"fec0::1", 1, 11},     {"3ffe::1", 1, 12}};
  const PolicyTable table;
  for (const auto& row : expected) {
    const Policy policy = table.lookup(ip(row.address));
    EXPECT_EQ(policy.precedence, row.precedence) << row.address;
    EXPECT_EQ(policy.label, row.label) << row.address;
  }
}

struct DestinationCase {
  const char* name;
  std::vector<std::pair<const char*, const char*>> expected;  // destination, source; in this order
};

// RFC 6724 10.2: its examples of destination ordering.
const std::vector<DestinationCase>& destination_cases() {
  static const std::vector<DestinationCase> cases{
      {"matching scope", {{"2001:db8:1::1", "2001:db8:1::2"}, {"198.51.100.121", "169.254.13.78"}}},
      {"matching scope v4", {{"198.51.100.121", "198.51.100.117"}, {"2001:db8:1::1", "fe80::1"}}},
      {"precedence", {{"2001:db8:1::1", "2001:db8:1::2"}, {"10.1.2.3", "10.1.2.4"}}},
      {"smaller scope", {{"fe80::1", "fe80::2"}, {"2001:db8:1::1", "2001:db8:1::2"}}},
      {"longest match",
       {{"2001:db8:1::1", "2001:db8:1::2"}, {"2001:db8:3ffe::1", "2001:db8:3f44::2"}}},
      {"label", {{"2001:db8:1::1", "2001:db8:1::2"}, {"2002:c633:6401::1", "2001:db8:1::2"}}},
      {"usable", {{"10.0.0.1", "10.0.0.2"}, {"2001:db8:1::1", nullptr}}},
  };
  return cases;
}

// RFC 6724 6 MUST: destinations are sorted by the rules in order.
TEST(SourceSelection, OrdersDestinations) {
  for (const DestinationCase& test : destination_cases()) {
    for (const bool turned : {false, true}) {
      std::vector<DestinationCandidate> list;
      for (const auto& [destination, source] : test.expected) {
        DestinationCandidate candidate{.destination = ip(destination)};
        if (source != nullptr) candidate.source = ip(source);
        list.push_back(candidate);
      }
      if (turned) std::ranges::reverse(list);
      order_destinations(list);
      EXPECT_EQ(list.front().destination, ip(test.expected.front().first)) << test.name;
    }
  }
}

TEST(SourceSelection, OrderOfEqualDestinationsIsKept) {
  std::vector<DestinationCandidate> list;
  for (const char* const text : {"10.0.0.3", "10.0.0.1", "10.0.0.2"}) {
    list.push_back({.destination = ip(text)});
  }
  order_destinations(list);
  EXPECT_EQ(list[0].destination, ip("10.0.0.3"));
  EXPECT_EQ(list[2].destination, ip("10.0.0.2"));
}

TEST(SourceSelection, NativeTransportAndFreshSourcesComeFirst) {
  DestinationCandidate plain{.destination = ip("2001:db8::1"), .source = ip("2001:db8::9")};
  DestinationCandidate tunnel = plain;
  tunnel.is_encapsulated = true;
  DestinationCandidate deprecated = plain;
  deprecated.source_is_deprecated = true;
  std::vector<DestinationCandidate> list{deprecated, tunnel, plain};
  order_destinations(list);
  EXPECT_FALSE(list[0].is_encapsulated || list[0].source_is_deprecated);
  EXPECT_TRUE(list[1].is_encapsulated);
  EXPECT_TRUE(list[2].source_is_deprecated);
}

}  // namespace
}  // namespace strata::ip::source_selection_test

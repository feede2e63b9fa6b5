// SPDX-License-Identifier: Apache-2.0
#include "ip/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "ip/packets.h"
#include "strata/rng.h"

namespace strata::ip::reassembly_test {
namespace {

using std::chrono::seconds;

struct ReassemblyTest : ::testing::TestWithParam<bool> {
  HeapMemory pool_memory;
  HeapMemory memory;
  PacketPool pool{pool_memory, {.small_buffers = 2048, .large_buffers = 16}};
  Reassembly reassembly{memory, SipKey{5, 6}};
  Time now{};
  ByteVector payload = pattern(4000);

  [[nodiscard]] bool is_v4() const { return GetParam(); }
  Reassembly::Outcome feed(Slice slice) {
    slice.is_v4 = is_v4();
    return reassembly.on_fragment(fragment_of(pool, slice, payload), now);
  }
  Reassembly::Outcome feed(std::size_t begin, std::size_t end, bool more) {
    return feed({.offset = begin, .size = end - begin, .more = more});
  }
  // The payload of a whole packet, whose header must stand for it.
  [[nodiscard]] ByteVector payload_of(const Packet& whole) const {
    const ByteVector bytes = bytes_of(whole);
    if (is_v4()) {
      const auto view = wire::Ipv4View::parse(bytes);
      STRATA_CHECK(view && view->checksum_is_valid() && !view->is_fragment());
      STRATA_CHECK(view->total_length() == bytes.size() &&
                   view->protocol() == wire::kIpProtocolUdp);
      return {view->payload().begin(), view->payload().end()};
    }
    const auto view = wire::Ipv6View::parse(bytes);
    STRATA_CHECK(view && view->total_length() == bytes.size());
    STRATA_CHECK(view->next_header() == wire::kIpProtocolUdp);
    return {view->payload().begin(), view->payload().end()};
  }
  void expect_nothing_held() {
    EXPECT_EQ(reassembly.datagrams(), 0U);
    EXPECT_EQ(reassembly.fragments(), 0U);
    EXPECT_EQ(reassembly.buffer_bytes(), 0U);
    EXPECT_EQ(memory.bytes_used(), 0U);
    EXPECT_EQ(pool.descriptors_in_use(), 0U);
  }
};

INSTANTIATE_TEST_SUITE_P(Families, ReassemblyTest, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "Ipv4" : "Ipv6"; });

// Another table that is told of them completes the datagram in the same way.
TEST_P(ReassemblyTest, WhatWaitsCanBeTriedElsewhere) {
  (void)feed(1600, 2400, true);
  (void)feed(0, 800, true);
  (void)feed(3200, 4000, false);
  Reassembly copy{memory, SipKey{7, 8}};
  std::vector<std::uint16_t> offsets;
  reassembly.for_each_waiting([&](Fragment fragment, const Packet& packet) {
    offsets.push_back(fragment.offset);
    EXPECT_EQ(fragment.more, fragment.offset != 3200);
    fragment.packet = packet.copy(pool);
    const auto outcome = copy.on_fragment(std::move(fragment), now);
    EXPECT_EQ(outcome.drop, DropReason::kNone);
  });
  EXPECT_EQ(offsets, (std::vector<std::uint16_t>{0, 1600, 3200}));
  EXPECT_EQ(copy.fragments(), 3U);
  EXPECT_EQ(reassembly.fragments(), 3U) << "and they wait here as before";
  const auto last = [&](std::size_t begin, std::size_t end) {
    Slice slice{.offset = begin, .size = end - begin, .more = true};
    slice.is_v4 = is_v4();
    return copy.on_fragment(fragment_of(pool, slice, payload), now);
  };
  EXPECT_EQ(last(800, 1600).whole, nullptr);
  const auto outcome = last(2400, 3200);
  ASSERT_NE(outcome.whole, nullptr);
  EXPECT_EQ(payload_of(*outcome.whole), payload);
  reassembly.clear();
}

// RFC 791 3.2 MUST: fragments are put together by their offsets.
// RFC 8200 4.5 MUST: the fragment header is not in the reassembled packet, lengths are rebuilt.
TEST_P(ReassemblyTest, PutsFragmentsTogetherInAnyOrder) {
  std::vector<int> order{0, 1, 2};
  do {
    Reassembly::Outcome outcome;
    for (const int i : order) {
      const auto begin = static_cast<std::size_t>(i) * 1480;
      outcome = feed(begin, std::min<std::size_t>(begin + 1480, 4000), i != 2);
      EXPECT_EQ(outcome.drop, DropReason::kNone);
    }
    ASSERT_NE(outcome.whole, nullptr);
    EXPECT_TRUE(outcome.whole->notes().is_reassembled);
    EXPECT_EQ(payload_of(*outcome.whole), payload);
  } while (std::ranges::next_permutation(order).found);
  expect_nothing_held();
}

TEST_P(ReassemblyTest, SharesTheBuffersOfTheFragments) {
  (void)feed(0, 1480, true);
  const std::size_t before = pool.small_free();
  const auto outcome = feed(1480, 2000, false);
  ASSERT_NE(outcome.whole, nullptr);
  EXPECT_EQ(pool.small_free(), before - 1);
}

// RFC 8200 4.5 MAY: exact duplicates are dropped and the others kept.
TEST_P(ReassemblyTest, RepetitionIsIgnored) {
  (void)feed(0, 1480, true);
  const auto again = feed(0, 1480, true);
  EXPECT_EQ(again.drop, DropReason::kNone);
  EXPECT_EQ(reassembly.fragments(), 1U);
  EXPECT_NE(feed(1480, 4000, false).whole, nullptr);
  expect_nothing_held();
}

// RFC 5722 4 MUST: an overlap discards the datagram with all its fragments.
// RFC 8200 4.5 MUST: with those that have not been received yet, silently.
TEST_P(ReassemblyTest, OverlapDiscardsTheDatagramUntilItsTimeout) {
  const std::pair<std::size_t, std::size_t> overlaps[] = {
      {1472, 2960}, {8, 1480}, {0, 1472}, {0, 2960}, {1400, 1480}};
  for (const auto& [begin, end] : overlaps) {
    (void)feed(0, 1480, true);
    const auto outcome = feed(begin, end, true);
    EXPECT_EQ(outcome.drop, DropReason::kFragmentOverlap) << begin;
    EXPECT_EQ(outcome.shed, 1U);
    EXPECT_EQ(outcome.problem, std::nullopt);
    EXPECT_EQ(feed(1480, 4000, false).drop, DropReason::kFragmentOverlap);
    EXPECT_EQ(feed(0, 1480, true).drop, DropReason::kFragmentOverlap);
    EXPECT_EQ(pool.descriptors_in_use(), 0U);
    now += seconds(60);
    reassembly.on_deadline(now);
    EXPECT_FALSE(reassembly.next_output(now).has_value());
    expect_nothing_held();
  }
}

TEST_P(ReassemblyTest, SameRangeWithOtherBytesIsAnOverlap) {
  (void)feed(0, 1480, true);
  payload[700] ^= std::byte{1};
  EXPECT_EQ(feed(0, 1480, true).drop, DropReason::kFragmentOverlap);
}

TEST_P(ReassemblyTest, ContradictingEndsDiscardTheDatagram) {
  const struct {
    std::size_t begin, end;
    bool more;
  } after_end_at_2000[] = {
      {2000, 3000, true}, {2000, 2800, false}, {800, 1600, false}, {1200, 2000, true}};
  for (const auto& second : after_end_at_2000) {
    (void)feed(1480, 2000, false);
    EXPECT_EQ(feed(second.begin, second.end, second.more).drop, DropReason::kFragmentOverlap);
    reassembly.clear();
  }
  (void)feed(1480, 2960, true);
  EXPECT_EQ(feed(800, 1480, false).drop, DropReason::kFragmentOverlap);
}

TEST_P(ReassemblyTest, OtherIdentificationsSourcesAndProtocolsDoNotMix) {
  (void)feed(0, 1480, true);
  EXPECT_EQ(feed({.offset = 1480, .size = 2520, .more = false, .identification = 2}).whole,
            nullptr);
  const IpAddress other = is_v4() ? kBobV4 : kBobV6;
  EXPECT_EQ(feed({.offset = 1480, .size = 2520, .more = false, .source = other}).whole, nullptr);
  EXPECT_EQ(reassembly.datagrams(), 3U);
}

// RFC 8200 4.5 MUST: a length that is no multiple of eight with M set is discarded, and a
// Parameter Problem points to the Payload Length.
TEST_P(ReassemblyTest, OddLengthInTheMiddleIsMalformed) {
  const auto outcome = feed(0, 1481, true);
  EXPECT_EQ(outcome.drop, DropReason::kFragmentMalformed);
  if (is_v4()) {
    EXPECT_EQ(outcome.problem, std::nullopt);
  } else {
    EXPECT_EQ(outcome.problem, (ParameterProblem{0, 4}));
    EXPECT_NE(outcome.refused, nullptr);
  }
}

// RFC 8200 4.5 MUST: what would be longer than 65535 is discarded, and a Parameter Problem points
// to the Fragment Offset.
TEST_P(ReassemblyTest, LongerThanAnyDatagramIsMalformed) {
  payload = pattern(66'000);
  const auto outcome = feed(65'528, 65'600, false);
  EXPECT_EQ(outcome.drop, DropReason::kFragmentMalformed);
  if (!is_v4()) {
    EXPECT_EQ(outcome.problem, (ParameterProblem{0, 42}));
  }
}

TEST_P(ReassemblyTest, EmptyFragmentIsMalformed) {
  EXPECT_EQ(feed(0, 0, true).drop, DropReason::kFragmentMalformed);
  EXPECT_EQ(feed(800, 800, false).drop, DropReason::kFragmentMalformed);
  expect_nothing_held();
}

// RFC 8200 4.5 MUST: after 60 seconds the fragments are discarded, and Time Exceeded is sent if
// the first one has been received.
TEST_P(ReassemblyTest, TimeoutHandsOutTheFirstFragment) {
  (void)feed(0, 1480, true);
  now += seconds(30);
  (void)feed(1480, 2960, true);
  EXPECT_EQ(reassembly.next_deadline(), Time{} + seconds(60));
  reassembly.on_deadline(Time{} + seconds(59));
  EXPECT_FALSE(reassembly.next_output(now).has_value());
  now = Time{} + seconds(60);
  reassembly.on_deadline(now);
  auto expired = reassembly.next_output(now);
  ASSERT_TRUE(expired.has_value());
  EXPECT_EQ(expired->fragments, 2U);
  ASSERT_NE(expired->first, nullptr);
  EXPECT_EQ(expired->first->size(), (is_v4() ? 20U : 48U) + 1480U);
  expired.reset();
  EXPECT_FALSE(reassembly.next_output(now).has_value());
  expect_nothing_held();
}

TEST_P(ReassemblyTest, TimeoutWithoutTheFirstFragmentQuotesNothing) {
  (void)feed(1480, 2960, true);
  now += seconds(60);
  reassembly.on_deadline(now);
  const auto expired = reassembly.next_output(now);
  ASSERT_TRUE(expired.has_value());
  EXPECT_EQ(expired->first, nullptr);
}

// RFC 3168 5.3 MUST: CE on any fragment is not lost, and is not put on what is partly Not-ECT.
TEST_P(ReassemblyTest, CongestionMarksAreCombined) {
  constexpr std::uint8_t kDropped = 9;
  const struct {
    std::uint8_t first, second, whole;
  } cases[] = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2},        {3, 3, 3},        {2, 3, 3},
               {1, 3, 3}, {3, 2, 3}, {0, 3, kDropped}, {3, 0, kDropped}, {0, 2, 0}};
  for (const auto& test : cases) {
    (void)feed({.offset = 0, .size = 800, .more = true, .ecn = test.first});
    auto outcome = feed({.offset = 800, .size = 800, .more = false, .ecn = test.second});
    ASSERT_EQ(outcome.whole == nullptr, test.whole == kDropped);
    if (outcome.whole == nullptr) {
      EXPECT_EQ(outcome.drop, DropReason::kFragmentMalformed);
      continue;
    }
    const ByteVector bytes = bytes_of(*outcome.whole);
    const unsigned traffic_class = is_v4() ? wire::Ipv4View::parse(bytes)->traffic_class()
                                           : wire::Ipv6View::parse(bytes)->traffic_class();
    EXPECT_EQ(traffic_class, test.whole);
  }
}

// RFC 6946 4 MUST: an atomic fragment is processed in isolation from others with its key.
TEST_P(ReassemblyTest, AtomicFragmentIsWholeByItself) {
  (void)feed(0, 1480, true);
  payload = pattern(900, 3);
  const auto outcome = feed(0, 900, false);
  ASSERT_NE(outcome.whole, nullptr);
  EXPECT_EQ(payload_of(*outcome.whole), payload);
  EXPECT_EQ(reassembly.fragments(), 1U);
}

TEST_P(ReassemblyTest, SharedHeaderIsNotWrittenTo) {
  Slice slice{.is_v4 = is_v4(), .offset = 0, .size = 1480, .more = true};
  Fragment first = fragment_of(pool, slice, payload);
  const PacketPtr captured = first.packet->share(0, first.packet->size());
  const ByteVector before = bytes_of(*captured);
  (void)reassembly.on_fragment(std::move(first), now);
  const auto outcome = feed(1480, 4000, false);
  ASSERT_NE(outcome.whole, nullptr);
  EXPECT_EQ(payload_of(*outcome.whole), payload);
  EXPECT_EQ(bytes_of(*captured), before);
}

TEST_P(ReassemblyTest, SmallFragmentDoesNotPinALargeBuffer) {
  Slice slice{.is_v4 = is_v4(), .offset = 0, .size = 400, .more = true};
  const ByteVector bytes = fragment_bytes(slice, payload);
  PacketPtr packet = pool.allocate(BufferClass::kLarge);
  copy_bytes(bytes, packet->append(bytes.size()));
  const std::size_t large_free = pool.large_free();
  (void)reassembly.on_fragment(fragment_of(std::move(packet)), now);
  EXPECT_EQ(pool.large_free(), large_free + 1);
  EXPECT_EQ(reassembly.buffer_bytes(), kSmallBufferBytes);
}

TEST_P(ReassemblyTest, NonsenseFromTheCallerIsMalformed) {
  Fragment empty;
  EXPECT_EQ(reassembly.on_fragment(std::move(empty), now).drop, DropReason::kFragmentMalformed);
  Fragment beyond = fragment_of(pool, {.is_v4 = is_v4(), .size = 8}, payload);
  beyond.header_length = 2000;
  EXPECT_EQ(reassembly.on_fragment(std::move(beyond), now).drop, DropReason::kFragmentMalformed);
}

// What reassembly means, byte by byte: bytes that differ, or come twice in ranges that are not the
// same, spoil the datagram.
struct Oracle {
  ByteVector bytes = ByteVector(5000);
  std::vector<bool> has = std::vector<bool>(5000);
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  std::size_t total = SIZE_MAX;
  bool is_spoiled = false;

  void add(std::size_t begin, std::size_t end, bool more, Bytes payload) {
    const std::pair range{begin, end};
    const bool repeats = std::ranges::find(ranges, range) != ranges.end();
    for (std::size_t i = begin; i < end; ++i) is_spoiled |= has[i] && !repeats;
    const std::size_t seen =
        ranges.empty()
            ? 0
            : std::ranges::max(ranges, {}, &std::pair<std::size_t, std::size_t>::second).second;
    if (more ? total != SIZE_MAX && end >= total
             : (total != SIZE_MAX && end != total) || end < seen) {
      is_spoiled = true;
    }
    if (!more && total == SIZE_MAX && !repeats) total = end;
    for (std::size_t i = begin; i < end; ++i) {
      is_spoiled |= has[i] && bytes[i] != payload[i];
      bytes[i] = payload[i];
      has[i] = true;
    }
    if (!repeats) ranges.push_back(range);
  }
  [[nodiscard]] bool is_whole() const {
    return total != SIZE_MAX &&
           std::all_of(has.begin(), has.begin() + static_cast<std::ptrdiff_t>(total),
                       [](bool b) { return b; });
  }
};

TEST_P(ReassemblyTest, AgreesWithAByteOracle) {
  std::size_t whole = 0;
  std::size_t spoiled = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Rng rng(seed);
    payload = pattern(rng.between(16, 4000), static_cast<unsigned>(seed));
    std::vector<Slice> slices;
    for (std::size_t at = 0; at < payload.size();) {
      const std::size_t size = std::min<std::size_t>(rng.between(1, 100) * 8, payload.size() - at);
      slices.push_back({.offset = at, .size = size, .more = at + size < payload.size()});
      at += size;
    }
    if (slices.size() < 2) continue;
    // Repetitions, and now and then a range that overlaps.
    for (std::uint64_t extra = rng.below(3); extra > 0; --extra) {
      slices.push_back(slices[rng.below(slices.size())]);
    }
    if (rng.chance({1, 3})) {
      Slice odd = slices[rng.below(slices.size())];
      odd.offset = odd.offset / 16 * 8;
      odd.size = std::max<std::size_t>(odd.size / 2 / 8 * 8, 8);
      odd.more = true;
      if (odd.offset + odd.size <= payload.size()) slices.push_back(odd);
    }
    for (std::size_t i = slices.size(); i > 1; --i) {
      std::swap(slices[i - 1], slices[rng.below(i)]);
    }
    Oracle oracle;
    for (Slice slice : slices) {
      slice.identification = static_cast<std::uint32_t>(seed);
      const auto outcome = feed(slice);
      if (slice.offset == 0 && !slice.more) continue;
      oracle.add(slice.offset, slice.offset + slice.size, slice.more, payload);
      if (oracle.is_spoiled) {
        ASSERT_EQ(outcome.drop, DropReason::kFragmentOverlap) << "seed " << seed;
        ++spoiled;
        break;
      }
      ASSERT_EQ(outcome.drop, DropReason::kNone) << "seed " << seed;
      ASSERT_EQ(outcome.whole != nullptr, oracle.is_whole()) << "seed " << seed;
      if (outcome.whole == nullptr) continue;
      ASSERT_EQ(payload_of(*outcome.whole), payload) << "seed " << seed;
      ++whole;
      break;
    }
    reassembly.clear();
  }
  EXPECT_GT(whole, 500U);
  EXPECT_GT(spoiled, 100U);
  expect_nothing_held();
}

}  // namespace
}  // namespace strata::ip::reassembly_test

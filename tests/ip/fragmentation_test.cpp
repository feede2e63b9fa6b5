// SPDX-License-Identifier: Apache-2.0
#include "ip/fragmentation.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "ip/ipv6_options.h"
#include "ip/packets.h"
#include "strata/rng.h"
#include "strata/wire/ipv4_options.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::ip::fragmentation_test {
namespace {

struct FragmentationTest : ::testing::Test {
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 2048, .large_buffers = 8}};
  Time now{};

  [[nodiscard]] PacketPtr udp_v4(std::size_t size, Bytes options = {}, bool dont_fragment = false) {
    wire::Ipv4Header header;
    header.protocol = wire::kIpProtocolUdp;
    header.dont_fragment = dont_fragment;
    header.source = kAliceV4;
    header.destination = kBobV4;
    return packet_of(pool, ipv4_bytes(header, pattern(size), options));
  }
  [[nodiscard]] PacketPtr udp_v6(std::size_t size) {
    wire::Ipv6Header header;
    header.next_header = wire::kIpProtocolUdp;
    header.source = kAliceV6;
    header.destination = kBobV6;
    return packet_of(pool, ipv6_bytes(header, pattern(size)));
  }
  // Every fragment; the count that was promised must come out.
  [[nodiscard]] std::vector<PacketPtr> cut(PacketPtr packet, std::size_t mtu) {
    auto fragmenter = Fragmenter::make(std::move(packet), mtu, 77);
    STRATA_CHECK(fragmenter.has_value());
    std::vector<PacketPtr> fragments;
    while (PacketPtr fragment = fragmenter->next_fragment(pool)) {
      EXPECT_LE(fragment->size(), mtu);
      fragments.push_back(std::move(fragment));
    }
    EXPECT_TRUE(fragmenter->is_done());
    EXPECT_EQ(fragmenter->count(), fragments.size());
    return fragments;
  }
  [[nodiscard]] ByteVector joined(std::vector<PacketPtr> fragments) {
    HeapMemory table;
    Reassembly reassembly(table, SipKey{}, {.fragments_per_datagram_max = 10'000});
    for (PacketPtr& fragment : fragments) {
      STRATA_CHECK(fragment->pull(std::min<std::size_t>(fragment->size(), 128)));
      auto outcome = reassembly.on_fragment(fragment_of(std::move(fragment)), now);
      if (outcome.whole != nullptr) return bytes_of(*outcome.whole);
    }
    return {};
  }
};

// RFC 791 3.2 MUST: all fragments but the last carry a multiple of eight bytes.
TEST_F(FragmentationTest, FragmentsOfIpv4FitAndJoin) {
  Rng rng(1);
  for (int i = 0; i < 60; ++i) {
    const std::size_t size = rng.between(600, 20'000);
    const std::size_t mtu = rng.between(300, 2000);
    PacketPtr packet = udp_v4(size);
    ByteVector original = bytes_of(*packet);
    std::vector<PacketPtr> fragments = cut(std::move(packet), mtu);
    for (std::size_t n = 0; n < fragments.size(); ++n) {
      const ByteVector bytes = bytes_of(*fragments[n]);
      const auto view = wire::Ipv4View::parse(bytes);
      ASSERT_TRUE(view && view->checksum_is_valid());
      EXPECT_EQ(view->identification(), 77);
      EXPECT_EQ(view->more_fragments(), n + 1 != fragments.size());
      EXPECT_TRUE(!view->more_fragments() || view->payload().size() % 8 == 0);
    }
    if (fragments.size() == 1) continue;
    const ByteVector whole = joined(std::move(fragments));
    ASSERT_EQ(whole.size(), original.size());
    EXPECT_TRUE(std::ranges::equal(Bytes(whole).subspan(20), Bytes(original).subspan(20)));
  }
}

// RFC 8200 4.5 MUST: the fragment header stands behind the per-fragment headers of every fragment.
TEST_F(FragmentationTest, FragmentsOfIpv6FitAndJoin) {
  Rng rng(2);
  for (int i = 0; i < 60; ++i) {
    PacketPtr packet = udp_v6(rng.between(1400, 20'000));
    const ByteVector original = bytes_of(*packet);
    EXPECT_EQ(joined(cut(std::move(packet), rng.between(1280, 1400))), original);
  }
}

// They alone may fill what a small buffer has behind its headroom.
TEST_F(FragmentationTest, LongRoutingHeadersAreInEveryFragment) {
  constexpr std::size_t kRouting = 2048;
  ByteVector body(kRouting + 3000);
  body[0] = std::byte{wire::kIpProtocolUdp};
  body[1] = static_cast<std::byte>(kRouting / 8 - 1);
  wire::Ipv6Header header;
  header.next_header = wire::kIpProtocolRouting;
  header.source = kAliceV6;
  header.destination = kBobV6;
  const auto fragments = cut(packet_of(pool, ipv6_bytes(header, body)), 4000);
  ASSERT_EQ(fragments.size(), 2U);
  for (const PacketPtr& fragment : fragments) {
    const ByteVector bytes = bytes_of(*fragment);
    EXPECT_EQ(bytes[6], std::byte{wire::kIpProtocolRouting});
    EXPECT_EQ(bytes[40], std::byte{wire::kIpProtocolFragment});
  }
}

TEST_F(FragmentationTest, HopByHopAndRoutingHeadersAreInEveryFragment) {
  ByteVector body(24 + 3000);
  const Bytes hop_by_hop = std::as_bytes(std::span("\x2b\0\x01\x04\0\0\0\0", 8));  // next: routing
  const Bytes routing = std::as_bytes(std::span("\x3c\0\x04\0\0\0\0\0", 8));       // next: options
  const Bytes options = std::as_bytes(std::span("\x11\0\x01\x04\0\0\0\0", 8));     // next: UDP
  copy_bytes(hop_by_hop, std::span(body));
  copy_bytes(routing, std::span(body).subspan(8));
  copy_bytes(options, std::span(body).subspan(16));
  wire::Ipv6Header header;
  header.source = kAliceV6;
  header.destination = kBobV6;
  PacketPtr packet = packet_of(pool, ipv6_bytes(header, body));
  const ByteVector original = bytes_of(*packet);
  std::vector<PacketPtr> fragments = cut(std::move(packet), 1280);
  for (const PacketPtr& fragment : fragments) {
    const ByteVector bytes = bytes_of(*fragment);
    const Ipv6Headers headers = walk_ipv6_headers(bytes, Ipv6HeaderScope::kDestination);
    ASSERT_TRUE(headers.fragment.has_value());
    EXPECT_EQ(headers.fragment->at, 56U);
    EXPECT_EQ(headers.fragment->header.next_header, wire::kIpProtocolDestinationOptions);
  }
  EXPECT_EQ(joined(std::move(fragments)), original);
}

// RFC 791 3.2 MUST: options without the copy bit are in the first fragment only.
TEST_F(FragmentationTest, OnlyCopiedOptionsGoIntoLaterFragments) {
  wire::Ipv4OptionWriter options;
  ASSERT_TRUE(options.add_record_route(3));
  ASSERT_TRUE(options.add_router_alert());
  const std::vector<PacketPtr> fragments = cut(udp_v4(3000, options.bytes()), 1000);
  ASSERT_GT(fragments.size(), 2U);
  for (std::size_t n = 0; n < fragments.size(); ++n) {
    const ByteVector bytes = bytes_of(*fragments[n]);
    const auto view = wire::Ipv4View::parse(bytes);
    ASSERT_TRUE(view && view->checksum_is_valid());
    wire::Ipv4OptionReader reader(view->options());
    const auto first = reader.next();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->type, n == 0 ? wire::kIpv4OptionRecordRoute : wire::kIpv4OptionRouterAlert);
  }
}

// RFC 791 3.2 MUST: a fragment cut again keeps its identification, offset and M flag.
TEST_F(FragmentationTest, FragmentCutAgainStaysInItsPlace) {
  const ByteVector payload = pattern(4000);
  PacketPtr middle =
      packet_of(pool, fragment_bytes({.offset = 1480, .size = 1480, .identification = 9}, payload));
  const std::vector<PacketPtr> fragments = cut(std::move(middle), 600);
  std::size_t expected = 1480;
  for (const PacketPtr& fragment : fragments) {
    const ByteVector bytes = bytes_of(*fragment);
    const auto view = wire::Ipv4View::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->identification(), 9);
    EXPECT_EQ(view->fragment_offset(), expected);
    EXPECT_TRUE(view->more_fragments());
    expected += view->payload().size();
  }
  EXPECT_EQ(expected, 2960U);
}

TEST_F(FragmentationTest, PayloadIsSharedAndNotCopied) {
  PacketPtr packet = udp_v4(12'000);
  auto fragmenter = Fragmenter::make(std::move(packet), 1500, 1);
  ASSERT_TRUE(fragmenter.has_value());
  const std::size_t large = pool.large_free();
  const PacketPtr fragment = fragmenter->next_fragment(pool);
  EXPECT_EQ(fragment->slice_size(), 20U);
  EXPECT_EQ(fragment->next_slice()->buffer().buffer_class, BufferClass::kLarge);
  EXPECT_EQ(pool.large_free(), large);
}

// RFC 791 3.2 MUST: a datagram marked don't fragment is not fragmented.
TEST_F(FragmentationTest, DontFragmentIsAnError) {
  EXPECT_EQ(Fragmenter::make(udp_v4(3000, {}, true), 1500, 1).error(), Error::kMessageTooLong);
}

TEST_F(FragmentationTest, RefusesWhatCannotBeCut) {
  EXPECT_EQ(Fragmenter::make(nullptr, 1500, 1).error(), Error::kInvalidArgument);
  EXPECT_EQ(Fragmenter::make(udp_v4(3000), 27, 1).error(), Error::kMessageTooLong);
  PacketPtr partial = udp_v4(3000);
  partial->notes().checksum = ChecksumState::kPartial;
  EXPECT_EQ(Fragmenter::make(std::move(partial), 1500, 1).error(), Error::kInvalidArgument);
  const ByteVector payload = pattern(1400);
  PacketPtr fragment = packet_of(pool, fragment_bytes({.is_v4 = false, .size = 1400}, payload));
  EXPECT_EQ(Fragmenter::make(std::move(fragment), 1280, 1).error(), Error::kInvalidArgument);
  const ByteVector far = pattern(66'000);
  PacketPtr beyond =
      packet_of(pool, fragment_bytes({.offset = 65'000, .size = 1000, .more = false}, far));
  EXPECT_EQ(Fragmenter::make(std::move(beyond), 500, 1).error(), Error::kInvalidArgument);
  const ByteVector junk(40, std::byte{0x12});
  EXPECT_EQ(Fragmenter::make(packet_of(pool, junk), 500, 1).error(), Error::kInvalidArgument);
}

TEST_F(FragmentationTest, EmptyPoolIsToldFromTheEnd) {
  PacketPool poor(memory, {.small_buffers = 1, .large_buffers = 1, .extra_descriptors = 2});
  auto fragmenter = Fragmenter::make(udp_v4(3000), 1500, 1);
  ASSERT_TRUE(fragmenter.has_value());
  const PacketPtr first = fragmenter->next_fragment(poor);
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(fragmenter->next_fragment(poor), nullptr);
  EXPECT_FALSE(fragmenter->is_done());
}

// RFC 7739 5.3: values for one destination do not repeat soon, and tell nothing about another's.
TEST(IdentificationSource, ValuesAreUniqueForADestinationAndApartForOthers) {
  IdentificationSource source(SipKey{1, 2});
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 10'000; ++i) {
    seen.insert(source.next(kAliceV6, kBobV6, wire::kIpProtocolUdp));
  }
  EXPECT_EQ(seen.size(), 10'000U);
  const std::uint32_t train = source.next(kAliceV6, kBobV6, wire::kIpProtocolUdp, 40);
  EXPECT_EQ(source.next(kAliceV6, kBobV6, wire::kIpProtocolUdp), train + 40);
  const std::uint32_t own = source.next(kAliceV6, kBobV6, wire::kIpProtocolUdp);
  const std::uint32_t other = source.next(kAliceV6, kAliceV6, wire::kIpProtocolUdp);
  EXPECT_GT(std::min(own - other, other - own), 20'000U);
  IdentificationSource another(SipKey{1, 3});
  EXPECT_NE(another.next(kAliceV6, kBobV6, wire::kIpProtocolUdp), *seen.begin());
}

}  // namespace
}  // namespace strata::ip::fragmentation_test

// SPDX-License-Identifier: Apache-2.0
// RFC 4884: the extension structure and where it starts.
#include "strata/wire/icmp_extensions.h"

#include "wire/round_trip.h"

namespace strata::wire::icmp_extensions_test {
namespace {

// Version 2, an MPLS label stack entry (RFC 4950) and an empty object.
constexpr std::string_view kTwoObjects = "2000 1234  0008 01 01 00064140  0004 03 02";

TEST(IcmpExtensions, ParseUndoesWrite) {
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    expect_round_trip<IcmpExtensionsView, IcmpExtensionLayout::kSize>(
        IcmpExtensionHeader{any<std::uint16_t>(rng)});
    expect_round_trip<IcmpExtensionObjectView, IcmpExtensionObjectLayout::kSize>(
        IcmpExtensionObjectHeader{IcmpExtensionObjectLayout::kSize, any<std::uint8_t>(rng),
                                  any<std::uint8_t>(rng)});
  }
}

TEST(IcmpExtensions, IteratesOverObjects) {
  const auto bytes = from_hex(kTwoObjects);
  const auto view = IcmpExtensionsView::parse(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->checksum(), 0x1234);
  std::vector<IcmpExtensionObjectHeader> headers;
  for (const auto object : *view) headers.push_back(object.header());
  EXPECT_EQ(headers, (std::vector<IcmpExtensionObjectHeader>{{8, 1, 1}, {4, 3, 2}}));
  EXPECT_EQ(to_vector((*view->begin()).payload()), from_hex("00064140"));
}

TEST(IcmpExtensions, RefusesAnotherVersionAndObjectsThatDoNotFit) {
  EXPECT_EQ(IcmpExtensionsView::parse(from_hex("1000 0000")).error(), ParseError::kBadVersion);
  for (const auto* hex :
       {"2000 0000 0000 0101", "2000 0000 0003 0101", "2000 0000 0005 0101", "2000 0000 0004 01"}) {
    EXPECT_EQ(IcmpExtensionsView::parse(from_hex(hex)).error(), ParseError::kBadLength) << hex;
  }
}

TEST(IcmpExtensions, NoTruncationReadsBeyondTheEnd) {
  const auto whole = from_hex(kTwoObjects);
  for_every_prefix(whole, [](Bytes bytes) {
    const auto view = IcmpExtensionsView::parse(bytes);
    const bool at_an_object = bytes.size() == 4 || bytes.size() == 12 || bytes.size() == 16;
    EXPECT_EQ(view.has_value(), at_an_object) << bytes.size();
  });
}

TEST(IcmpExtensions, TheQuoteEndsWhereALegalLengthSays) {
  const std::vector<std::byte> body(140);
  const auto split = split_icmp_quote(body, 128);
  EXPECT_EQ(split.datagram.size(), 128U);
  EXPECT_EQ(split.extensions.size(), 12U);
}

TEST(IcmpExtensions, AnIllegalLengthMeansThatAllIsQuote) {
  const std::vector<std::byte> body(140);
  for (const std::size_t length : {0U, 4U, 124U, 140U, 144U, 1020U}) {
    const auto split = split_icmp_quote(body, length);
    EXPECT_EQ(split.datagram.size(), 140U) << length;
    EXPECT_TRUE(split.extensions.empty()) << length;
  }
}

}  // namespace
}  // namespace strata::wire::icmp_extensions_test

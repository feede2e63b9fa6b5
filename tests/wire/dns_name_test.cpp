// SPDX-License-Identifier: Apache-2.0
// Domain names: text, compression, and every way in which bytes are no name.
#include "strata/wire/dns_name.h"

#include <string>

#include "wire/round_trip.h"

namespace strata::wire::dns_name_test {
namespace {

static_assert(DnsName::parse("www.Example.org")->lower_case() ==
              *DnsName::parse("WWW.example.org."));

DnsName name(std::string_view text) { return *DnsName::parse(text); }

std::string text_of(const DnsNameView& view) {
  std::string text;
  for (const Bytes label : view) {
    for (const std::byte octet : label) text += static_cast<char>(octet);
    text += '.';
  }
  return text;
}

// RFC 1035 2.3.4 MUST: labels have at most 63 octets and names at most 255.
TEST(DnsName, TextHasLabelsOf63AndNamesOf255) {
  const std::string longest(63, 'a');
  EXPECT_TRUE(DnsName::parse(longest));
  EXPECT_FALSE(DnsName::parse(longest + "a"));
  const std::string three = longest + "." + longest + "." + longest + ".";
  EXPECT_EQ(DnsName::parse(three + std::string(61, 'b'))->size(), 255U);
  EXPECT_FALSE(DnsName::parse(three + std::string(62, 'b')));
}

TEST(DnsName, TextThatIsNoNameIsRefused) {
  for (const char* const text : {"", "..", ".a", "a..b", "a b", "a\\b", "a\n", "\x80"}) {
    EXPECT_FALSE(DnsName::parse(text)) << text;
  }
  EXPECT_TRUE(DnsName::parse(".")->is_root());
  EXPECT_EQ(DnsName::parse("_sip._tcp.x")->label_count(), 3U);
}

TEST(DnsName, PointersAreFollowed) {
  // At 0: f.isi.arpa; at 12: foo and on at 0; at 18: a pointer alone; at 20: the root.
  const auto bytes = from_hex("01 66 03 697369 04 61727061 00 03 666f6f c0 00 c0 0c 00");
  const auto foo = DnsNameView::parse(bytes, 12);
  ASSERT_TRUE(foo.has_value());
  EXPECT_EQ(text_of(*foo), "foo.f.isi.arpa.");
  EXPECT_EQ(foo->size_in_message(), 6U);
  EXPECT_EQ(foo->size(), 16U);
  const auto alone = DnsNameView::parse(bytes, 18);
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(*alone, *foo);
  EXPECT_EQ(alone->size_in_message(), 2U);
  EXPECT_TRUE(DnsNameView::parse(bytes, 20)->is_root());
  EXPECT_EQ(DnsName(*foo), name("FOO.f.isi.arpa"));
}

// RFC 1035 4.1.4 MUST: a pointer leads to a prior occurrence, so that no chain of them is a loop.
TEST(DnsName, PointersForwardAndToThemselvesAreRefused) {
  EXPECT_FALSE(DnsNameView::parse(from_hex("c0 00"), 0));
  EXPECT_FALSE(DnsNameView::parse(from_hex("c0 02 01 61 00"), 0));
  EXPECT_FALSE(DnsNameView::parse(from_hex("01 61 c0 00"), 0));              // into its own run
  EXPECT_FALSE(DnsNameView::parse(from_hex("01 61 c0 04 01 62 c0 00"), 4));  // round in a circle
  EXPECT_FALSE(DnsNameView::parse(from_hex("40 61 00"), 0));                 // a reserved kind
  EXPECT_FALSE(DnsNameView::parse(from_hex("80 61 00"), 0));
}

TEST(DnsName, ALongChainOfPointersIsRefused) {
  std::vector<std::byte> bytes(1);  // the root, and then pointers each to the one before
  std::size_t last = 0;
  for (int i = 0; i < 200; ++i) {
    bytes.push_back(static_cast<std::byte>(0xc0U | last >> 8U));
    bytes.push_back(static_cast<std::byte>(last & 0xffU));
    last = bytes.size() - 2;
    EXPECT_EQ(DnsNameView::parse(bytes, last).has_value(), i < 127) << i;
  }
}

TEST(DnsName, EveryPrefixOfANameIsTooShort) {
  const auto bytes = from_hex("01 66 03 697369 00");
  for_every_prefix(bytes, [&](Bytes prefix) {
    EXPECT_EQ(DnsNameView::parse(prefix, 0).has_value(), prefix.size() == bytes.size());
  });
  EXPECT_FALSE(DnsNameView::parse(from_hex("00 c0"), 1));
}

// RFC 4343 3 MUST: ASCII letters match whatever their case; nothing else does.
TEST(DnsName, CaseDoesNotMatter) {
  EXPECT_EQ(name("Example"), name("eXAMPLE"));
  EXPECT_NE(name("a.b"), name("ab"));
  EXPECT_NE(name("a@"), name("a`"));
  EXPECT_TRUE(name("Example").is_identical(name("Example").view()));
  EXPECT_FALSE(name("Example").is_identical(name("example").view()));
}

TEST(DnsName, LabelsAreJoinedAndZonesFound) {
  EXPECT_EQ(name("www").joined(name("example.org")), name("www.example.org"));
  EXPECT_EQ(name("www").joined(DnsName{}), name("www"));
  EXPECT_TRUE(name("www.example.org").is_within(name("EXAMPLE.org")));
  EXPECT_TRUE(name("org").is_within(name("org")));
  EXPECT_TRUE(name("org").is_within(DnsName{}));
  EXPECT_FALSE(name("badexample.org").is_within(name("example.org")));
  EXPECT_FALSE(name("org").is_within(name("example.org")));
  const DnsName half = name(std::string(63, 'a') + "." + std::string(63, 'b'));
  EXPECT_TRUE(half.joined(name(std::string(63, 'c') + "." + std::string(61, 'd'))));
  EXPECT_FALSE(half.joined(name(std::string(63, 'c') + "." + std::string(62, 'd'))));
}

TEST(DnsName, MixedCaseIsTheSameName) {
  Rng rng(2);
  for (int i = 0; i < kRounds; ++i) {
    const DnsName mixed = name("www.example.org").with_case([&] { return any_bool(rng); });
    EXPECT_EQ(mixed, name("www.example.org"));
  }
}

TEST(DnsName, AnyBytesAreANameOrNot) {
  Rng rng(3);
  for (int i = 0; i < kRounds; ++i) {
    auto bytes = any_bytes(rng, rng.below(120));
    for (std::byte& byte : bytes) {
      if (rng.chance({3, 4})) byte &= std::byte{0x07};
    }
    const std::size_t at = rng.below(bytes.size() + 1);
    const auto view = DnsNameView::parse(bytes, at);
    if (!view) continue;
    EXPECT_LE(at + view->size_in_message(), bytes.size());
    const DnsName copy(*view);
    EXPECT_EQ(copy.size(), view->size());
    EXPECT_EQ(copy.view(), *view);
    EXPECT_TRUE(copy.is_identical(*view));
  }
}

}  // namespace
}  // namespace strata::wire::dns_name_test

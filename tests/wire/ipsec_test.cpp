// SPDX-License-Identifier: Apache-2.0
// Authentication Header and ESP: round trips, golden bytes, lengths that lie.
#include "strata/wire/ipsec.h"

#include "wire/round_trip.h"

namespace strata::wire::ipsec_test {
namespace {

constexpr std::size_t kAuthenticationSizeMax = 1028;
constexpr std::string_view kAuthentication =
    "0604 0000 00000100 00000001 000102030405060708090a0b";  // a check value of 96 bits

constexpr bool round_trips(const AuthenticationHeader& header) {
  std::array<std::byte, kAuthenticationSizeMax> bytes{};
  write(header, MutableBytes(bytes).first<AuthenticationLayout::kSize>());
  return AuthenticationView::parse(bytes)->header() == header;
}
constexpr bool round_trips(const EspHeader& header) {
  std::array<std::byte, EspLayout::kSize> bytes{};
  write(header, bytes);
  return EspView::parse(bytes)->header() == header;
}
static_assert(round_trips(AuthenticationHeader{kIpProtocolTcp, 24, 0x100, 0xdeadbeef}));
static_assert(round_trips(AuthenticationHeader{}));
static_assert(round_trips(EspHeader{0x200, 0xdeadbeef}));

TEST(Ipsec, AnAuthenticationHeaderThatIsWrittenIsRead) {
  Rng rng(1);
  for (int round = 0; round < kRounds; ++round) {
    const auto length = static_cast<std::uint16_t>(12 + (rng.below(255) * 4));
    expect_round_trip<AuthenticationView, AuthenticationLayout::kSize, kAuthenticationSizeMax>(
        AuthenticationHeader{any<std::uint8_t>(rng), length, any<std::uint32_t>(rng),
                             any<std::uint32_t>(rng)});
  }
  expect_same_bytes<AuthenticationView, AuthenticationLayout::kSize>(from_hex(kAuthentication));
}

TEST(Ipsec, AuthenticationCountsItsLengthInWords) {
  const auto bytes = from_hex({kAuthentication, "ffff"});
  const auto view = AuthenticationView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->next_header(), kIpProtocolTcp);
  EXPECT_EQ(view->security_parameters(), 0x100U);
  EXPECT_EQ(view->sequence_number(), 1U);
  EXPECT_EQ(view->integrity_check().size(), 12U);
  EXPECT_EQ(view->bytes().size(), 24U);
  EXPECT_EQ(view->header(), (AuthenticationHeader{kIpProtocolTcp, 24, 0x100, 1}));
  // The smallest length that the field can say is below the fixed part.
  for (const auto* hex : {"0600 0000 00000100 00000001", "0602 0000 00000100 00000001"}) {
    EXPECT_EQ(AuthenticationView::parse(from_hex(hex)).error(), ParseError::kBadLength) << hex;
  }
}

TEST(Ipsec, AnAuthenticationHeaderThatIsCutOffIsRefused) {
  for_each_truncation(from_hex(kAuthentication), [](Bytes cut) {
    EXPECT_EQ(AuthenticationView::parse(cut).error(),
              cut.size() < 12 ? ParseError::kTooShort : ParseError::kBadLength);
  });
}

// RFC 4302 2.3 MUST: the sender sets the reserved field to zero.
// RFC 4302 2.3 SHOULD: the recipient ignores the reserved field.
TEST(Ipsec, ReservedBytesAreIgnoredAndNotSentAgain) {
  const auto bytes = from_hex("0601 ffff 00000100 00000001");
  const auto view = AuthenticationView::parse(bytes);
  ASSERT_TRUE(view);
  std::array<std::byte, AuthenticationLayout::kSize> out{};
  out.fill(std::byte{0xff});
  write(view->header(), out);
  EXPECT_EQ(to_vector(out), from_hex("0601 0000 00000100 00000001"));
}

TEST(Ipsec, AnEspHeaderThatIsWrittenIsRead) {
  Rng rng(2);
  for (int round = 0; round < kRounds; ++round) {
    expect_round_trip<EspView, EspLayout::kSize>(
        EspHeader{any<std::uint32_t>(rng), any<std::uint32_t>(rng)});
    expect_same_bytes<EspView, EspLayout::kSize>(any_bytes(rng, 8 + rng.below(64)));
  }
}

TEST(Ipsec, EspShowsItsTwoWords) {
  const auto bytes = from_hex("00000200 00000005 aa");
  const auto view = EspView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->security_parameters(), 0x200U);
  EXPECT_EQ(view->sequence_number(), 5U);
  EXPECT_EQ(view->header(), (EspHeader{0x200, 5}));
  EXPECT_EQ(to_vector(view->sealed()), from_hex("aa"));
}

TEST(Ipsec, EspThatIsCutOffIsRefused) {
  for_each_truncation(from_hex("00000200 00000005"), [](Bytes cut) {
    EXPECT_EQ(EspView::parse(cut).error(), ParseError::kTooShort);
  });
}

}  // namespace
}  // namespace strata::wire::ipsec_test

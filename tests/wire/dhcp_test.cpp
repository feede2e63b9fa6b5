// SPDX-License-Identifier: Apache-2.0
// The fixed part of DHCP messages: round trips and refusals.
#include "strata/wire/dhcp.h"

#include "wire/round_trip.h"

namespace strata::wire::dhcp_test {
namespace {

constexpr bool survives_constexpr() {
  const DhcpHeader header{.transaction_id = 7, .your_address = IpAddress::v4(10, 0, 0, 1)};
  std::array<std::byte, DhcpLayout::kSize> bytes{};
  write(header, bytes);
  return DhcpView::parse(bytes)->header() == header;
}
static_assert(survives_constexpr());

TEST(Dhcp, AHeaderComesBack) {
  Rng rng(1);
  for (int i = 0; i < kRounds; ++i) {
    DhcpHeader header{.operation = static_cast<DhcpOperation>(any<std::uint8_t>(rng)),
                      .hardware_type = any<std::uint8_t>(rng),
                      .hardware_length = static_cast<std::uint8_t>(rng.below(17)),
                      .hops = any<std::uint8_t>(rng),
                      .transaction_id = any<std::uint32_t>(rng),
                      .seconds = any<std::uint16_t>(rng),
                      .broadcast = any_bool(rng),
                      .client_address = any_v4(rng),
                      .your_address = any_v4(rng),
                      .server_address = any_v4(rng),
                      .relay_address = any_v4(rng)};
    copy_bytes(any_bytes(rng, 16), header.hardware_address);
    expect_round_trip<DhcpView, DhcpLayout::kSize>(header);
  }
}

TEST(Dhcp, EveryPrefixOfAMessageIsTooShort) {
  std::array<std::byte, DhcpLayout::kSize> bytes{};
  write(DhcpHeader{}, bytes);
  expect_refused_below<DhcpView>(bytes, DhcpLayout::kSize);
}

TEST(Dhcp, WithoutTheCookieOrWithTooLongAnAddressItIsNotDhcp) {
  std::array<std::byte, DhcpLayout::kSize> bytes{};
  write(DhcpHeader{}, bytes);
  bytes[2] = std::byte{17};
  EXPECT_EQ(DhcpView::parse(bytes).error(), ParseError::kBadLength);
  bytes[239] ^= std::byte{1};
  EXPECT_EQ(DhcpView::parse(bytes).error(), ParseError::kBadVersion);
}

}  // namespace
}  // namespace strata::wire::dhcp_test

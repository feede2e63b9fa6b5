// SPDX-License-Identifier: Apache-2.0
// What the tests of IPv6 routing headers share: addresses, and headers in memory of their own.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "strata/wire/ipv6_routing.h"
#include "wire/round_trip.h"

namespace strata::wire {

constexpr IpAddress address_of(std::uint64_t low) {
  return IpAddress::v6(0x2001'0db8'0000'0000, low);
}
inline constexpr auto kAddress1 = "20010db8000000000000000000000001";
inline constexpr auto kAddress2 = "20010db8000000000000000000000002";

inline constexpr std::size_t kRoutingSizeMax = 2048;

// A routing header in memory that outlives its view.
struct Routing {
  Routing(std::initializer_list<std::string_view> texts) : bytes(from_hex(texts)) {}
  [[nodiscard]] Ipv6RoutingView view() const { return *Ipv6RoutingView::parse(bytes); }
  std::vector<std::byte> bytes;
};

// The view of a type, with the way in from bytes that views of other formats have.
template <typename Route>
struct FromBytes {
  [[nodiscard]] static constexpr Parsed<Route> parse(Bytes bytes) {
    const auto routing = Ipv6RoutingView::parse(bytes);
    if (!routing) return std::unexpected(routing.error());
    return Route::parse(*routing);
  }
};

template <typename Route, typename Header>
constexpr bool route_round_trips(const Header& header) {
  std::array<std::byte, kRoutingSizeMax> bytes{};
  write(header, MutableBytes(bytes).first<Ipv6RoutingLayout::kSize>());
  return FromBytes<Route>::parse(bytes)->header() == header;
}

}  // namespace strata::wire

// SPDX-License-Identifier: Apache-2.0
// IPv6 routing headers of every type: each address and each TLV stays inside the header, and a
// header that is written again reads the same.
#include <span>
#include <vector>

#include "fuzz/rewrite.h"
#include "strata/wire/ipv6_routing.h"
#include "strata/wire/ipv6_segment_routing.h"

namespace {

// parse(write(h)) == h, with the type's own bytes behind it as they were.
template <typename Route>
void rewrite_route(const Route& route, strata::Bytes bytes) {
  using namespace strata::wire;
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  constexpr std::size_t kSize = Ipv6RoutingLayout::kSize;
  write(route.header(), std::span<std::byte, kSize>(copy.data(), kSize));
  const auto routing = Ipv6RoutingView::parse(copy);
  strata::fuzz::require(routing.has_value());
  const auto again = Route::parse(*routing);
  strata::fuzz::require(again.has_value() && again->header() == route.header());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const auto routing = Ipv6RoutingView::parse(fuzz::as_input(data, size));
  if (!routing) return 0;
  fuzz::rewrite<Ipv6RoutingView, Ipv6RoutingLayout::kCommonSize>(routing->bytes(),
                                                                 [](const auto&) {});
  if (const auto source = Ipv6SourceRouteView::parse(*routing)) {
    for (std::size_t i = 0; i < source->address_count(); ++i) {
      fuzz::touch(source->address(i).bytes());
    }
    fuzz::require(routing->segments_left() <= source->address_count());
    rewrite_route(*source, routing->bytes());
  }
  if (const auto rpl = Ipv6RplRouteView::parse(*routing)) {
    for (std::size_t i = 0; i < rpl->address_count(); ++i) {
      fuzz::touch(rpl->address(i, IpAddress::loopback_v6()).bytes());
    }
    fuzz::require(routing->segments_left() <= rpl->address_count());
    rewrite_route(*rpl, routing->bytes());
  }
  if (const auto segments = Ipv6SegmentRouteView::parse(*routing)) {
    for (std::size_t i = 0; i < segments->segment_count(); ++i) {
      fuzz::touch(segments->segment(i).bytes());
    }
    fuzz::touch(segments->tlvs());
    rewrite_route(*segments, routing->bytes());
  }
  return 0;
}

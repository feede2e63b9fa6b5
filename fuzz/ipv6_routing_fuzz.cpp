// SPDX-License-Identifier: Apache-2.0
// IPv6 routing headers of every type: each address and each TLV stays inside the header.
#include "fuzz/law.h"
#include "strata/wire/ipv6_routing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const auto routing = Ipv6RoutingView::parse(fuzz::as_input(data, size));
  if (!routing) return 0;
  fuzz::touch(routing->bytes());
  if (const auto source = Ipv6SourceRouteView::parse(*routing)) {
    for (std::size_t i = 0; i < source->address_count(); ++i) {
      fuzz::touch(source->address(i).bytes());
    }
    fuzz::require(routing->segments_left() <= source->address_count());
  }
  if (const auto rpl = Ipv6RplRouteView::parse(*routing)) {
    for (std::size_t i = 0; i < rpl->address_count(); ++i) {
      fuzz::touch(rpl->address(i, IpAddress::loopback_v6()).bytes());
    }
    fuzz::require(routing->segments_left() <= rpl->address_count());
  }
  if (const auto segments = Ipv6SegmentRouteView::parse(*routing)) {
    for (std::size_t i = 0; i < segments->segment_count(); ++i) {
      fuzz::touch(segments->segment(i).bytes());
    }
    fuzz::touch(segments->tlvs());
  }
  return 0;
}

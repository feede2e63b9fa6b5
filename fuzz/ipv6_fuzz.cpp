// SPDX-License-Identifier: Apache-2.0
// IPv6: the header, and the walk to the upper layer with every header on the way.
#include "fuzz/law.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const auto view = Ipv6View::parse_quoted(fuzz::as_input(data, size));
  if (!view) return 0;
  fuzz::require_law<Ipv6Layout::kSize>(view->header(), Ipv6View::parse_quoted);
  const Ipv6ChainLimits limits;
  Ipv6ChainWalker walker(view->next_header(), view->payload(), limits);
  std::size_t count = 0;
  std::size_t at = 0;
  while (const auto link = walker.next()) {
    fuzz::require(link->offset == at && link->bytes.size() >= 8);
    fuzz::touch(link->bytes);
    at += link->bytes.size();
    ++count;
  }
  fuzz::require(walker.end().has_value() && count <= limits.headers && at <= limits.bytes);
  fuzz::require(walker.offset() == at);
  fuzz::touch(walker.payload());
  if (const auto& fragment = walker.fragment()) {
    fuzz::require_law<Ipv6FragmentLayout::kSize>(*fragment, Ipv6FragmentView::parse);
  }
  return 0;
}

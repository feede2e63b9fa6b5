// SPDX-License-Identifier: Apache-2.0
// IPv6: the header, and the walk to the upper layer with every header on the way.
#include "fuzz/rewrite.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace {

// The header of one link, written over itself, is the same header.
void rewrite_link(const strata::wire::Ipv6Extension& link) {
  using namespace strata::wire;
  const auto nothing_more = [](const auto&) {};
  switch (link.type) {
    case kIpProtocolFragment: break;  // the walker holds its header
    case kIpProtocolAh:
      strata::fuzz::rewrite<AuthenticationView, AuthenticationLayout::kSize>(
          link.bytes,
          [](const AuthenticationView& view) { strata::fuzz::touch(view.integrity_check()); });
      break;
    case kIpProtocolRouting:
      strata::fuzz::rewrite<Ipv6RoutingView, Ipv6RoutingLayout::kCommonSize>(link.bytes,
                                                                             nothing_more);
      break;
    default:
      strata::fuzz::rewrite<Ipv6OptionsView, Ipv6ExtensionLayout::kSize>(link.bytes, nothing_more);
      break;
  }
}

}  // namespace

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
    rewrite_link(*link);
    at += link->bytes.size();
    ++count;
  }
  fuzz::require(walker.end().has_value() && count <= limits.headers && at <= limits.bytes);
  fuzz::require(walker.offset() == at);
  fuzz::touch(walker.payload());
  if (walker.end() == Ipv6ChainEnd::kEncrypted) {
    if (const auto esp = EspView::parse(walker.payload())) {
      fuzz::touch(esp->sealed());
      fuzz::require_law<EspLayout::kSize>(esp->header(), EspView::parse);
    }
  }
  if (const auto& fragment = walker.fragment()) {
    fuzz::require_law<Ipv6FragmentLayout::kSize>(*fragment, Ipv6FragmentView::parse);
  }
  return 0;
}

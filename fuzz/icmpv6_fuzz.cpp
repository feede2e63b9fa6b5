// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ICMPv6 message, seen by every view of icmpv6.h.
#include "fuzz/rewrite.h"
#include "strata/wire/icmpv6.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const strata::Bytes bytes = as_input(data, size);
  rewrite<Icmpv6View, 4>(bytes, [](const auto& view) { touch(view.body()); });
  rewrite<Icmpv6EchoView, 8>(bytes, [](const auto& view) { touch(view.payload()); });
  rewrite<Icmpv6ErrorView, 8>(bytes, [](const Icmpv6ErrorView& view) {
    require(view.quoted().size() + view.extensions().size() + 8 == view.bytes().size());
    touch(view.quoted());
    const auto extensions = IcmpExtensionsView::parse(view.extensions());
    if (!extensions) return;
    for (const auto object : *extensions) touch(object.payload());
  });
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ICMP message, seen by every view.
#include "fuzz/rewrite.h"
#include "strata/wire/icmpv4.h"

using namespace strata::fuzz;
using namespace strata::wire;

namespace {

void inspect_error(const Icmpv4ErrorView& view) {
  require(view.quoted().size() + view.extensions().size() + 8 == view.bytes().size());
  touch(view.quoted());
  const auto extensions = IcmpExtensionsView::parse(view.extensions());
  if (!extensions) return;
  std::size_t walked = IcmpExtensionLayout::kSize;
  for (const auto object : *extensions) {
    touch(object.payload());
    walked += object.header().length;
  }
  require(walked == view.extensions().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const strata::Bytes bytes = as_input(data, size);
  rewrite<Icmpv4View, 8>(bytes, [](const auto& view) { touch(view.body()); });
  rewrite<Icmpv4EchoView, 8>(bytes, [](const auto& view) { touch(view.payload()); });
  rewrite<Icmpv4ErrorView, 8>(bytes, inspect_error);
  rewrite<Icmpv4RedirectView, 8>(bytes, [](const auto& view) { touch(view.quoted()); });
  rewrite<Icmpv4TimestampView, 20>(bytes, [](const auto&) {});
  rewrite<Icmpv4AddressMaskView, 12>(bytes, [](const auto&) {});
  return 0;
}

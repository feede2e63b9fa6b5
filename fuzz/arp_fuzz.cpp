// SPDX-License-Identifier: Apache-2.0
// ARP: whatever is read is written as the same packet.
#include "fuzz/law.h"
#include "strata/wire/arp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const auto view = ArpView::parse(fuzz::as_input(data, size));
  if (!view) return 0;
  fuzz::require(view->bytes().size() == ArpLayout::kSize);
  fuzz::require(view->sender_ip().is_v4() && view->target_ip().is_v4());
  fuzz::require_law<ArpLayout::kSize>(view->header(), ArpView::parse);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Ethernet, VLAN, LLC and SNAP: the way every frame takes to its ethertype.
#include "fuzz/law.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/llc.h"
#include "strata/wire/vlan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const auto frame = EthernetView::parse(fuzz::as_input(data, size));
  if (!frame) return 0;
  fuzz::require_law<EthernetLayout::kSize>(frame->header(), EthernetView::parse);
  const auto tags = parse_vlan_tags(frame->type(), frame->payload());
  if (!tags) return 0;
  for (std::size_t i = 0; i < tags->count; ++i) {
    fuzz::require(is_vlan_tpid(tags->tags[i].tpid));
    fuzz::require_law<VlanLayout::kSize>(tags->tags[i].header, VlanView::parse);
  }
  const auto content = classify_frame(tags->type, tags->payload);
  if (!content) return 0;
  fuzz::require(content->ethertype == 0 || content->ethertype >= kEtherTypeMin);
  fuzz::touch(content->payload);
  if (const auto llc = LlcView::parse(content->payload)) {
    fuzz::require_law<LlcLayout::kSize>(llc->header(), LlcView::parse);
    const auto snap = SnapView::parse(llc->payload());
    if (snap) fuzz::require_law<SnapLayout::kSize>(snap->header(), SnapView::parse);
  }
  return 0;
}

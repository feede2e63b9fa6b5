// SPDX-License-Identifier: Apache-2.0
#include "service/capture/filtered_hook.h"

#include "service/capture/captured_interface.h"

namespace strata::service {

bool FilteredHook::is_wanted(const Packet& packet) {
  bytes_.resize(packet.size());
  packet.copy_out(0, bytes_);
  const CapturedInterface interface = captured_interface(stack_, packet.notes().interface);
  return filters_.matches(interface.medium, bytes_, bytes_.size());
}

void FilteredHook::on_packets(HookPoint point, std::span<Packet* const> packets,
                              std::span<Verdict> /*verdicts*/, Time now) {
  wanted_.clear();
  for (Packet* const packet : packets) {
    if (packet != nullptr && is_wanted(*packet)) wanted_.push_back(packet);
  }
  if (wanted_.empty()) return;
  verdicts_.assign(wanted_.size(), Verdict{});
  to_.on_packets(point, wanted_, verdicts_, now);
}

}  // namespace strata::service

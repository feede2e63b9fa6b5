// SPDX-License-Identifier: Apache-2.0
// FilteredHook: shows another hook the packets that a filter takes.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "service/capture/packet_filter.h"
#include "strata/hooks.h"
#include "strata/packet.h"
#include "strata/stack.h"

namespace strata::service {

// Attach at kFrameIn and kFrameOut. The hook behind it looks and does not judge: its verdicts are
// not asked for, as a capture has none.
class FilteredHook final : public Hook {
 public:
  // Both must outlive the hook.
  FilteredHook(Hook& to, PacketFilters filters, const Stack& stack)
      : to_(to), filters_(std::move(filters)), stack_(stack) {}

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  [[nodiscard]] bool is_wanted(const Packet& packet);

  Hook& to_;
  PacketFilters filters_;
  const Stack& stack_;
  std::vector<Packet*> wanted_;
  std::vector<Verdict> verdicts_;
  std::vector<std::byte> bytes_;
};

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// Hooks: where firewall, NAT, capture or a user's own inspection see packets, in batches.
#pragma once

#include <cstdint>
#include <span>

#include "strata/drop_reason.h"
#include "strata/packet.h"
#include "strata/time.h"

namespace strata {

// The five places on a packet's path.
enum class HookPoint : std::uint8_t {
  kFrameIn,   // as the device delivered it; begins with the link header
  kIpIn,      // valid IP header, before the decision local or forward; begins with it
  kForward,   // routed, before the TTL is lowered
  kIpOut,     // made here, routed; begins with the IP header
  kFrameOut,  // as the device will get it
  kCount,
};

struct Verdict {
  enum class Kind : std::uint8_t {
    kAccept,
    kDrop,
    kStolen,  // the hook has taken ownership of the packet
  };
  Kind kind = Kind::kAccept;
  DropReason reason = DropReason::kHookDropped;

  [[nodiscard]] static constexpr Verdict accept() { return {}; }
  [[nodiscard]] static constexpr Verdict drop(DropReason why = DropReason::kHookDropped) {
    return {Kind::kDrop, why};
  }
  [[nodiscard]] static constexpr Verdict stolen() { return {Kind::kStolen}; }
};

class Hook {
 public:
  virtual ~Hook() = default;
  // verdicts[i] is kAccept for packets[i] on entry. A null packet was dropped by an earlier hook.
  virtual void on_packets(HookPoint point, std::span<Packet* const> packets,
                          std::span<Verdict> verdicts, Time now) = 0;
};

}  // namespace strata

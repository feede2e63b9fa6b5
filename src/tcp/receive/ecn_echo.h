// SPDX-License-Identifier: Apache-2.0
// EcnEcho: what the receiver tells of congestion marks.
#pragma once

#include <cstdint>

#include "tcp/segment.h"

namespace strata::tcp {

enum class EcnEchoMode : std::uint8_t {
  kOff,      // not negotiated
  kClassic,  // RFC 3168 6.1.3: ECE from the first mark until the sender says CWR
  kExact,    // RFC 8257 3.2: ECE says whether the text just acknowledged was marked
};

class EcnEcho {
 public:
  [[nodiscard]] EcnEchoMode mode() const { return mode_; }
  void set_mode(EcnEchoMode mode) { mode_ = mode; }

  // The peer has reduced (RFC 3168 6.1.3). Told before the segment's own mark is looked at: a
  // mark beside CWR is a new one.
  void on_cwr() {
    if (mode_ == EcnEchoMode::kClassic) ece_ = false;
  }
  // Text arrived, so marked; true when the ACK must change, and the peer must hear it at once.
  bool on_text(EcnCodepoint ecn, std::uint16_t segments) {
    const bool is_marked = ecn == EcnCodepoint::kCe;
    if (mode_ == EcnEchoMode::kOff) return false;
    if (is_marked) ce_segments_ = static_cast<std::uint16_t>(ce_segments_ + segments);
    const bool wanted = mode_ == EcnEchoMode::kExact ? is_marked : ece_ || is_marked;
    if (wanted == ece_) return false;
    ece_ = wanted;
    return true;
  }
  // The flag of the next segment.
  [[nodiscard]] bool ece() const { return ece_; }
  // Marked segments, modulo 2^16: what RFC 9768 3.2 counts as r.cep, whose low three bits an
  // accurate echo would put into the header.
  [[nodiscard]] std::uint16_t ce_segments() const { return ce_segments_; }
  void restore(EcnEchoMode mode, bool ece, std::uint16_t ce_segments) {
    mode_ = mode;
    ece_ = ece;
    ce_segments_ = ce_segments;
  }

 private:
  std::uint16_t ce_segments_ = 0;
  EcnEchoMode mode_ = EcnEchoMode::kOff;
  bool ece_ = false;
};

}  // namespace strata::tcp

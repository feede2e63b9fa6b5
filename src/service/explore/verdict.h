// SPDX-License-Identifier: Apache-2.0
// TrialVerdict: what became of a trial.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "service/explore/trial.h"

namespace strata::service {

enum class Broken : std::uint8_t {
  kNothing,
  kBytes,     // other bytes came than were written there
  kMissing,   // an end was told before all bytes came
  kRepeated,  // datagrams came again, more often than links doubled frames
  kCounters,  // datagrams are gone, or there, and nobody counted them
  kFailed,    // a connection failed, and nothing had happened that may end one
  kStuck,     // nothing moves, though a path is there
  kQueue,     // a queue grew beyond its bound
  kSockets,   // of connections that are over, not gone when TIME-WAIT has passed
  kPackets,   // in nobody's hands and not free
  kMemory,    // more than at the start, once all is closed
  kTasks,     // started and not ended
  kBusy,      // far more turns than frames and timers ask for
  kStalled,   // without end at one instant
  kCrashed,   // a STRATA_CHECK, a signal, another exit
  kHung,      // no end within the time one run may compute
};

[[nodiscard]] std::string_view to_text(Broken broken);

struct TrialVerdict {
  Broken broken = Broken::kNothing;
  std::string text{};  // how, for people; of kCrashed it is also what makes two the same
  std::uint64_t packet_hash = 0;
  std::uint64_t bytes = 0;  // that programs read
  // Faults of frames, listed or by chance, that struck.
  std::vector<TrialItem> struck{};
};

// Is the second the same trouble as the first?
[[nodiscard]] inline bool is_same_trouble(const TrialVerdict& a, const TrialVerdict& b) {
  return a.broken == b.broken && (a.broken != Broken::kCrashed || a.text == b.text);
}

}  // namespace strata::service

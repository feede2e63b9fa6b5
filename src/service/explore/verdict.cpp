// SPDX-License-Identifier: Apache-2.0
#include "service/explore/verdict.h"

namespace strata::service {

std::string_view to_text(Broken broken) {
  switch (broken) {
    case Broken::kNothing: return "nothing is broken";
    case Broken::kBytes: return "wrong bytes";
    case Broken::kMissing: return "missing bytes";
    case Broken::kRepeated: return "datagrams came too often";
    case Broken::kCounters: return "counters do not add up";
    case Broken::kFailed: return "a connection failed";
    case Broken::kStuck: return "stuck";
    case Broken::kQueue: return "a queue without bound";
    case Broken::kSockets: return "sockets are left";
    case Broken::kPackets: return "packets are lost";
    case Broken::kMemory: return "memory is lost";
    case Broken::kTasks: return "tasks are left";
    case Broken::kBusy: return "busy without need";
    case Broken::kStalled: return "stalled at one instant";
    case Broken::kCrashed: return "crashed";
    case Broken::kHung: return "hung";
  }
  return "unknown";
}

}  // namespace strata::service

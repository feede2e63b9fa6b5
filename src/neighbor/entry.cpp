// SPDX-License-Identifier: Apache-2.0
#include "neighbor/entry.h"

namespace strata::neighbor {

std::string_view to_text(State state) {
  switch (state) {
    case State::kIncomplete: return "incomplete";
    case State::kReachable: return "reachable";
    case State::kStale: return "stale";
    case State::kDelay: return "delay";
    case State::kProbe: return "probe";
    case State::kUnreachable: return "unreachable";
    case State::kFailed: return "failed";
  }
  return "unknown";
}

}  // namespace strata::neighbor

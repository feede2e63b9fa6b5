// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/urgent_mark.h"

namespace strata::tcp {

bool UrgentMark::on_pointer(std::uint64_t end, std::uint64_t read_up_to) {
  // What has been read cannot be urgent any more.
  if (end == 0 || end <= read_up_to) return false;
  if (is_set() && end - 1 <= place_) return false;
  place_ = end - 1;
  state_ = State::kAwaited;
  return true;
}

std::optional<std::byte> UrgentMark::take() {
  if (state_ != State::kHere) return std::nullopt;
  state_ = State::kTaken;
  return value_;
}

}  // namespace strata::tcp

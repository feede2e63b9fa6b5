// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/owed_acks.h"

#include <algorithm>

#include "strata/check.h"

namespace strata::tcp {

void OwedAcks::push(const OwedAck& owed) {
  if (size_ == kEntriesMax) {
    merge_into_last(owed);
  } else {
    ++size_;
    back() = owed;
  }
  if (back().is_prompt) prompt_ = size_;
}

void OwedAcks::pop() {
  STRATA_CHECK(size_ != 0);
  OwedAck& front = entries_[first_];
  if (--front.count != 0) {
    // RFC 2883 4: a duplicate is reported once.
    front.duplicate = {};
    return;
  }
  first_ = static_cast<std::uint8_t>((first_ + 1) % kEntriesMax);
  --size_;
  if (prompt_ != 0) --prompt_;
}

// Duplicates keep their number; whatever was plain is covered by what comes later.
void OwedAcks::merge_into_last(const OwedAck& owed) {
  OwedAck& last = back();
  const std::uint32_t kept = last.is_duplicate ? last.count : 0U;
  const std::uint32_t count = kept + (owed.is_duplicate ? owed.count : 0U);
  const bool is_prompt = last.is_prompt || owed.is_prompt;
  const bool is_duplicate = last.is_duplicate || owed.is_duplicate;
  last = owed;
  last.count = static_cast<std::uint16_t>(std::clamp<std::uint32_t>(count, 1, UINT16_MAX));
  last.is_prompt = is_prompt;
  last.is_duplicate = is_duplicate;
}

}  // namespace strata::tcp

// SPDX-License-Identifier: Apache-2.0
#include "neighbor/deadline_lists.h"

#include <algorithm>

#include "strata/check.h"

namespace strata::neighbor {

void DeadlineLists::schedule(Entry& entry, std::uint8_t list, Time deadline) {
  STRATA_CHECK(list < kLists);
  cancel(entry);
  entry.deadline = deadline;
  entry.deadline_list = list;
  lists_[list].push_back(entry);
}

void DeadlineLists::cancel(Entry& entry) {
  if (entry.deadline_list == kNoList) return;
  lists_[entry.deadline_list].erase(entry);
  entry.deadline_list = kNoList;
  entry.deadline = kNever;
}

void DeadlineLists::clamp(std::uint8_t list, Time latest) {
  STRATA_CHECK(list < kLists);
  for (Entry& entry : lists_[list]) entry.deadline = std::min(entry.deadline, latest);
}

Entry* DeadlineLists::pop_expired(Time now) {
  for (auto& list : lists_) {
    Entry* const first = list.front();
    if (first == nullptr || now < first->deadline) continue;
    cancel(*first);
    return first;
  }
  return nullptr;
}

std::optional<Time> DeadlineLists::next_deadline() const {
  std::optional<Time> next;
  for (const auto& list : lists_) {
    if (const Entry* const first = list.front()) next = earlier(next, first->deadline);
  }
  return next;
}

}  // namespace strata::neighbor

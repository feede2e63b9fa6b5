// SPDX-License-Identifier: Apache-2.0
// When neighbours are due: one list per length of wait, so that each is sorted by itself.
//
// A neighbour waits for one of a few fixed times: the retransmission timer of its family, that
// timer grown n times (RFC 7048), or DELAY_FIRST_PROBE_TIME. Appending keeps each list sorted, so
// filing, cancelling and finding the earliest cost the same however many neighbours there are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "neighbor/entry.h"

namespace strata::neighbor {

class DeadlineLists {
 public:
  static constexpr std::uint8_t kBackoffsMax = 6;

  // Times of the same list must be told with the same wait; clamp() after it became shorter.
  [[nodiscard]] static constexpr std::uint8_t delay_list() { return 0; }
  [[nodiscard]] static constexpr std::uint8_t retransmit_list(bool is_v4, std::uint8_t backoff) {
    return static_cast<std::uint8_t>(1 + (is_v4 ? 0 : kBackoffsMax) + backoff);
  }

  void schedule(Entry& entry, std::uint8_t list, Time deadline);
  void cancel(Entry& entry);
  // The wait of a list was changed: nothing on it is due later than `latest`.
  void clamp(std::uint8_t list, Time latest);
  // The next entry due at or before now, off its list; null when there is none.
  [[nodiscard]] Entry* pop_expired(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  static constexpr std::uint8_t kNoList = 0xff;
  static constexpr std::size_t kLists = 1 + 2 * kBackoffsMax;

  std::array<IntrusiveList<Entry, &Entry::deadline_link>, kLists> lists_{};
};

}  // namespace strata::neighbor

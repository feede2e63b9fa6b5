// SPDX-License-Identifier: Apache-2.0
#include "service/explore/datagram_ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "service/explore/program.h"

namespace strata::service {

void DatagramLedger::fill(MutableBytes datagram, std::uint64_t number) const {
  store_big_endian<std::uint64_t>(datagram.data(), number);
  // Far enough apart that no two datagrams say the same.
  fill_pattern(datagram.subspan(sizeof(number)), pattern_, number * 2 * kSizeMax);
}

void DatagramLedger::note_sent(std::size_t size) {
  sent_.push_back({.size = size});
  bytes_sent_ += size;
}

bool DatagramLedger::is_as_sent(Bytes datagram, std::uint64_t number) const {
  if (number >= sent_.size() || sent_[number].size != datagram.size()) return false;
  std::vector<std::byte> expected(datagram.size());
  fill(expected, number);
  return std::ranges::equal(expected, datagram);
}

void DatagramLedger::note_arrival(Bytes datagram) {
  ++taken_;
  bytes_taken_ += datagram.size();
  const bool has_number = datagram.size() >= kSizeMin;
  const auto number = has_number ? load_big_endian<std::uint64_t>(datagram.data()) : UINT64_MAX;
  if (!is_as_sent(datagram, number)) {
    if (!wrong_.empty()) return;
    wrong_ = fmt::format("{} bytes came that nobody sent so", datagram.size());
    if (has_number) wrong_ += fmt::format(", as datagram {} of {}", number, sent_.size());
    return;
  }
  const bool is_first = sent_[number].arrivals++ == 0;
  ++(is_first ? arrived_ : repeated_);
}

DatagramCounts DatagramLedger::counts() const {
  return {.sent = sent_.size(),
          .taken = taken_,
          .missing = sent_.size() - arrived_,
          .repeated = repeated_,
          .wrong = taken_ - arrived_ - repeated_};
}

}  // namespace strata::service

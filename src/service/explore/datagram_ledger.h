// SPDX-License-Identifier: Apache-2.0
// DatagramLedger: what was sent in one direction, and each datagram that comes held against it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "service/explore/watched_flow.h"
#include "strata/bytes.h"

// A datagram says its number, and behind that what only the datagram of this number and this
// direction says. It may come late, again, or never; but another one than was sent may not.

namespace strata::service {

class DatagramLedger {
 public:
  static constexpr std::size_t kSizeMin = 16;  // its number, and some bytes that tell it
  static constexpr std::size_t kSizeMax = 65'000;

  explicit DatagramLedger(std::uint64_t pattern) : pattern_(pattern) {}

  // What the next one to be sent says, which is of at least kSizeMin bytes.
  void fill_next(MutableBytes datagram) const { fill(datagram, sent_.size()); }
  // A stack has taken it.
  void note_sent(std::size_t size);
  void note_arrival(Bytes datagram);

  [[nodiscard]] DatagramCounts counts() const;
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] std::uint64_t bytes_taken() const { return bytes_taken_; }
  // The first that nobody sent, for people; empty: there was none.
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  struct Sent {
    std::size_t size = 0;
    std::uint64_t arrivals = 0;
  };

  void fill(MutableBytes datagram, std::uint64_t number) const;
  [[nodiscard]] bool is_as_sent(Bytes datagram, std::uint64_t number) const;

  std::uint64_t pattern_;
  std::vector<Sent> sent_;  // by number
  std::uint64_t taken_ = 0, arrived_ = 0, repeated_ = 0;
  std::uint64_t bytes_sent_ = 0, bytes_taken_ = 0;
  std::string wrong_;
};

}  // namespace strata::service

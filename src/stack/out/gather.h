// SPDX-License-Identifier: Apache-2.0
// Gather: byte strings that are one message, read from front to back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "strata/bytes.h"
#include "strata/wire/checksum.h"

namespace strata::stack {

// A copy of one reads on by itself, and so looks ahead.
class Gather {
 public:
  explicit Gather(std::span<const Bytes> parts) : parts_(parts) {}

  [[nodiscard]] std::size_t left() const {
    std::size_t total = 0;
    for (const Bytes part : parts_) total += part.size();
    return total - offset_;
  }
  // Fills `to`, which is no longer than what is left.
  void copy_to(MutableBytes to) {
    read(to.size(), [to](Bytes bytes, std::size_t at) { copy_bytes(bytes, to.subspan(at)); });
  }
  // The same, and sums it on the way: the checksum then costs nothing more.
  [[nodiscard]] wire::Sum copy_and_sum_to(MutableBytes to) {
    wire::Sum sum;
    read(to.size(), [to, &sum](Bytes bytes, std::size_t at) {
      sum = combine(sum, wire::copy_and_sum(bytes, to.subspan(at)), at % 2 != 0);
    });
    return sum;
  }

 private:
  template <typename Take>
  void read(std::size_t size, Take take) {
    std::size_t done = 0;
    while (done < size) {
      const Bytes rest = parts_.front().subspan(offset_);
      const std::size_t count = std::min(rest.size(), size - done);
      take(rest.first(count), done);
      done += count;
      offset_ += count;
      if (offset_ == parts_.front().size()) {
        parts_ = parts_.subspan(1);
        offset_ = 0;
      }
    }
  }

  std::span<const Bytes> parts_;
  std::size_t offset_ = 0;
};

}  // namespace strata::stack

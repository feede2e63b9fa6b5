// SPDX-License-Identifier: Apache-2.0
// Sets of source addresses as sorted vectors: small, compared and merged in one pass.
#pragma once

#include <cstddef>
#include <span>

#include "base/vector.h"
#include "strata/address.h"

namespace strata::multicast {

class SourceList {
 public:
  explicit SourceList(Memory& memory) : sources_(memory) {}

  [[nodiscard]] bool contains(const IpAddress& source) const;
  // False when memory is short; nothing has changed then. Adding what is there is no change.
  [[nodiscard]] bool try_add(const IpAddress& source);
  bool remove(const IpAddress& source);
  // Any order, repetitions allowed. False when memory is short; the list is unchanged then.
  [[nodiscard]] bool try_assign(std::span<const IpAddress> sources);
  // Gives the memory back too.
  void clear() { sources_.release(); }

  // Becomes itself and, without, or in common with the other. try_unite can fail for want of
  // memory.
  [[nodiscard]] bool try_unite(const SourceList& other);
  void subtract(const SourceList& other);
  void intersect(const SourceList& other);

  [[nodiscard]] std::span<const IpAddress> span() const { return sources_.span(); }
  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  [[nodiscard]] bool empty() const { return sources_.empty(); }
  friend bool operator==(const SourceList& a, const SourceList& b);

 private:
  template <typename Keep>
  void keep_if(Keep keep) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (keep(sources_[i])) sources_[kept++] = sources_[i];
    }
    sources_.erase_range(kept, sources_.size());
  }

  Vector<IpAddress> sources_;
};

}  // namespace strata::multicast

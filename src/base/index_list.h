// SPDX-License-Identifier: Apache-2.0
// IndexList: a doubly linked list of a Slab's entries through 32-bit indices: half of ListLink.
//
//   struct Item { IndexLink link; };
//   IndexList<Item, &Item::link> items;
//
// Which list an entry is on is its owner's to know. An entry leaves its list before it dies.
#pragma once

#include <cstdint>
#include <utility>

#include "base/index.h"
#include "base/slab.h"

namespace strata {

struct IndexLink {
  Index next = kNoIndex;
  Index previous = kNoIndex;
};

template <typename T, IndexLink T::* kLink>
class IndexList {
 public:
  void push_back(Slab<T>& slab, Index index) {
    slab[index].*kLink = {.next = kNoIndex, .previous = last_};
    (last_ == kNoIndex ? first_ : (slab[last_].*kLink).next) = index;
    last_ = index;
    ++size_;
  }

  // The entry is on this list.
  void erase(Slab<T>& slab, Index index) {
    const IndexLink link = std::exchange(slab[index].*kLink, {});
    (link.previous == kNoIndex ? first_ : (slab[link.previous].*kLink).next) = link.next;
    (link.next == kNoIndex ? last_ : (slab[link.next].*kLink).previous) = link.previous;
    --size_;
  }

  // kNoIndex when the list is empty.
  [[nodiscard]] Index front() const { return first_; }
  [[nodiscard]] Index back() const { return last_; }
  [[nodiscard]] bool empty() const { return first_ == kNoIndex; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  // kNoIndex behind the last one.
  [[nodiscard]] static Index next(const Slab<T>& slab, Index index) {
    return (slab[index].*kLink).next;
  }

 private:
  Index first_ = kNoIndex;
  Index last_ = kNoIndex;
  std::uint32_t size_ = 0;
};

}  // namespace strata

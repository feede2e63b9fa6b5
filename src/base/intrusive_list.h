// SPDX-License-Identifier: Apache-2.0
// IntrusiveList: a doubly linked list through a member of its elements. Owns and allocates nothing.
//
//   struct Item { ListLink<Item> link{}; };
//   IntrusiveList<Item, &Item::link> items;
//
// An element at an end of a list points to itself there and a link outside any list is null, so a
// link knows whether it is on a list. An element must leave its list before it dies.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

#include "strata/check.h"

namespace strata {

template <typename T>
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;  // neighbours point at the element: it cannot move
  ListLink& operator=(const ListLink&) = delete;

  [[nodiscard]] bool is_linked() const { return next_ != nullptr; }

 private:
  template <typename U, ListLink<U> U::*>
  friend class IntrusiveList;

  T* next_ = nullptr;
  T* previous_ = nullptr;
};

template <typename T, ListLink<T> T::* kLink>
class IntrusiveList {
 public:
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using pointer = T*;
    using iterator_category = std::forward_iterator_tag;

    Iterator() = default;
    explicit Iterator(T* at) : at_(at) {}
    [[nodiscard]] T& operator*() const { return *at_; }
    [[nodiscard]] T* operator->() const { return at_; }
    Iterator& operator++() {
      at_ = next(*at_);
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    T* at_ = nullptr;
  };

  IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  IntrusiveList(IntrusiveList&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)),
        last_(std::exchange(other.last_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  IntrusiveList& operator=(IntrusiveList&& other) noexcept {
    if (this == &other) return *this;
    clear();
    first_ = std::exchange(other.first_, nullptr);
    last_ = std::exchange(other.last_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  void push_back(T& element) {
    STRATA_CHECK(!is_linked(element));
    T* const before = last_;
    (element.*kLink).next_ = &element;
    (element.*kLink).previous_ = before == nullptr ? &element : before;
    (before == nullptr ? first_ : (before->*kLink).next_) = &element;
    last_ = &element;
    ++size_;
  }

  void push_front(T& element) {
    STRATA_CHECK(!is_linked(element));
    T* const after = first_;
    (element.*kLink).previous_ = &element;
    (element.*kLink).next_ = after == nullptr ? &element : after;
    (after == nullptr ? last_ : (after->*kLink).previous_) = &element;
    first_ = &element;
    ++size_;
  }

  // The element is on this list.
  void erase(T& element) {
    STRATA_CHECK(is_linked(element) && size_ > 0);
    T* const after = next(element);
    T* const before = previous(element);
    if (before == nullptr) {
      STRATA_CHECK(first_ == &element);
      first_ = after;
    } else {
      (before->*kLink).next_ = after == nullptr ? before : after;
    }
    if (after == nullptr) {
      STRATA_CHECK(last_ == &element);
      last_ = before;
    } else {
      (after->*kLink).previous_ = before == nullptr ? after : before;
    }
    (element.*kLink).next_ = (element.*kLink).previous_ = nullptr;
    --size_;
  }

  // Null when the list is empty.
  T* pop_front() {
    T* const element = first_;
    if (element != nullptr) erase(*element);
    return element;
  }

  void move_to_back(T& element) {
    erase(element);
    push_back(element);
  }

  void clear() {
    while (pop_front() != nullptr) {
    }
  }

  // Null when the list is empty.
  [[nodiscard]] T* front() const { return first_; }
  [[nodiscard]] T* back() const { return last_; }
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // Null after the last and before the first.
  [[nodiscard]] static T* next(const T& element) {
    T* const after = (element.*kLink).next_;
    return after == &element ? nullptr : after;
  }
  [[nodiscard]] static T* previous(const T& element) {
    T* const before = (element.*kLink).previous_;
    return before == &element ? nullptr : before;
  }
  [[nodiscard]] static bool is_linked(const T& element) { return (element.*kLink).is_linked(); }

  // Erasing the element under an iterator ends that iterator: step first.
  [[nodiscard]] Iterator begin() const { return Iterator(first_); }
  [[nodiscard]] Iterator end() const { return Iterator(); }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace strata

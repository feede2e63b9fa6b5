// SPDX-License-Identifier: Apache-2.0
// InlineFunction: a move-only callable kept in place, so that storing one never allocates.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace strata {

template <typename Signature, std::size_t kCapacity = 48>
class InlineFunction;

template <typename R, typename... Args, std::size_t kCapacity>
class InlineFunction<R(Args...), kCapacity> {
 public:
  InlineFunction() = default;
  InlineFunction(std::nullptr_t) {}

  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, InlineFunction> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  InlineFunction(F&& function) {
    using Stored = std::remove_cvref_t<F>;
    static_assert(sizeof(Stored) <= kCapacity, "captures too much: keep a pointer to it instead");
    static_assert(alignof(Stored) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<Stored>);
    new (storage_) Stored(std::forward<F>(function));
    call_ = [](void* stored, Args... args) -> R {
      return (*static_cast<Stored*>(stored))(std::forward<Args>(args)...);
    };
    relocate_ = [](void* from, void* to) {
      auto* stored = static_cast<Stored*>(from);
      if (to != nullptr) new (to) Stored(std::move(*stored));
      stored->~Stored();
    };
  }

  InlineFunction(InlineFunction&& other) noexcept { take(other); }
  InlineFunction& operator=(InlineFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~InlineFunction() { reset(); }

  [[nodiscard]] explicit operator bool() const { return call_ != nullptr; }
  R operator()(Args... args) { return call_(storage_, std::forward<Args>(args)...); }

  void reset() {
    if (relocate_ != nullptr) relocate_(storage_, nullptr);
    call_ = nullptr;
    relocate_ = nullptr;
  }

 private:
  void take(InlineFunction& other) {
    if (other.relocate_ != nullptr) other.relocate_(other.storage_, storage_);
    call_ = std::exchange(other.call_, nullptr);
    relocate_ = std::exchange(other.relocate_, nullptr);
  }

  R (*call_)(void*, Args...) = nullptr;
  void (*relocate_)(void* from, void* to) = nullptr;  // to == nullptr: destroy only
  alignas(std::max_align_t) std::byte storage_[kCapacity];
};

}  // namespace strata

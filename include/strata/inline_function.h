// SPDX-License-Identifier: Apache-2.0
// InlineFunction: a move-only callable kept in place, so that storing one never allocates.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace strata {

// What is known of a stored callable: one constant for each type.
template <typename R, typename... Args>
struct StoredFunction {
  R (*call)(void* stored, Args... args);
  void (*relocate)(void* from, void* to);  // to == nullptr: destroy only
  std::size_t size;
};

template <typename Signature, std::size_t kCapacity = 48>
class InlineFunction;

template <typename R, typename... Args, std::size_t kCapacity>
class InlineFunction<R(Args...), kCapacity> {
  static constexpr std::size_t kAlignment =
      kCapacity < alignof(std::max_align_t) ? alignof(void*) : alignof(std::max_align_t);

 public:
  InlineFunction() = default;
  InlineFunction(std::nullptr_t) {}

  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, InlineFunction> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  InlineFunction(F&& function) {
    using Stored = std::remove_cvref_t<F>;
    static_assert(sizeof(Stored) <= kCapacity, "captures too much: keep a pointer to it instead");
    static_assert(alignof(Stored) <= kAlignment);
    static_assert(std::is_nothrow_move_constructible_v<Stored>);
    new (storage_) Stored(std::forward<F>(function));
    kind_ = &kKind<Stored>;
  }

  InlineFunction(InlineFunction&& other) noexcept { take(other); }
  InlineFunction& operator=(InlineFunction&& other) noexcept {
    if (this != &other) {
      // What was there ends last: it may own whom this belongs to.
      const InlineFunction former(std::move(*this));
      take(other);
    }
    return *this;
  }
  ~InlineFunction() { reset(); }

  [[nodiscard]] explicit operator bool() const { return kind_ != nullptr; }
  R operator()(Args... args) { return kind_->call(storage_, std::forward<Args>(args)...); }

  void reset() {
    // Empty before that is destroyed which may come back to this.
    if (const Kind* kind = std::exchange(kind_, nullptr)) kind->relocate(storage_, nullptr);
  }

  // What stands in a larger one, if it fits; else it stays there, and nothing changes here.
  template <std::size_t kOther>
    requires(kOther > kCapacity)
  [[nodiscard]] bool try_take(InlineFunction<R(Args...), kOther>& other) {
    // A size is a multiple of the alignment: what is small needs none that is not here.
    static_assert(kCapacity == sizeof(void*));
    if (other.kind_ != nullptr && other.kind_->size > kCapacity) return false;
    reset();
    take(other);
    return true;
  }

 private:
  template <typename Signature, std::size_t kOther>
  friend class InlineFunction;
  using Kind = StoredFunction<R, Args...>;

  template <typename Stored>
  static constexpr Kind kKind{.call = [](void* stored, Args... args) -> R {
                                return (*static_cast<Stored*>(stored))(std::forward<Args>(args)...);
                              },
                              .relocate =
                                  [](void* from, void* to) {
                                    auto* stored = static_cast<Stored*>(from);
                                    if (to != nullptr) new (to) Stored(std::move(*stored));
                                    stored->~Stored();
                                  },
                              .size = sizeof(Stored)};

  template <std::size_t kOther>
  void take(InlineFunction<R(Args...), kOther>& other) {
    if (other.kind_ != nullptr) other.kind_->relocate(other.storage_, storage_);
    kind_ = std::exchange(other.kind_, nullptr);
  }

  const Kind* kind_ = nullptr;
  alignas(kAlignment) std::byte storage_[kCapacity];
};

}  // namespace strata

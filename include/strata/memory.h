// SPDX-License-Identifier: Apache-2.0
// Where ranks 0 to 3 get their memory: from whoever built the stack, never from operator new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace strata {

class Memory {
 public:
  // Null when there is no more. `alignment` is a power of two.
  [[nodiscard]] virtual void* allocate(std::size_t bytes, std::size_t alignment) = 0;
  virtual void release(void* block, std::size_t bytes, std::size_t alignment) = 0;

 protected:
  ~Memory() = default;  // nobody owns a Memory through this face, so firmware needs no delete
};

// The C library's heap below a limit: what hosted programs use.
class HeapMemory final : public Memory {
 public:
  explicit HeapMemory(std::size_t bytes_max = SIZE_MAX) : bytes_max_(bytes_max) {}
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) override;
  void release(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] std::size_t bytes_used() const { return bytes_used_; }

 private:
  std::size_t bytes_max_;
  std::size_t bytes_used_ = 0;
};

// One block handed out front to back and never taken back: what firmware uses.
class ArenaMemory final : public Memory {
 public:
  explicit ArenaMemory(std::span<std::byte> block) : block_(block) {}
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) override;
  void release(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] std::size_t bytes_used() const { return used_; }

 private:
  std::span<std::byte> block_;
  std::size_t used_ = 0;
};

}  // namespace strata

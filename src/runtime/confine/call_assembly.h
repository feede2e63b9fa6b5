// SPDX-License-Identifier: Apache-2.0
// CallAssembly: a seccomp filter, written call by call.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

//   CallAssembly code;
//   code.load(offsetof(seccomp_data, nr));
//   code.begin_call(__NR_socket);
//   code.load(low_half(0));
//   code.answer_if(AF_UNIX, SECCOMP_RET_ALLOW);
//   code.end_call(SECCOMP_RET_ERRNO | EPERM);  // what is left of socket()
//   code.answer(SECCOMP_RET_ALLOW);            // all others
//   std::vector<sock_filter> program = code.take();

namespace strata::runtime {

// Arguments are 64 bits wide and read in halves.
constexpr std::uint32_t low_half(unsigned argument) {
  const std::size_t half = std::endian::native == std::endian::little ? 0 : 4;
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * 8 + half);
}
constexpr std::uint32_t high_half(unsigned argument) {
  const std::size_t half = std::endian::native == std::endian::little ? 4 : 0;
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * 8 + half);
}

class CallAssembly {
 public:
  void load(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  void keep_bits(std::uint32_t mask) { add(BPF_ALU | BPF_AND | BPF_K, mask); }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
  // Answers when what was loaded is `value`.
  void answer_if(std::uint32_t value, std::uint32_t action) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    answer(action);
  }
  void answer_unless(std::uint32_t value, std::uint32_t action) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    answer(action);
  }
  void answer_if_any_of(std::uint32_t bits, std::uint32_t action) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    answer(action);
  }
  // What follows is for the call `number` alone, up to end_call(), which says what becomes of what
  // is left of it.
  void begin_call(std::uint32_t number) {
    begin_ = program_.size();
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0));
  }
  void end_call(std::uint32_t action) {
    answer(action);
    program_[begin_].jf = static_cast<std::uint8_t>(program_.size() - begin_ - 1);
  }
  [[nodiscard]] std::vector<sock_filter> take() { return std::move(program_); }

 private:
  void add(std::uint16_t code, std::uint32_t k) { program_.push_back(BPF_STMT(code, k)); }

  std::vector<sock_filter> program_;
  std::size_t begin_ = 0;
};

}  // namespace strata::runtime

// SPDX-License-Identifier: Apache-2.0
// The few calls of bpf(2) that a device needs, and a small assembler for its program.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "driver/descriptor.h"

namespace strata::driver::xdp {

// What the kernel said: an errno, and for a program its verifier's last line.
struct BpfError {
  int error = 0;
  std::string detail;
};

// A map from queue numbers to AF_XDP sockets.
[[nodiscard]] std::expected<Descriptor, BpfError> make_socket_map(std::uint32_t queues);
[[nodiscard]] int put_socket(const Descriptor& map, std::uint32_t queue,
                             int socket);  // errno, or 0
[[nodiscard]] std::expected<Descriptor, BpfError> load_program(std::span<const bpf_insn> code,
                                                               bool knows_fragments);
// The program runs on the interface for as long as the link is open, in whichever process. `flags`
// are XDP_FLAGS_*.
[[nodiscard]] std::expected<Descriptor, BpfError> attach_program(const Descriptor& program,
                                                                 unsigned interface,
                                                                 std::uint32_t flags);
// What the program says of a frame, without any interface.
[[nodiscard]] std::expected<std::uint32_t, BpfError> run_program(const Descriptor& program,
                                                                 std::span<const std::byte> frame);

// Registers by their number, as the kernel has them: 0 the answer, 1 to 5 arguments.
enum class Register : std::uint8_t { k0, k1, k2, k3, k4, k5, k6, k7, k8, k9 };

// Puts instructions one behind the other. Jumps go forward only, to labels that are bound later.
class Assembler {
 public:
  using Label = std::size_t;

  [[nodiscard]] Label label();
  void bind(Label label);

  void move(Register to, Register from);
  void move(Register to, std::int32_t value);
  void add(Register to, std::int32_t value);
  void add(Register to, Register value);
  void shift_left(Register to, std::int32_t bits);
  void bit_and(Register to, std::int32_t value);
  // Of the width of T, in the byte order of the machine.
  template <typename T>
  void load(Register to, Register base, std::int16_t offset) {
    emit_load(sizeof(T), to, base, offset);
  }
  void load_map(Register to, const Descriptor& map);
  void call(std::int32_t helper);
  void exit();

  void jump(Label to);
  void jump_if_above(Register left, Register right, Label to);  // 64 bits, as pointers have
  // These compare 32 bits.
  void jump_if_equal(Register left, std::uint32_t right, Label to);
  void jump_if_not(Register left, std::uint32_t right, Label to);
  void jump_if_below(Register left, std::uint32_t right, Label to);
  void jump_if_over(Register left, std::uint32_t right, Label to);

  // All labels must be bound.
  [[nodiscard]] std::vector<bpf_insn> take();

 private:
  struct Jump {
    std::size_t from;
    Label to;
  };
  void emit(unsigned code, Register to, Register from, std::int16_t offset, std::int32_t value);
  void emit_load(std::size_t bytes, Register to, Register base, std::int16_t offset);
  void emit_jump(unsigned code, Register left, Register right, std::uint32_t value, Label to);

  std::vector<bpf_insn> code_;
  std::vector<Jump> jumps_;
  std::vector<std::size_t> labels_;
};

}  // namespace strata::driver::xdp

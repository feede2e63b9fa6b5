// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "strata/check.h"

namespace strata::driver::xdp {
namespace {

constexpr std::uint32_t kKnowsFragments = 1U << 5U;  // BPF_F_XDP_HAS_FRAGS, Linux 5.18
constexpr char kLicense[] = "Apache-2.0";

constexpr unsigned opcode(unsigned kind, unsigned what, unsigned how) { return kind | what | how; }

std::uint64_t pointer(const void* to) { return reinterpret_cast<std::uintptr_t>(to); }

// A descriptor or another number; negative with errno set.
int call_kernel(bpf_cmd command, bpf_attr& attributes) {
  long result = 0;
  do {
    result = ::syscall(SYS_bpf, command, &attributes, sizeof(attributes));
  } while (result < 0 && errno == EAGAIN && command == BPF_PROG_LOAD);
  return static_cast<int>(result);
}

std::expected<Descriptor, BpfError> descriptor_of(int result) {
  if (result < 0) return std::unexpected(BpfError{errno, ""});
  return Descriptor(result);
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

std::expected<Descriptor, BpfError> make_socket_map(std::uint32_t queues) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_XSKMAP;
  attributes.key_size = sizeof(std::uint32_t);
  attributes.value_size = sizeof(std::uint32_t);
  attributes.max_entries = queues;
  return descriptor_of(call_kernel(BPF_MAP_CREATE, attributes));
}

int put_socket(const Descriptor& map, std::uint32_t queue, int socket) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(map.get());
  attributes.key = pointer(&queue);
  attributes.value = pointer(&socket);
  return call_kernel(BPF_MAP_UPDATE_ELEM, attributes) == 0 ? 0 : errno;
}

std::expected<Descriptor, BpfError> load_program(std::span<const bpf_insn> code,
                                                 bool knows_fragments) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.expected_attach_type = BPF_XDP;
  attributes.insns = pointer(code.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(code.size());
  attributes.license = pointer(kLicense);
  attributes.prog_flags = knows_fragments ? kKnowsFragments : 0;
  std::memcpy(attributes.prog_name, "strata", 6);
  auto program = descriptor_of(call_kernel(BPF_PROG_LOAD, attributes));
  if (program || program.error().error == EPERM) return program;
  // Once more, to hear why.
  std::string log(64U << 10U, '\0');
  attributes.log_level = 1;
  attributes.log_buf = pointer(log.data());
  attributes.log_size = static_cast<std::uint32_t>(log.size());
  auto again = descriptor_of(call_kernel(BPF_PROG_LOAD, attributes));
  if (again) return again;
  return std::unexpected(BpfError{again.error().error, last_line(log.c_str())});
}

std::expected<Descriptor, BpfError> attach_program(const Descriptor& program, unsigned interface,
                                                   std::uint32_t flags) {
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
  attributes.link_create.target_ifindex = interface;
  attributes.link_create.attach_type = BPF_XDP;
  attributes.link_create.flags = flags;
  return descriptor_of(call_kernel(BPF_LINK_CREATE, attributes));
}

std::expected<std::uint32_t, BpfError> run_program(const Descriptor& program,
                                                   std::span<const std::byte> frame) {
  bpf_attr attributes{};
  attributes.test.prog_fd = static_cast<std::uint32_t>(program.get());
  attributes.test.data_in = pointer(frame.data());
  attributes.test.data_size_in = static_cast<std::uint32_t>(frame.size());
  if (call_kernel(BPF_PROG_TEST_RUN, attributes) != 0) {
    return std::unexpected(BpfError{errno, ""});
  }
  return attributes.test.retval;
}

Assembler::Label Assembler::label() {
  labels_.push_back(SIZE_MAX);
  return labels_.size() - 1;
}

void Assembler::bind(Label label) { labels_[label] = code_.size(); }

void Assembler::emit(unsigned code, Register to, Register from, std::int16_t offset,
                     std::int32_t value) {
  bpf_insn instruction{};
  instruction.code = static_cast<std::uint8_t>(code);
  instruction.dst_reg = static_cast<std::uint8_t>(to) & 0xfU;
  instruction.src_reg = static_cast<std::uint8_t>(from) & 0xfU;
  instruction.off = offset;
  instruction.imm = value;
  code_.push_back(instruction);
}

void Assembler::move(Register to, Register from) {
  emit(opcode(BPF_ALU64, BPF_MOV, BPF_X), to, from, 0, 0);
}
void Assembler::move(Register to, std::int32_t value) {
  emit(opcode(BPF_ALU64, BPF_MOV, BPF_K), to, Register::k0, 0, value);
}
void Assembler::add(Register to, std::int32_t value) {
  emit(opcode(BPF_ALU64, BPF_ADD, BPF_K), to, Register::k0, 0, value);
}
void Assembler::add(Register to, Register value) {
  emit(opcode(BPF_ALU64, BPF_ADD, BPF_X), to, value, 0, 0);
}
void Assembler::shift_left(Register to, std::int32_t bits) {
  emit(opcode(BPF_ALU64, BPF_LSH, BPF_K), to, Register::k0, 0, bits);
}
void Assembler::bit_and(Register to, std::int32_t value) {
  emit(opcode(BPF_ALU64, BPF_AND, BPF_K), to, Register::k0, 0, value);
}

void Assembler::emit_load(std::size_t bytes, Register to, Register base, std::int16_t offset) {
  const unsigned width = bytes == 1 ? BPF_B : bytes == 2 ? BPF_H : BPF_W;
  emit(opcode(BPF_LDX, BPF_MEM, width), to, base, offset, 0);
}

// The only instruction of two: the second holds the upper half of the number.
void Assembler::load_map(Register to, const Descriptor& map) {
  emit(opcode(BPF_LD, BPF_DW, BPF_IMM), to, static_cast<Register>(BPF_PSEUDO_MAP_FD), 0, map.get());
  emit(0, Register::k0, Register::k0, 0, 0);
}

void Assembler::call(std::int32_t helper) {
  emit(BPF_JMP | BPF_CALL, Register::k0, Register::k0, 0, helper);
}

void Assembler::exit() { emit(BPF_JMP | BPF_EXIT, Register::k0, Register::k0, 0, 0); }

void Assembler::emit_jump(unsigned code, Register left, Register right, std::uint32_t value,
                          Label to) {
  jumps_.push_back({code_.size(), to});
  emit(code, left, right, 0, static_cast<std::int32_t>(value));
}

void Assembler::jump(Label to) { emit_jump(BPF_JMP | BPF_JA, Register::k0, Register::k0, 0, to); }
void Assembler::jump_if_above(Register left, Register right, Label to) {
  emit_jump(opcode(BPF_JMP, BPF_JGT, BPF_X), left, right, 0, to);
}
void Assembler::jump_if_equal(Register left, std::uint32_t right, Label to) {
  emit_jump(opcode(BPF_JMP32, BPF_JEQ, BPF_K), left, Register::k0, right, to);
}
void Assembler::jump_if_not(Register left, std::uint32_t right, Label to) {
  emit_jump(opcode(BPF_JMP32, BPF_JNE, BPF_K), left, Register::k0, right, to);
}
void Assembler::jump_if_below(Register left, std::uint32_t right, Label to) {
  emit_jump(opcode(BPF_JMP32, BPF_JLT, BPF_K), left, Register::k0, right, to);
}
void Assembler::jump_if_over(Register left, std::uint32_t right, Label to) {
  emit_jump(opcode(BPF_JMP32, BPF_JGT, BPF_K), left, Register::k0, right, to);
}

std::vector<bpf_insn> Assembler::take() {
  for (const Jump& jump : jumps_) {
    const std::size_t to = labels_[jump.to];
    STRATA_CHECK(to > jump.from && to - jump.from - 1 <= INT16_MAX);
    code_[jump.from].off = static_cast<std::int16_t>(to - jump.from - 1);
  }
  return std::move(code_);
}

}  // namespace strata::driver::xdp

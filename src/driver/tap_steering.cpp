// SPDX-License-Identifier: Apache-2.0
#include "driver/tap_steering.h"

#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "base/toeplitz.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/ip_protocol.h"

namespace strata::driver {
namespace {

constexpr int kEthernetBytes = 14;

// Writes instructions; jumps go forward to labels that are placed later.
class Assembler {
 public:
  using Label = std::size_t;

  [[nodiscard]] Label make_label() {
    labels_.push_back(0);
    return labels_.size() - 1;
  }
  void place(Label label) { labels_[label] = program_.size(); }

  // The packet's bytes, in the order of the network; a place behind its end ends the program with
  // 0.
  void load(std::uint8_t size, int at) { add(BPF_LD | BPF_ABS | size, 0, 0, 0, at); }
  void load_behind(std::uint8_t size, std::uint8_t source, int at) {
    add(BPF_LD | BPF_IND | size, 0, source, 0, at);
  }
  void copy(std::uint8_t to, std::uint8_t from) {
    add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
  }
  void set(std::uint8_t to, int value) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
  void exclusive_or(std::uint8_t to, std::uint8_t from) {
    add(BPF_ALU64 | BPF_XOR | BPF_X, to, from, 0, 0);
  }
  void mask(std::uint8_t to, int value) { add(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, value); }
  void shift_right(std::uint8_t to, int bits) { add(BPF_ALU64 | BPF_RSH | BPF_K, to, 0, 0, bits); }
  void shift_left(std::uint8_t to, int bits) { add(BPF_ALU64 | BPF_LSH | BPF_K, to, 0, 0, bits); }
  void multiply(std::uint8_t to, int by) { add(BPF_ALU64 | BPF_MUL | BPF_K, to, 0, 0, by); }
  void exit() { add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

  void jump(Label to) { jump_if(BPF_JA, 0, 0, to); }
  void jump_if(std::uint8_t condition, std::uint8_t value, int with, Label to) {
    jumps_.push_back({program_.size(), to});
    add(static_cast<std::uint8_t>(BPF_JMP | condition | BPF_K), value, 0, 0, with);
  }

  [[nodiscard]] std::vector<bpf_insn> finish() {
    for (const Jump& jump : jumps_) {
      program_[jump.at].off = static_cast<std::int16_t>(labels_[jump.to] - jump.at - 1);
    }
    return program_;
  }

 private:
  struct Jump {
    std::size_t at;
    Label to;
  };

  void add(int code, std::uint8_t destination, std::uint8_t source, std::int16_t offset,
           int value) {
    bpf_insn instruction{};
    instruction.code = static_cast<std::uint8_t>(code);
    instruction.dst_reg = destination & 0xfU;
    instruction.src_reg = source & 0xfU;
    instruction.off = offset;
    instruction.imm = value;
    program_.push_back(instruction);
  }

  std::vector<bpf_insn> program_;
  std::vector<std::size_t> labels_;
  std::vector<Jump> jumps_;
};

// Loads give their value in 0 and want the context in 6; 1 to 5 do not survive them.
constexpr std::uint8_t kValue = 0;
constexpr std::uint8_t kContext = 6;
constexpr std::uint8_t kFold = 7;
constexpr std::uint8_t kHeaderBytes = 8;
constexpr std::uint8_t kHash = 9;

// The exclusive or of `words` words from `at`.
void fold_words(Assembler& code, int at, int words) {
  code.set(kFold, 0);
  for (int i = 0; i < words; ++i) {
    code.load(BPF_W, at + 4 * i);
    code.exclusive_or(kFold, kValue);
  }
}

// SymmetricToeplitz::hash, of which the lower seven bits are wanted.
void hash_fold(Assembler& code) {
  constexpr unsigned kPattern = SymmetricToeplitz::kUsualPattern;
  code.copy(kValue, kFold);
  code.shift_right(kValue, 16);
  code.exclusive_or(kFold, kValue);
  code.set(kHash, 0);
  for (unsigned bit = 0; bit < 16; ++bit) {
    const unsigned turned = (kPattern << bit | kPattern >> (16 - bit)) & 0x7fU;
    code.copy(kValue, kFold);
    code.shift_right(kValue, static_cast<int>(15 - bit));
    code.mask(kValue, 1);
    // By multiplying: of a mask of ones the verifier would follow both outcomes, sixteen times.
    code.multiply(kValue, static_cast<int>(turned));
    code.exclusive_or(kHash, kValue);
  }
  code.copy(kValue, kHash);
  code.exit();
}

void jump_if_ports(Assembler& code, Assembler::Label ports) {
  code.jump_if(BPF_JEQ, kValue, wire::kIpProtocolTcp, ports);
  code.jump_if(BPF_JEQ, kValue, wire::kIpProtocolUdp, ports);
}

}  // namespace

std::vector<bpf_insn> steering_program(Medium medium) {
  Assembler code;
  const int ip = medium == Medium::kEthernet ? kEthernetBytes : 0;
  const Assembler::Label v4 = code.make_label();
  const Assembler::Label v6 = code.make_label();
  const Assembler::Label ports = code.make_label();
  const Assembler::Label hash = code.make_label();
  const Assembler::Label front = code.make_label();
  code.copy(kContext, 1);
  if (medium == Medium::kEthernet) {
    code.load(BPF_H, 12);
    code.jump_if(BPF_JEQ, kValue, wire::kEtherTypeIpv4, v4);
    code.jump_if(BPF_JEQ, kValue, wire::kEtherTypeIpv6, v6);
  } else {
    code.load(BPF_B, 0);
    code.shift_right(kValue, 4);
    code.jump_if(BPF_JEQ, kValue, 4, v4);
    code.jump_if(BPF_JEQ, kValue, 6, v6);
  }
  code.jump(front);

  code.place(v4);
  code.load(BPF_B, ip + 16);
  code.jump_if(BPF_JGE, kValue, 224, front);  // groups and broadcasts
  code.load(BPF_B, ip);
  code.mask(kValue, 0xf);
  code.shift_left(kValue, 2);
  code.copy(kHeaderBytes, kValue);
  fold_words(code, ip + 12, 2);
  code.load(BPF_H, ip + 6);
  code.mask(kValue, 0x3fff);  // more fragments, and where this one lies
  code.jump_if(BPF_JNE, kValue, 0, hash);
  code.load(BPF_B, ip + 9);
  jump_if_ports(code, ports);
  code.jump(front);

  code.place(v6);
  code.load(BPF_B, ip + 24);
  code.jump_if(BPF_JEQ, kValue, 0xff, front);
  fold_words(code, ip + 8, 8);
  code.set(kHeaderBytes, 40);
  code.load(BPF_B, ip + 6);
  jump_if_ports(code, ports);
  code.jump_if(BPF_JEQ, kValue, wire::kIpProtocolFragment, hash);
  code.jump(front);

  code.place(ports);
  code.load_behind(BPF_W, kHeaderBytes, ip);
  code.exclusive_or(kFold, kValue);
  code.place(hash);
  hash_fold(code);

  code.place(front);
  code.set(kValue, 0);
  code.exit();
  return code.finish();
}

bool steer_queues(int descriptor, Medium medium) {
  const std::vector<bpf_insn> program = steering_program(medium);
  constexpr char kLicense[] = "Apache-2.0";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = reinterpret_cast<std::uintptr_t>(kLicense);
  const long loaded = ::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
  if (loaded < 0) return false;
  int filter = static_cast<int>(loaded);
  const bool is_given = ::ioctl(descriptor, TUNSETSTEERINGEBPF, &filter) == 0;
  ::close(filter);  // the device keeps it
  return is_given;
}

}  // namespace strata::driver

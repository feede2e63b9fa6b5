// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/steering.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "driver/xdp/bpf.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"

namespace strata::driver::xdp {
namespace {

// The frame begins at kFrame and ends at kEnd. Tags move kFrame forward, so that IP lies 14 bytes
// behind it in any case.
constexpr Register kContext = Register::k6;
constexpr Register kFrame = Register::k2;
constexpr Register kEnd = Register::k3;
constexpr Register kLimit = Register::k4;  // free once a length is proved
constexpr Register kValue = Register::k5;

constexpr std::int16_t kType = 12;
constexpr std::int16_t kNetwork = 14;
constexpr std::int16_t kTagBytes = 4;
constexpr std::uint16_t kCustomerTag = 0x8100;  // IEEE 802.1Q 9.6
constexpr std::uint16_t kServiceTag = 0x88a8;
constexpr int kTagsMax = 2;

// RFC 826.
constexpr std::int16_t kArpBytes = 28;
constexpr std::int16_t kArpProtocol = kNetwork + 2;
constexpr std::int16_t kArpTarget = kNetwork + 24;
// RFC 791 3.1.
constexpr std::int16_t kIpv4Bytes = 20;
constexpr std::int16_t kIpv4Fragment = kNetwork + 6;
constexpr std::int16_t kIpv4Protocol = kNetwork + 9;
constexpr std::int16_t kIpv4Destination = kNetwork + 16;
constexpr std::uint16_t kMoreOrOffset = 0x3fff;
// RFC 8200 3.
constexpr std::int16_t kIpv6Bytes = 40;
constexpr std::int16_t kIpv6NextHeader = kNetwork + 6;
constexpr std::int16_t kIpv6Destination = kNetwork + 24;
// RFC 4861 4.3, 4.4.
constexpr std::int16_t kNdBytes = 24;
constexpr std::int16_t kNdTarget = kNetwork + kIpv6Bytes + 8;
constexpr std::uint32_t kSolicitation = 135;
constexpr std::uint32_t kAdvertisement = 136;
constexpr std::int16_t kPortBytes = 4;

// What a load of two bytes off the wire finds.
std::uint32_t on_wire(std::uint16_t value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

// ... and of four, from an address.
std::uint32_t word_of(const IpAddress& address, std::size_t word) {
  std::uint32_t value = 0;
  std::memcpy(&value, address.bytes().data() + word * sizeof(value), sizeof(value));
  return value;
}

class Program {
 public:
  explicit Program(const Steering& steering) : steering_(steering) {}

  // The jump targets `ours` and `kernels` are left to the caller. The verifier refuses instructions
  // that nothing leads to, so that each is written where something does.
  void write() {
    code.move(kContext, Register::k1);
    if (takes_all()) return code.jump(ours);
    code.load<std::uint32_t>(kFrame, kContext, offsetof(xdp_md, data));
    code.load<std::uint32_t>(kEnd, kContext, offsetof(xdp_md, data_end));
    need(kNetwork);
    code.load<std::uint16_t>(kValue, kFrame, kType);
    skip_tags();
    const auto arp = code.label(), v4 = code.label(), v6 = code.label();
    code.jump_if_equal(kValue, on_wire(wire::kEtherTypeIpv4), v4);
    code.jump_if_equal(kValue, on_wire(wire::kEtherTypeIpv6), v6);
    if (steering_.ports.empty()) code.jump_if_equal(kValue, on_wire(wire::kEtherTypeArp), arp);
    code.jump(kernels);
    code.bind(v4);
    write_v4();
    code.bind(v6);
    write_v6();
    code.bind(arp);
    if (steering_.ports.empty()) write_arp();
  }

  // Addresses were given, and none of this family: all of it is the kernel's.
  [[nodiscard]] bool is_foreign(bool is_v4) const {
    return !steering_.addresses.empty() &&
           std::ranges::none_of(steering_.addresses,
                                [&](const IpAddress& one) { return one.is_v4() == is_v4; });
  }

  [[nodiscard]] bool takes_all() const {
    return steering_.addresses.empty() && steering_.ports.empty();
  }

  Assembler code;
  Assembler::Label ours = code.label();
  Assembler::Label kernels = code.label();

 private:
  // The kernel's, unless the frame has this many bytes.
  void need(std::int16_t bytes) {
    code.move(kLimit, kFrame);
    code.add(kLimit, bytes);
    code.jump_if_above(kLimit, kEnd, kernels);
  }

  void skip_tags() {
    const auto done = code.label();
    for (int tag = 0; tag < kTagsMax; ++tag) {
      const auto tagged = code.label();
      code.jump_if_equal(kValue, on_wire(kCustomerTag), tagged);
      code.jump_if_not(kValue, on_wire(kServiceTag), done);
      code.bind(tagged);
      need(kNetwork + kTagBytes);
      code.load<std::uint16_t>(kValue, kFrame, kType + kTagBytes);
      code.add(kFrame, kTagBytes);
    }
    code.bind(done);
  }

  // Jumps to `match` if the four bytes at `offset` are an address of ours.
  void compare_v4(std::int16_t offset, Assembler::Label match) {
    code.load<std::uint32_t>(kValue, kFrame, offset);
    for (const IpAddress& address : steering_.addresses) {
      if (address.is_v4()) code.jump_if_equal(kValue, word_of(address, 3), match);
    }
  }

  void compare_v6(std::int16_t offset, Assembler::Label match) {
    constexpr Register kWords[] = {Register::k0, Register::k1, kLimit, kValue};
    for (std::int16_t word = 0; word < 4; ++word) {
      code.load<std::uint32_t>(kWords[word], kFrame, static_cast<std::int16_t>(offset + word * 4));
    }
    for (const IpAddress& address : steering_.addresses) {
      if (address.is_v4()) continue;
      const auto other = code.label();
      for (std::size_t word = 0; word < 3; ++word) {
        code.jump_if_not(kWords[word], word_of(address, word), other);
      }
      code.jump_if_equal(kWords[3], word_of(address, 3), match);
      code.bind(other);
    }
  }

  void write_arp() {
    need(kNetwork + kArpBytes);
    code.load<std::uint16_t>(kValue, kFrame, kArpProtocol);
    code.jump_if_not(kValue, on_wire(wire::kEtherTypeIpv4), kernels);
    compare_v4(kArpTarget, ours);
    code.jump(kernels);
  }

  void write_v4() {
    if (is_foreign(true)) return code.jump(kernels);
    need(kNetwork + kIpv4Bytes);
    const auto match = code.label();
    if (!steering_.addresses.empty()) {
      compare_v4(kIpv4Destination, steering_.ports.empty() ? ours : match);
      code.jump(kernels);
    }
    code.bind(match);
    if (steering_.ports.empty()) return;
    code.load<std::uint8_t>(kValue, kFrame, kNetwork);
    code.jump_if_not(kValue, 0x45, kernels);
    code.load<std::uint16_t>(kValue, kFrame, kIpv4Fragment);
    code.bit_and(kValue, static_cast<std::int32_t>(on_wire(kMoreOrOffset)));
    code.jump_if_not(kValue, 0, kernels);
    write_ports(kIpv4Protocol, kNetwork + kIpv4Bytes);
  }

  void write_v6() {
    if (is_foreign(false)) return code.jump(kernels);
    need(kNetwork + kIpv6Bytes);
    const auto match = code.label();
    if (!steering_.addresses.empty()) {
      compare_v6(kIpv6Destination, steering_.ports.empty() ? ours : match);
      if (steering_.ports.empty()) write_nd();
      code.jump(kernels);
    }
    code.bind(match);
    if (!steering_.ports.empty()) write_ports(kIpv6NextHeader, kNetwork + kIpv6Bytes);
  }

  void write_nd() {
    const auto other = code.label();
    const auto about = code.label();
    code.load<std::uint8_t>(kValue, kFrame, kIpv6NextHeader);
    code.jump_if_not(kValue, wire::kIpProtocolIcmpv6, other);
    need(kNetwork + kIpv6Bytes + kNdBytes);
    code.load<std::uint8_t>(kValue, kFrame, kNetwork + kIpv6Bytes);
    code.jump_if_equal(kValue, kSolicitation, about);
    code.jump_if_not(kValue, kAdvertisement, other);
    code.bind(about);
    compare_v6(kNdTarget, ours);
    code.bind(other);
  }

  void write_ports(std::int16_t protocol, std::int16_t transport) {
    const auto has_ports = code.label();
    code.load<std::uint8_t>(kValue, kFrame, protocol);
    code.jump_if_equal(kValue, wire::kIpProtocolTcp, has_ports);
    code.jump_if_not(kValue, wire::kIpProtocolUdp, kernels);
    code.bind(has_ports);
    need(static_cast<std::int16_t>(transport + kPortBytes));
    // Byte by byte into a number that can be compared with a range.
    code.load<std::uint8_t>(Register::k0, kFrame, static_cast<std::int16_t>(transport + 2));
    code.load<std::uint8_t>(kValue, kFrame, static_cast<std::int16_t>(transport + 3));
    code.shift_left(Register::k0, 8);
    code.add(kValue, Register::k0);
    for (const PortRange& range : steering_.ports) {
      const auto other = code.label();
      code.jump_if_below(kValue, range.first, other);
      code.jump_if_over(kValue, range.last, other);
      code.jump(ours);
      code.bind(other);
    }
    code.jump(kernels);
  }

  const Steering& steering_;
};

void leave_to_kernel(Program& program) {
  if (program.takes_all()) return;
  program.code.bind(program.kernels);
  program.code.move(Register::k0, XDP_PASS);
  program.code.exit();
}

}  // namespace

std::vector<bpf_insn> make_program(const Steering& steering, const Descriptor& sockets) {
  Program program(steering);
  program.write();
  Assembler& code = program.code;
  code.bind(program.ours);
  code.load_map(Register::k1, sockets);
  code.load<std::uint32_t>(Register::k2, kContext, offsetof(xdp_md, rx_queue_index));
  code.move(Register::k3, XDP_PASS);  // what happens on a queue without a socket
  code.call(BPF_FUNC_redirect_map);
  code.exit();
  leave_to_kernel(program);
  return code.take();
}

std::vector<bpf_insn> make_verdicts(const Steering& steering) {
  Program program(steering);
  program.write();
  Assembler& code = program.code;
  code.bind(program.ours);
  code.move(Register::k0, XDP_TX);
  code.exit();
  leave_to_kernel(program);
  return code.take();
}

}  // namespace strata::driver::xdp

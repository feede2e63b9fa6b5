// SPDX-License-Identifier: Apache-2.0
#include "driver/tap_steering.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "base/flow_share.h"
#include "strata/rng.h"
#include "support/frames.h"
#include "support/tcp_frames.h"

namespace strata::driver::tap_steering_test {
namespace {

using support::Frame;

constexpr MacAddress kOurs = MacAddress::from_value(0x0200'0000'0001);
constexpr MacAddress kTheirs = MacAddress::from_value(0x0200'0000'0002);

// As the kernel runs them: bytes behind the packet's end make the program answer 0.
class Machine {
 public:
  explicit Machine(Medium medium) : program_(steering_program(medium)) {}

  std::uint32_t run(Bytes packet) const {
    std::array<std::uint64_t, 11> r{};
    for (std::size_t at = 0; at < program_.size(); ++at) {
      const bpf_insn& i = program_[at];
      const auto constant = static_cast<std::uint64_t>(std::int64_t{i.imm});
      switch (i.code) {
        case BPF_ALU64 | BPF_MOV | BPF_X: r[i.dst_reg] = r[i.src_reg]; break;
        case BPF_ALU64 | BPF_MOV | BPF_K: r[i.dst_reg] = constant; break;
        case BPF_ALU64 | BPF_XOR | BPF_X: r[i.dst_reg] ^= r[i.src_reg]; break;
        case BPF_ALU64 | BPF_AND | BPF_K: r[i.dst_reg] &= constant; break;
        case BPF_ALU64 | BPF_MUL | BPF_K: r[i.dst_reg] *= constant; break;
        case BPF_ALU64 | BPF_RSH | BPF_K: r[i.dst_reg] >>= constant; break;
        case BPF_ALU64 | BPF_LSH | BPF_K: r[i.dst_reg] <<= constant; break;
        case BPF_JMP | BPF_JA: at += static_cast<std::size_t>(i.off); break;
        case BPF_JMP | BPF_JEQ | BPF_K:
          if (r[i.dst_reg] == constant) at += static_cast<std::size_t>(i.off);
          break;
        case BPF_JMP | BPF_JNE | BPF_K:
          if (r[i.dst_reg] != constant) at += static_cast<std::size_t>(i.off);
          break;
        case BPF_JMP | BPF_JGE | BPF_K:
          if (r[i.dst_reg] >= constant) at += static_cast<std::size_t>(i.off);
          break;
        case BPF_JMP | BPF_EXIT: return static_cast<std::uint32_t>(r[0]);
        default: {
          const auto loaded = load(packet, i, r[i.src_reg]);
          if (!loaded) return 0;
          r[0] = *loaded;
          for (std::size_t lost = 1; lost <= 5; ++lost) r[lost] = 0xbad;
        }
      }
    }
    ADD_FAILURE() << "the program has no end";
    return 0;
  }

 private:
  static std::optional<std::uint64_t> load(Bytes packet, const bpf_insn& i, std::uint64_t behind) {
    const bool is_indirect = (i.code & 0xe0) == BPF_IND;
    EXPECT_TRUE((i.code & 0x07) == BPF_LD && (is_indirect || (i.code & 0xe0) == BPF_ABS));
    const std::size_t size = (i.code & 0x18) == BPF_W ? 4 : (i.code & 0x18) == BPF_H ? 2 : 1;
    const std::size_t at = static_cast<std::size_t>(i.imm) + (is_indirect ? behind : 0);
    if (at + size > packet.size()) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t k = 0; k < size; ++k) {
      value = value << 8U | std::to_integer<std::uint64_t>(packet[at + k]);
    }
    return value;
  }

  std::vector<bpf_insn> program_;
};

TEST(TapSteering, TheKernelComputesTheHomeThatWeCompute) {
  const Machine frames(Medium::kEthernet);
  const Machine packets(Medium::kIp);
  Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    const bool is_v4 = rng.next() % 2 == 0;
    const auto address = [&] {
      return is_v4 ? IpAddress::v4(static_cast<std::uint32_t>(rng.next() & 0x7fff'ffffU))
                   : IpAddress::v6(0xfd00'0000'0000'0000 | (rng.next() >> 8U), rng.next());
    };
    const Endpoint us{address(), static_cast<std::uint16_t>(rng.next())};
    const Endpoint them{address(), static_cast<std::uint16_t>(rng.next())};
    const Frame packet = rng.next() % 2 == 0 ? support::tcp_packet(them, us, {})
                                             : support::udp_packet(them, us, support::text("x"));
    for (const std::uint16_t queues : std::initializer_list<std::uint16_t>{2, 3, 4}) {
      const std::uint16_t home = FlowShare{.cores = queues}.home_of(us, them);
      EXPECT_EQ(packets.run(packet.all()) % queues, home);
      EXPECT_EQ(frames.run(support::ip_frame(kOurs, kTheirs, packet).all()) % queues, home);
    }
  }
}

TEST(TapSteering, OptionsOfIpv4AreStepped) {
  const Endpoint us{IpAddress::v4(10, 0, 0, 1), 80};
  const Endpoint them{IpAddress::v4(10, 0, 0, 2), 40001};
  const Frame packet = support::ipv4_packet(
      {.protocol = wire::kIpProtocolUdp, .source = them.address, .destination = us.address},
      support::udp_datagram(them, us, {}), support::bytes({1, 1, 1, 0}));
  EXPECT_EQ(Machine(Medium::kIp).run(packet.all()) % 4, FlowShare{.cores = 4}.home_of(us, them));
}

TEST(TapSteering, FragmentsGoByTheirAddresses) {
  const IpAddress us = IpAddress::v4(10, 0, 0, 1);
  const IpAddress them = IpAddress::v4(10, 0, 0, 2);
  for (const std::uint16_t offset : std::initializer_list<std::uint16_t>{0, 1480}) {
    const Frame packet = support::ipv4_packet({.more_fragments = offset == 0,
                                               .fragment_offset = offset,
                                               .protocol = wire::kIpProtocolUdp,
                                               .source = them,
                                               .destination = us},
                                              support::pattern(64));
    EXPECT_EQ(Machine(Medium::kIp).run(packet.all()) % 4, FlowShare{.cores = 4}.home_of(us, them));
  }
}

TEST(TapSteering, AllElseGoesToTheFirstQueue) {
  const Machine frames(Medium::kEthernet);
  const IpAddress us = IpAddress::v4(10, 0, 0, 1);
  const IpAddress them = IpAddress::v4(10, 0, 0, 2);
  EXPECT_EQ(frames.run(support::ethernet(kOurs, kTheirs, wire::kEtherTypeArp,
                                         support::arp_packet({.sender_mac = kTheirs,
                                                              .sender_ip = them,
                                                              .target_mac = {},
                                                              .target_ip = us}))
                           .all()),
            0U);
  EXPECT_EQ(frames.run(
                support::ip_frame(kOurs, kTheirs, support::echo_request(them, us, 1, 1, {})).all()),
            0U);
  const Frame group = support::udp_packet({them, 9}, {IpAddress::v4(239, 1, 1, 1), 9}, {});
  EXPECT_EQ(Machine(Medium::kIp).run(group.all()), 0U);
  const Frame whole =
      support::ip_frame(kOurs, kTheirs, support::tcp_packet({them, 9}, {us, 9}, {}));
  for (std::size_t size = 0; size < 38; ++size) EXPECT_EQ(frames.run(whole.all().first(size)), 0U);
}

}  // namespace
}  // namespace strata::driver::tap_steering_test

// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/ear.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "driver/frame.h"
#include "driver/partial_checksum.h"

namespace strata::driver::xdp {
namespace {

// What is for groups is short; longer frames are none of what we listen for.
constexpr std::size_t kFrameBytes = 2048;
constexpr std::uint32_t kAll = 0x4'0000;

constexpr sock_filter load_byte(std::uint32_t offset) {
  return {BPF_LD | BPF_B | BPF_ABS, 0, 0, offset};
}
constexpr sock_filter load_half(std::uint32_t offset) {
  return {BPF_LD | BPF_H | BPF_ABS, 0, 0, offset};
}
constexpr sock_filter answer(std::uint32_t bytes) { return {BPF_RET | BPF_K, 0, 0, bytes}; }
constexpr sock_filter jump(unsigned condition, std::uint32_t value, std::uint8_t if_so,
                           std::uint8_t if_not) {
  return {static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), if_so, if_not, value};
}

constexpr std::uint32_t kTagPresent =
    static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_VLAN_TAG_PRESENT;

// IEEE 802 8.2: the lowest bit of an address's first byte says that it is a group's.
constexpr std::array kGroupFilter{
    load_byte(kTagPresent),
    jump(BPF_JEQ, 0, 0, 2),
    load_byte(0),
    jump(BPF_JSET, 1, 1, 0),
    answer(0),
    answer(kAll),
};

// ARP, or ICMPv6 right behind IPv6 of the types 133 to 137 (RFC 4861 4).
constexpr std::array kNeighborFilter{
    load_byte(kTagPresent),
    jump(BPF_JEQ, 0, 0, 7),
    load_half(12),
    jump(BPF_JEQ, ETH_P_ARP, 8, 0),
    jump(BPF_JEQ, ETH_P_IPV6, 0, 4),
    load_byte(20),
    jump(BPF_JEQ, IPPROTO_ICMPV6, 0, 2),
    load_byte(54),
    jump(BPF_JGE, 133, 1, 0),
    answer(0),
    jump(BPF_JGT, 137, 0, 1),
    answer(0),
    answer(kAll),
};

bool set_filter(int socket, std::span<const sock_filter> code) {
  // The kernel does not write through the pointer, though its type would let it.
  const sock_fprog program{static_cast<unsigned short>(code.size()),
                           const_cast<sock_filter*>(code.data())};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

}  // namespace

std::expected<Ear, int> Ear::open(unsigned interface, Listening listening, bool finds_partials) {
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return std::unexpected(errno);
  const bool is_set = listening == Listening::kGroups ? set_filter(socket.get(), kGroupFilter)
                                                      : set_filter(socket.get(), kNeighborFilter);
  const int on = 1;
  // Linux before 4.20 does not know it; such frames are known by their direction.
  ::setsockopt(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(interface);
  if (!is_set ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::unexpected(errno);
  }
  return Ear(std::move(socket), finds_partials);
}

std::size_t Ear::receive(PacketPool& pool, PacketBatch& batch, Device::Counters& counters) {
  std::size_t count = 0;
  while (batch.room() != 0) {
    std::array<std::byte, kFrameBytes> bytes;
    sockaddr_ll address{};
    socklen_t length = sizeof(address);
    const ssize_t size = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&address), &length);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    ++count;
    const auto frame_bytes = static_cast<std::size_t>(size);
    if (address.sll_pkttype == PACKET_OUTGOING || frame_bytes > bytes.size()) continue;
    PacketPtr packet = make_frame(Bytes(bytes).first(frame_bytes), pool);
    if (packet == nullptr) {
      ++counters.pool_empty_drops;
      continue;
    }
    if (finds_partials_) note_partial_checksum(*packet);
    ++counters.received_packets;
    counters.received_bytes += packet->size();
    batch.push(std::move(packet));
  }
  return count;
}

}  // namespace strata::driver::xdp

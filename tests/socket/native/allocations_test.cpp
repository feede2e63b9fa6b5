// SPDX-License-Identifier: Apache-2.0
// Calls that move many messages, or one in parts, ask neither the heap nor the stack's memory.
#include <gtest/gtest.h>

#include <array>

#include "stack/counted_heap.h"
#include "strata/icmp_socket.h"
#include "strata/raw_socket.h"
#include "strata/udp_socket.h"
#include "support/bench.h"

namespace strata::allocations_test {
namespace {

using namespace support;

class Allocations : public testing::Test {
 protected:
  // `out` leaves four times in one call, and so often `arrival` waits to be had in one.
  template <typename Incoming, typename Outgoing, typename Socket>
  void expect_none(Socket& socket, const Outgoing& out, const Frame& arrival) {
    std::array<Outgoing, 4> outgoing{};
    outgoing.fill(out);
    std::array<Incoming, 8> incoming{};
    for (std::size_t i = 0; i < incoming.size(); ++i) incoming[i].buffer = buffers[i];
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 4; ++i) (void)host.exchange(arrival);
      const std::size_t heap_before = stack::heap_allocations();
      const std::size_t memory_before = host.memory.bytes_used();
      const auto sent = socket.send_batch(outgoing, host.now);
      const auto received = socket.receive_batch(incoming);
      const std::size_t of_heap = stack::heap_allocations() - heap_before;
      EXPECT_EQ(sent, 4U);
      EXPECT_EQ(received, 4U);
      if (round == 0) continue;  // the first ones may make tables
      EXPECT_EQ(of_heap, 0U);
      EXPECT_EQ(host.memory.bytes_used(), memory_before);
    }
  }
  [[nodiscard]] SendChoices to_peer() const { return {.destination = Endpoint{host.peer4, 9}}; }

  Host host;
  const Frame frame = ethernet(kPeerMac, kOurMac, 0x88b5, pattern(500));
  const std::array<Bytes, 3> parts{frame.all().first(9), Bytes{}, frame.all().subspan(9)};
  std::array<std::array<std::byte, 1000>, 8> buffers{};
};

TEST_F(Allocations, UdpMakesNone) {
  UdpSocket socket = std::move(*UdpSocket::open(host.stack));
  ASSERT_TRUE(socket.bind({IpAddress::any_v6(), 7}));
  const Frame packet = udp_packet({host.peer4, 9}, {host.own4, 7}, pattern(500));
  expect_none<IncomingDatagram>(socket, OutgoingDatagram{parts, to_peer()},
                                ip_frame(kOurMac, kPeerMac, packet));
}

TEST_F(Allocations, EchoMakesNone) {
  IcmpSocket socket = std::move(*IcmpSocket::open(host.stack, AddressFamily::kIpv4));
  ASSERT_TRUE(socket.bind({}, 77));
  const Frame packet = echo_reply(host.peer4, host.own4, 77, 1, pattern(500));
  expect_none<IncomingEcho>(socket, OutgoingEcho{parts, 1, to_peer()},
                            ip_frame(kOurMac, kPeerMac, packet));
}

TEST_F(Allocations, RawMakesNone) {
  RawSocket socket = std::move(*RawSocket::open(host.stack, AddressFamily::kIpv4, 253));
  const Frame packet = ip_packet(host.peer4, host.own4, 253, pattern(500));
  expect_none<IncomingDatagram>(socket, OutgoingDatagram{parts, to_peer()},
                                ip_frame(kOurMac, kPeerMac, packet));
}

TEST_F(Allocations, FramesMakeNone) {
  PacketSocket socket = std::move(*PacketSocket::open(host.stack, host.eth0, 0x88b5));
  expect_none<IncomingFrame>(socket, OutgoingFrame{parts, host.eth0},
                             ethernet(kOurMac, kPeerMac, 0x88b5, pattern(500)));
}

}  // namespace
}  // namespace strata::allocations_test

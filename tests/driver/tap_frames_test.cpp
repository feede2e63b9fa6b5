// SPDX-License-Identifier: Apache-2.0
// Tap: what goes through it, with the offloads of the kernel.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "driver/packets.h"
#include "driver/tap_lab.h"
#include "strata/wire/arp.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::driver::tap_frames_test {
namespace {

constexpr IpAddress kHost = IpAddress::v4(10, 77, 0, 1);
constexpr IpAddress kOurs = IpAddress::v4(10, 77, 0, 2);
constexpr std::size_t kUdpPayload = 14 + 20 + 8;

class TapFramesTest : public TapLab {
 protected:
  // The next frame that `wanted` accepts; null when none comes within a second.
  template <typename Wanted>
  PacketPtr await(Wanted wanted) {
    for (int patience = 0; patience < 100; ++patience) {
      PacketBatch batch;
      device_->receive(pool_.pool, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        if (wanted(batch[i])) return batch.take(i);
      }
      pollfd ready{device_->descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 10);
    }
    return nullptr;
  }

  // Answers the kernel's question for our address, as a stack would.
  void answer_arp() {
    const PacketPtr question = await([](const Packet& packet) {
      return wire::EthernetView::parse(packet.bytes())->type() == wire::kEtherTypeArp;
    });
    ASSERT_NE(question, nullptr);
    const auto arp = wire::ArpView::parse(question->bytes().subspan(14));
    ASSERT_TRUE(arp.has_value());
    EXPECT_EQ(arp->header().sender_ip, kHost);
    EXPECT_EQ(arp->header().target_ip, kOurs);
    host_mac_ = arp->header().sender_mac;
    PacketPtr answer = pool_.pool.allocate();
    const MacAddress own = device_->capabilities().mac;
    wire::write(wire::EthernetHeader{host_mac_, own, wire::kEtherTypeArp},
                answer->append(14).first<14>());
    wire::write(wire::ArpHeader{wire::ArpOperation::kReply, own, kOurs, host_mac_, kHost},
                answer->append(28).first<28>());
    send(std::move(answer));
  }

  // A datagram to the host whose checksum holds the pseudo-header's sum only.
  PacketPtr partial_datagram(std::uint16_t port, Bytes payload) {
    std::vector<std::byte> frame(kUdpPayload + payload.size());
    const MutableBytes bytes(frame);
    wire::write(wire::EthernetHeader{host_mac_, device_->capabilities().mac, wire::kEtherTypeIpv4},
                bytes.first<14>());
    const auto udp_length = static_cast<std::uint16_t>(8 + payload.size());
    wire::Ipv4Header ip;
    ip.total_length = static_cast<std::uint16_t>(20 + udp_length);
    ip.protocol = wire::kIpProtocolUdp;
    ip.source = kOurs;
    ip.destination = kHost;
    wire::write(ip, bytes.subspan<14, 20>());
    wire::set_ipv4_checksum(bytes.subspan(14, 20));
    const wire::Sum pseudo = wire::Sum::of(kOurs) + wire::Sum::of(kHost) +
                             wire::Sum::of(std::uint16_t{wire::kIpProtocolUdp}) +
                             wire::Sum::of(udp_length);
    const auto partial = static_cast<std::uint16_t>(~wire::fold(pseudo));
    wire::write(wire::UdpHeader{4000, port, udp_length, partial}, bytes.subspan<34, 8>());
    copy_bytes(payload, bytes.subspan(kUdpPayload));
    // Headers and payload in slices of their own, as a stack sends them.
    PacketPtr packet = packet_of(pool_.pool, bytes.first(kUdpPayload));
    packet->append_chain(chain_of(pool_.pool, bytes.subspan(kUdpPayload), 1000));
    packet->notes().checksum = ChecksumState::kPartial;
    packet->notes().transport_offset = 34;
    packet->notes().checksum_offset = 6;
    return packet;
  }

  MacAddress host_mac_;
};

// A UDP socket of the kernel, bound to the host's address.
class HostSocket {
 public:
  HostSocket() : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in own = address(kHost, 0);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&own), sizeof(own)), 0);
    const timeval patience{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~HostSocket() { ::close(descriptor_); }
  HostSocket(const HostSocket&) = delete;
  HostSocket& operator=(const HostSocket&) = delete;

  static sockaddr_in address(const IpAddress& ip, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(ip.v4_value());
    return to;
  }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in own{};
    socklen_t length = sizeof(own);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin_port);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  ssize_t send_to_us(Bytes payload) const {
    sockaddr_in to = address(kOurs, 9);
    return ::sendto(descriptor_, payload.data(), payload.size(), 0,
                    reinterpret_cast<sockaddr*>(&to), sizeof(to));
  }
  [[nodiscard]] std::vector<std::byte> receive() const {
    std::vector<std::byte> bytes(65536);
    const ssize_t count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }

 private:
  int descriptor_;
};

bool is_datagram(const Packet& packet) {
  return packet.size() > kUdpPayload &&
         load_big_endian<std::uint16_t>(packet.bytes().data() + 12) == wire::kEtherTypeIpv4 &&
         packet.bytes()[23] == std::byte{wire::kIpProtocolUdp};
}

TEST_F(TapFramesTest, ReceivesWhatTheKernelSends) {
  open("tap:st0,host=10.77.0.1/24");
  const HostSocket socket;
  Rng rng(2);
  for (const std::size_t size : {1UL, 100UL, 1472UL}) {
    const auto payload = random_frame(rng, size);
    ASSERT_EQ(socket.send_to_us(payload), static_cast<ssize_t>(size));
    if (size == 1) answer_arp();
    const PacketPtr frame = await(is_datagram);
    ASSERT_NE(frame, nullptr);
    EXPECT_FALSE(frame->is_chain());
    EXPECT_GE(frame->headroom(), kHeadroom);
    const auto bytes = bytes_of(*frame);
    EXPECT_EQ(std::vector(bytes.begin() + kUdpPayload, bytes.end()), payload);
    EXPECT_EQ(frame->notes().checksum, ChecksumState::kPartial);
    EXPECT_EQ(frame->notes().transport_offset, 34);
    EXPECT_EQ(frame->notes().checksum_offset, 6);
  }
}

TEST_F(TapFramesTest, WithoutOffloadsTheKernelFinishesChecksums) {
  open("tap:st0,host=10.77.0.1/24,offload=no");
  const HostSocket socket;
  Rng rng(3);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 100)), 0);
  answer_arp();
  const PacketPtr frame = await(is_datagram);
  ASSERT_NE(frame, nullptr);
  EXPECT_NE(frame->notes().checksum, ChecksumState::kPartial);
  const wire::Sum pseudo = wire::Sum::of(kHost) + wire::Sum::of(kOurs) +
                           wire::Sum::of(std::uint16_t{wire::kIpProtocolUdp}) +
                           wire::Sum::of(std::uint16_t{108});
  EXPECT_TRUE(wire::is_valid(pseudo + wire::partial_sum(frame->bytes().subspan(34))));
}

TEST_F(TapFramesTest, ReceivesASuperSegmentWithItsNotes) {
  open("tap:st0,host=10.77.0.1/24");
  if (device_->capabilities().udp_segment_bytes_max == 0) {
    GTEST_SKIP() << "this kernel does not hand over UDP super-segments";
  }
  const HostSocket socket;
  Rng rng(4);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  answer_arp();
  ASSERT_NE(await(is_datagram), nullptr);
  const int segment_size = 1000;
  ASSERT_EQ(::setsockopt(socket.descriptor(), SOL_UDP, UDP_SEGMENT, &segment_size, sizeof(int)), 0);
  // Overflow of every kind: none, copied into small buffers, and a large one of its own.
  for (const std::size_t size : {1500UL, 5000UL, 40000UL}) {
    const auto payload = random_frame(rng, size);
    ASSERT_EQ(socket.send_to_us(payload), static_cast<ssize_t>(size));
    const PacketPtr frame = await(is_datagram);
    ASSERT_NE(frame, nullptr) << size;
    EXPECT_EQ(frame->notes().segment_kind, SegmentKind::kUdp);
    EXPECT_EQ(frame->notes().segment_size, segment_size);
    EXPECT_EQ(frame->notes().checksum, ChecksumState::kPartial);
    const auto bytes = bytes_of(*frame);
    ASSERT_EQ(bytes.size(), kUdpPayload + size);
    EXPECT_EQ(std::vector(bytes.begin() + kUdpPayload, bytes.end()), payload);
  }
}

TEST_F(TapFramesTest, TheKernelFinishesOurChecksums) {
  open("tap:st0,host=10.77.0.1/24");
  const HostSocket socket;
  Rng rng(5);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  answer_arp();
  for (const std::size_t size : {1UL, 999UL, 1472UL}) {
    const auto payload = random_frame(rng, size);
    send(partial_datagram(socket.port(), payload));
    EXPECT_EQ(socket.receive(), payload);
  }
  EXPECT_EQ(device_->counters().failed_sends, 0U);
}

TEST_F(TapFramesTest, TheKernelCutsOurSuperSegments) {
  open("tap:st0,host=10.77.0.1/24");
  if (device_->capabilities().udp_segment_bytes_max == 0) {
    GTEST_SKIP() << "this kernel does not take UDP super-segments";
  }
  const HostSocket socket;
  Rng rng(6);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  answer_arp();
  const auto payload = random_frame(rng, 20'500);
  PacketPtr packet = partial_datagram(socket.port(), payload);
  packet->notes().segment_kind = SegmentKind::kUdp;
  packet->notes().segment_size = 1000;
  send(std::move(packet));
  std::vector<std::byte> received;
  for (int i = 0; i < 21; ++i) {
    const auto datagram = socket.receive();
    ASSERT_EQ(datagram.size(), i < 20 ? 1000U : 500U);
    received.insert(received.end(), datagram.begin(), datagram.end());
  }
  EXPECT_EQ(received, payload);
}

TEST_F(TapFramesTest, AnEmptyPoolLosesFramesAndCountsThem) {
  open("tap:st0,host=10.77.0.1/24");
  PacketPoolConfig none;
  none.small_buffers = 0;
  none.large_buffers = 0;
  TestPool empty(none);
  const HostSocket socket;
  Rng rng(7);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  PacketBatch batch;
  device_->receive(empty.pool, batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_GE(device_->counters().pool_empty_drops, 1U);
}

TEST_F(TapFramesTest, ATunDeviceCarriesBarePackets) {
  open("tun:st1,host=10.77.0.1/24");
  EXPECT_EQ(device_->capabilities().medium, Medium::kIp);
  EXPECT_TRUE(device_->capabilities().mac.is_unspecified());
  const HostSocket socket;
  Rng rng(9);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 50)), 0);
  const PacketPtr packet = await([](const Packet& candidate) {
    return std::to_integer<unsigned>(candidate.bytes()[0]) >> 4U == 4;
  });
  ASSERT_NE(packet, nullptr);
  EXPECT_EQ(packet->size(), 20U + 8 + 50);
  EXPECT_EQ(packet->notes().transport_offset, 20);
}

}  // namespace
}  // namespace strata::driver::tap_frames_test

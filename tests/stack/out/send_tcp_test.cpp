// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_tcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/bench.h"
#include "support/tcp_frames.h"

namespace strata::stack::send_tcp_test {
namespace {

using namespace support;

constexpr std::uint32_t kMss = 1440;          // what is left of 1500 bytes behind IPv6 and TCP
constexpr std::uint32_t kFlight = 10 * kMss;  // RFC 6928: the first window

// Connections that the peer opens by hand.
class Opened : public Host {
 public:
  explicit Opened(const BenchOptions& options = {}) : Host(options) {
    listener_ = *tcp().listen({.local = {IpAddress::any_v6(), 80}});
  }
  Handle open(const IpAddress& own, const IpAddress& peer, std::uint16_t port,
              wire::TcpFlags more_flags = {}) {
    const Frame mss = bytes({2, 4, kMss >> 8U, kMss & 0xffU});
    const auto say = [&](wire::TcpFlags flags, std::uint32_t seq, std::uint32_t ack,
                         const Frame& options) {
      return from_peer(tcp_packet(
          {peer, port}, {own, 80},
          {.sequence_number = seq, .acknowledgment_number = ack, .flags = flags, .window = 60000},
          {}, options));
    };
    const auto answer = decode_tcp(say(wire::kTcpSyn | more_flags, 1000, 0, mss).at(0));
    (void)say(wire::kTcpAck, 1001, answer->header.sequence_number + 1, {});
    const auto accepted = tcp().accept(listener_, now);
    EXPECT_TRUE(accepted.has_value());
    return accepted.value_or(Handle{});
  }
  Handle open4(std::uint16_t port = 4000, wire::TcpFlags more_flags = {}) {
    return open(own4, peer4, port, more_flags);
  }
  void write(Handle handle, const Frame& payload) {
    EXPECT_EQ(tcp().write(handle, payload.all(), now).value_or(0), payload.size());
  }
  Frames sent() {
    settle();
    return device.take_sent();
  }
  [[nodiscard]] tcp::Transport& tcp() { return *stack.core().ensure_tcp(); }

 private:
  Handle listener_;
};

// The text of all segments, each of which stands alone and has a right checksum.
Frame text_of(const Frames& frames) {
  Frame all;
  for (const Frame& frame : frames) {
    const auto segment = decode_tcp(frame);
    if (!segment) continue;
    EXPECT_TRUE(decode(frame.all()).checksum_is_right());
    all = all + segment->payload;
  }
  return all;
}

// The link's MTU shrinks under a connection: what was cut for the old one is cut anew at once.
TEST(SendTcp, AWayThatBecameNarrowerIsFoundWhenSending) {
  for (const bool is_v6 : {false, true}) {
    Opened host;
    const Handle handle = is_v6 ? host.open(host.own6, host.peer6, 4001) : host.open4();
    ASSERT_TRUE(host.stack.set_mtu(host.eth0, 1300, host.now).has_value());
    const Frame payload = pattern(4 * kMss);
    host.write(handle, payload);
    const Frames frames = host.sent();
    ASSERT_FALSE(frames.empty());
    for (const Frame& frame : frames) EXPECT_LE(decode(frame.all()).packet.size(), 1300U);
    EXPECT_EQ(text_of(frames), payload) << is_v6;
    EXPECT_EQ(host.drops(DropReason::kPacketTooBig), 1U);
  }
}

TEST(SendTcp, CutsWhatTheDeviceDoesNot) {
  Opened host;
  for (const bool is_v6 : {false, true}) {
    const Handle handle = is_v6 ? host.open(host.own6, host.peer6, 4001) : host.open4();
    const Frame payload = pattern(kFlight);
    host.write(handle, payload);
    const Frames frames = host.sent();
    EXPECT_EQ(frames.size(), 10U) << is_v6;
    for (const Frame& frame : frames) EXPECT_LE(decode(frame.all()).packet.size(), 1500U);
    EXPECT_EQ(text_of(frames), payload) << is_v6;
  }
}

// RFC 9293 3.1: the pseudo-header's sum is in the field, and the device adds the rest.
TEST(SendTcp, LeavesToTheDeviceWhatItCanDo) {
  Opened host;
  host.device.offers.tcp_segment_bytes_max = 65535;
  host.device.offers.completes_checksums = true;
  const Handle handle = host.open4();
  const Frame payload = pattern(kFlight);
  host.write(handle, payload);
  const Frames frames = host.sent();
  ASSERT_EQ(frames.size(), 1U);
  const auto segment = decode_tcp(frames[0]);
  ASSERT_TRUE(segment.has_value());
  EXPECT_EQ(segment->payload, payload);
  const Decoded is = decode(frames[0].all());
  const wire::Sum sum = wire::pseudo_header_sum(is.source, is.destination, wire::kIpProtocolTcp,
                                                static_cast<std::uint32_t>(is.upper.size()));
  EXPECT_EQ(segment->header.checksum, static_cast<std::uint16_t>(~fold(sum) & 0xffffU));
}

TEST(SendTcp, CompletesChecksumsOfTextCopiedAndReferenced) {
  Opened host;
  std::uint16_t port = 5000;
  for (const std::size_t size : {1U, 2U, 255U, 256U, 257U, 258U, 1439U, 1440U}) {
    for (const bool is_v6 : {false, true}) {
      const Handle handle = is_v6 ? host.open(host.own6, host.peer6, port) : host.open4(port);
      ++port;
      const Frame payload = pattern(size);
      host.write(handle, payload);
      const Frames frames = host.sent();
      EXPECT_EQ(frames.size(), 1U) << size;
      EXPECT_EQ(text_of(frames), payload) << size;
    }
  }
}

// A segment that was pulled counts as sent, so none is pulled that would find the queue full.
TEST(SendTcp, PullsNothingThereIsNoRoomFor) {
  BenchOptions options;
  options.stack.transmit_queue_max = 100;
  Opened host(options);
  std::vector<Handle> handles;
  for (std::uint16_t i = 0; i < 60; ++i) {
    handles.push_back(host.open4(static_cast<std::uint16_t>(4000 + i)));
  }
  (void)host.sent();
  host.device.room_left = 0;
  const std::uint64_t drops_before = host.all_drops();
  const Frame payload = pattern(100);
  for (const Handle handle : handles) host.write(handle, payload);
  host.stack.flush(host.now);
  EXPECT_FALSE(has_room_for_tcp(host.stack.core()));
  EXPECT_TRUE(host.tcp().has_outgoing()) << "the rest waits in its connections";
  EXPECT_FALSE(send_tcp(host.stack.core(), host.now));
  EXPECT_TRUE(host.device.sent().empty());
  host.device.room_left = SIZE_MAX;
  host.run_for(10ms);
  const Frames frames = host.device.take_sent();
  EXPECT_EQ(frames.size(), handles.size());
  EXPECT_EQ(text_of(frames).size(), handles.size() * payload.size());
  EXPECT_EQ(host.all_drops(), drops_before);
  EXPECT_TRUE(has_room_for_tcp(host.stack.core()));
  EXPECT_TRUE(send_tcp(host.stack.core(), host.now)) << "there was none";
}

// A device that takes nothing more holds up its own connections, and nobody else's.
TEST(SendTcp, AStuckDeviceHoldsUpItsOwnConnectionsOnly) {
  BenchOptions options;
  options.stack.transmit_queue_max = 100;
  Opened host(options);
  TestDevice second;
  const InterfaceId eth1 = host.add(second);
  ASSERT_TRUE(host.stack.add_address(eth1, prefix("10.0.1.1/24"), host.now));
  const IpAddress far = address("10.0.1.2");
  ASSERT_TRUE(host.stack.add_neighbor(eth1, far, kPeerMac, host.now));
  std::vector<Handle> stuck;
  for (std::uint16_t i = 0; i < 60; ++i) {
    stuck.push_back(host.open4(static_cast<std::uint16_t>(4000 + i)));
  }
  (void)host.sent();
  host.device.room_left = 0;
  const Frame payload = pattern(100);
  for (const Handle handle : stuck) host.write(handle, payload);
  host.stack.flush(host.now);
  ASSERT_FALSE(has_room_for_tcp(host.stack.core()));
  // Through the other device, and through none.
  const IpAddress near = address("127.0.0.1");
  for (const auto& [own, remote] : {std::pair{address("10.0.1.1"), far}, std::pair{near, near}}) {
    const auto opened = host.tcp().connect(
        {.flow = {.local_address = own, .remote_address = remote, .remote_port = 80}}, host.now);
    ASSERT_TRUE(opened);
    host.stack.flush(host.now);
    if (remote == far) {
      const Frames frames = second.take_sent();
      ASSERT_FALSE(frames.empty());
      EXPECT_TRUE(decode_tcp(frames.back()).value().header.flags.syn());
      continue;
    }
    for (int i = 0; i < 4; ++i) {
      host.stack.poll(host.now);
      host.stack.flush(host.now);
    }
    EXPECT_EQ(host.tcp().state(*opened).value_or(TcpState::kClosed), TcpState::kEstablished);
  }
  // One that waits may end meanwhile.
  host.tcp().close(stuck.back(), host.now);
  const std::uint64_t drops_before = host.all_drops();
  host.device.room_left = SIZE_MAX;
  host.run_for(10ms);
  const Frames frames = host.device.take_sent();
  EXPECT_EQ(text_of(frames).size(), stuck.size() * payload.size());
  EXPECT_EQ(host.all_drops(), drops_before);
  EXPECT_FALSE(host.tcp().has_outgoing());
}

TEST(SendTcp, SpendsNothingOnAStackThatSpeaksNoTcp) {
  Host host;
  EXPECT_TRUE(send_tcp(host.stack.core(), host.now));
  EXPECT_EQ(host.stack.core().tcp, nullptr);
}

// RFC 3168 6.1.1 MUST: ECT only once both ends have agreed; the program's byte gives DSCP alone.
TEST(SendTcp, TheTrafficClassIsTheProgramsAndItsEcnBitsTcps) {
  struct Row {
    wire::TcpFlags syn;
    std::uint8_t asked;
    std::uint8_t sent;
  };
  Opened host;
  std::uint16_t port = 4000;
  for (const Row& row : {
           Row{{}, 0, 0},
           Row{{}, 0xbb, 0xb8},
           Row{wire::kTcpEce | wire::kTcpCwr, 0, 2},
           Row{wire::kTcpEce | wire::kTcpCwr, 0xbb, 0xba},
       }) {
    const Handle handle = host.open4(port++, row.syn);
    ASSERT_TRUE(
        host.tcp().set_options(handle, {.traffic_class = row.asked, .hop_limit = 33}, host.now));
    host.write(handle, pattern(1000));
    const Frames frames = host.sent();
    ASSERT_EQ(frames.size(), 1U);
    const Decoded is = decode(frames[0].all());
    EXPECT_EQ(is.traffic_class, row.sent) << int{row.asked};
    EXPECT_EQ(is.hop_limit, 33);
    EXPECT_TRUE(is.v4->dont_fragment);
  }
}

// RFC 1122 4.2.3.9 MUST NOT: that there is no route ends no connection; it is told, and tried
// again.
TEST(SendTcp, TellsTheConnectionThatThereIsNoRoute) {
  Opened host;
  const RouteEntry route{.destination = prefix("192.0.2.0/24"), .gateway = host.peer4};
  ASSERT_TRUE(host.stack.add_route(route));
  const Handle handle = host.open(host.own4, address("192.0.2.1"), 4000);
  ASSERT_TRUE(host.stack.remove_route(route));
  const Frame payload = pattern(500);
  host.write(handle, payload);
  EXPECT_TRUE(host.sent().empty());
  EXPECT_EQ(host.drops(DropReason::kNoRoute), 1U);
  EXPECT_EQ(host.tcp().state(handle), TcpState::kEstablished);
  EXPECT_EQ(host.tcp().info(handle, host.now)->soft_error, Error::kNetworkUnreachable);
  ASSERT_TRUE(host.stack.add_route(route));
  EXPECT_GE(text_of(host.after(5s)).size(), payload.size());
}

std::vector<PacketPtr> take_all(PacketPool& pool) {
  std::vector<PacketPtr> taken;
  while (PacketPtr packet = pool.allocate()) taken.push_back(std::move(packet));
  return taken;
}

TEST(SendTcp, APoolThatRunsDryCostsARetransmission) {
  Opened host;
  const Handle handle = host.open4();
  const Frame payload = pattern(500);
  host.write(handle, payload);
  std::vector<PacketPtr> taken = take_all(host.pool);
  EXPECT_TRUE(host.sent().empty());
  EXPECT_GE(host.drops(DropReason::kPoolEmpty), 1U);
  taken.clear();
  const Frame again = text_of(host.after(1500ms));
  ASSERT_GE(again.size(), payload.size());
  EXPECT_EQ(Frame(again.all().first(payload.size())), payload);
}

// Text that would be copied is not counted as sent before there is a packet for the copy.
TEST(SendTcp, ALittleTextWaitsForAPoolThatRanDry) {
  Opened host;
  const Handle handle = host.open4();
  const Frame payload = pattern(100);
  host.write(handle, payload);
  std::vector<PacketPtr> taken = take_all(host.pool);
  EXPECT_TRUE(host.sent().empty());
  EXPECT_EQ(host.drops(DropReason::kPoolEmpty), 0U);
  taken.clear();
  EXPECT_EQ(text_of(host.after(20ms)), payload);
  EXPECT_EQ(host.tcp().info(handle, host.now)->bytes_retransmitted, 0U);
}

TEST(SendTcp, CountsPackets) {
  Opened host;
  const Handle handle = host.open4();
  const std::uint64_t before = host.stack.counters().tcp_sent;
  host.write(handle, pattern(kFlight));
  (void)host.sent();
  EXPECT_EQ(host.stack.counters().tcp_sent, before + 1) << "to be cut";
}

// The peer is a neighbour like any other, of whom it is not known whether he is still there.
void unlearn_peer(Opened& host) {
  ASSERT_TRUE(host.stack.remove_neighbor(host.eth0, host.peer4).has_value());
  (void)host.exchange(ethernet(
      kOurMac, kPeerMac, wire::kEtherTypeArp,
      arp_packet({wire::ArpOperation::kRequest, kPeerMac, host.peer4, MacAddress{}, host.own4})));
}

void acknowledge(Opened& host, const DecodedTcp& segment) {
  const auto size = static_cast<std::uint32_t>(segment.payload.size());
  (void)host.from_peer(tcp_packet({host.peer4, segment.header.destination_port}, {host.own4, 80},
                                  {.sequence_number = segment.header.acknowledgment_number,
                                   .acknowledgment_number = segment.header.sequence_number + size,
                                   .flags = wire::kTcpAck,
                                   .window = 60000}));
}

// RFC 4861 7.3.1, RFC 1122 2.3.2.1: whoever is heard through need not be asked for.
TEST(SendTcp, ANextHopBehindWhichTcpIsAnsweredIsNotProbed) {
  for (const bool answers : {true, false}) {
    Opened host;
    unlearn_peer(host);
    const Handle handle = host.open4();
    int questions = 0;
    for (int second = 0; second < 90; ++second) {
      host.write(handle, pattern(100));
      for (const Frame& frame : host.after(1s)) {
        const Decoded is = decode(frame.all());
        questions += is.arp && is.link.destination == kPeerMac ? 1 : 0;
        const auto segment = decode_tcp(frame);
        if (answers && segment) acknowledge(host, *segment);
      }
    }
    EXPECT_EQ(questions == 0, answers) << questions;
  }
}

// RFC 9293 3.8.3 MUST: after R1 retransmissions IP is told to look for a dead gateway (MUST-20).
TEST(SendTcp, APeerThatFallsSilentMakesItsNextHopBeAskedFor) {
  for (const bool writes : {false, true}) {
    Opened host;
    unlearn_peer(host);
    auto& neighbors = host.stack.core().interface(host.eth0)->neighbors.tell();
    neighbors.on_reachability_confirmed(host.peer4, host.now);
    const Handle handle = host.open4();
    if (writes) host.write(handle, pattern(100));
    int questions = 0;
    for (const Frame& frame : host.after(8s)) {  // a confirmed neighbour is believed for 15 s
      const Decoded is = decode(frame.all());
      questions += is.arp && is.link.destination == kPeerMac ? 1 : 0;
    }
    EXPECT_EQ(questions != 0, writes);
  }
}

}  // namespace
}  // namespace strata::stack::send_tcp_test

// SPDX-License-Identifier: Apache-2.0
#include "stack/drop_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "stack/core.h"
#include "support/bench.h"
#include "support/tcp_frames.h"
#include "support/udp_port.h"

namespace strata::stack::drop_watch_test {
namespace {

using namespace support;

// Keeps what a capture would: each packet that a hook saw, with what was told of it afterwards.
class Witness final : public Hook, public DropWatcher {
 public:
  explicit Witness(Host& host) : host_(host) {
    for (const HookPoint point : {HookPoint::kFrameIn, HookPoint::kFrameOut}) {
      EXPECT_TRUE(host_.stack.add_hook(point, *this));
    }
    EXPECT_TRUE(host_.stack.core().drop_watchers.add(*this));
  }
  ~Witness() override {
    for (const HookPoint point : {HookPoint::kFrameIn, HookPoint::kFrameOut}) {
      host_.stack.remove_hook(point, *this);
    }
    host_.stack.core().drop_watchers.remove(*this);
  }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  struct Seen {
    HookPoint point;
    PacketKey key;
    std::optional<DropReason> dropped;
  };
  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict>,
                  Time) override {
    for (const Packet* const packet : packets) held_.push_back({point, key_of(*packet), {}});
  }
  void on_drop(const PacketKey& packet, DropReason reason) override {
    const auto found = std::ranges::find(held_, packet, &Seen::key);
    if (found == held_.end()) return strangers.push_back(reason);
    EXPECT_FALSE(found->dropped.has_value()) << "a packet ends once";
    found->dropped = reason;
  }
  void on_copy(const PacketKey& from, const PacketKey& to) override {
    for (Seen& one : held_) {
      if (one.key == to) one.key = {};
      if (one.key == from) one.key = to;
    }
  }
  void on_step_end(Time) override {
    seen.insert(seen.end(), held_.begin(), held_.end());
    held_.clear();
  }
  // Of those that came in, in their order.
  [[nodiscard]] std::vector<std::optional<DropReason>> fates() const {
    std::vector<std::optional<DropReason>> fates;
    for (const Seen& one : seen) {
      if (one.point == HookPoint::kFrameIn) fates.push_back(one.dropped);
    }
    return fates;
  }

  std::vector<Seen> seen;
  std::vector<DropReason> strangers;  // reasons of packets that no hook showed

 private:
  Host& host_;
  std::vector<Seen> held_;
};

struct Case {
  const char* name;
  DropReason reason;
  Frame (*packet)(const Host& host);
};

Frame from_peer(const Host& host, std::uint16_t port) {
  return udp_packet({host.peer4, 9}, {host.own4, port}, text("x"));
}

class DropsOfOnePacket : public testing::TestWithParam<Case> {};

TEST_P(DropsOfOnePacket, AreToldOfThatPacket) {
  Host host;
  Witness witness(host);
  const std::uint64_t before = host.drops(GetParam().reason);
  (void)host.from_peer(GetParam().packet(host));
  EXPECT_EQ(host.drops(GetParam().reason), before + 1);
  ASSERT_EQ(witness.fates().size(), 1U);
  EXPECT_EQ(witness.fates()[0], GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, DropsOfOnePacket,
    testing::Values(
        Case{"UdpNoSocket", DropReason::kUdpNoSocket,
             [](const Host& host) { return from_peer(host, 99); }},
        Case{"TcpNoSocket", DropReason::kTcpNoSocket,
             [](const Host& host) {
               return tcp_packet({host.peer4, 9}, {host.own4, 80},
                                 {.sequence_number = 1, .flags = wire::kTcpSyn});
             }},
        Case{"TcpNoSocketWithText", DropReason::kTcpNoSocket,
             [](const Host& host) {
               return tcp_packet({host.peer4, 9}, {host.own4, 80},
                                 {.sequence_number = 1, .flags = wire::kTcpAck}, text("text"));
             }},
        Case{"Forward", DropReason::kNotLocalAndNotForwarding,
             [](const Host& host) {
               return udp_packet({host.peer4, 9}, {IpAddress::v4(10, 9, 9, 9), 9}, text("x"));
             }},
        Case{"EchoReply", DropReason::kIcmpQuoteUnknown,
             [](const Host& host) { return echo_reply(host.peer4, host.own4, 1, 1, text("x")); }},
        Case{"UnknownProtocol", DropReason::kUnknownProtocol,
             [](const Host& host) { return ip_packet(host.peer4, host.own4, 253, text("x")); }}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(DropWatch, EachFrameOfABatchHasItsOwnEnd) {
  Host host;
  UdpPort open(host, {IpAddress::any_v6(), 7});
  Witness witness(host);
  Frame broken = from_peer(host, 7);
  broken[10] ^= std::byte{1};
  for (const Frame& packet : {from_peer(host, 7), from_peer(host, 8), broken, from_peer(host, 7)}) {
    host.device.push(ip_frame(kOurMac, kPeerMac, packet), PacketNotes{});
  }
  host.device.push(ip_frame(kOtherMac, kPeerMac, from_peer(host, 7)), PacketNotes{});
  host.settle();
  const std::vector<std::optional<DropReason>> wanted{std::nullopt, DropReason::kUdpNoSocket,
                                                      DropReason::kIpv4BadChecksum, std::nullopt,
                                                      DropReason::kFrameNotForUs};
  EXPECT_EQ(witness.fates(), wanted);
  EXPECT_TRUE(witness.strangers.empty());
}

// Two segments that TCP gets as one go the same way.
TEST(DropWatch, MergedSegmentsEndTogether) {
  Host host;
  Witness witness(host);
  for (const std::uint32_t at : {0U, 1000U}) {
    const Frame packet =
        tcp_packet({host.peer4, 9}, {host.own4, 80},
                   {.sequence_number = 1 + at, .flags = wire::kTcpAck}, pattern(1000));
    host.device.push(ip_frame(kOurMac, kPeerMac, packet), PacketNotes{});
  }
  host.settle();
  const std::vector<std::optional<DropReason>> wanted{DropReason::kTcpNoSocket,
                                                      DropReason::kTcpNoSocket};
  EXPECT_EQ(witness.fates(), wanted);
}

// Shares the last frame of each batch: nobody may write into that one any more.
class Sharer final : public Hook {
 public:
  explicit Sharer(Host& host) : host_(host) {
    EXPECT_TRUE(host_.stack.add_hook(HookPoint::kFrameIn, *this));
  }
  ~Sharer() override { host_.stack.remove_hook(HookPoint::kFrameIn, *this); }
  Sharer(const Sharer&) = delete;
  Sharer& operator=(const Sharer&) = delete;
  void on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict>, Time) override {
    kept_.push_back(packets.back()->share(0, packets.back()->size()));
  }

 private:
  Host& host_;
  std::vector<PacketPtr> kept_;
};

// A second link, whose queue is full from the beginning of a test.
class DropsOnTheWayThrough : public testing::Test {
 protected:
  void SetUp() override {
    InterfaceConfig config;
    config.mtu = 576;
    config.ipv6 = false;
    config.detect_duplicates = false;
    const InterfaceId id = host.add(out, config);
    ASSERT_TRUE(host.stack.add_address(id, prefix("10.1.0.1/24"), host.now));
    ASSERT_TRUE(host.stack.add_neighbor(id, there, kOtherMac, host.now));
    host.stack.set_forwarding(true, false);
    host.run_for(10s);
    (void)host.device.take_sent();
    host.stack.core().config.transmit_queue_max = 0;
  }
  void push(const Frame& packet, const MacAddress& to = kOurMac) {
    host.device.push(ip_frame(to, kPeerMac, packet), PacketNotes{});
  }
  // Dropped without a word.
  void push_unasked() { push(echo_reply(host.peer4, host.own4, 1, 1, text("x"))); }
  // Its listener gets a share, and the frame itself goes back to the pool.
  void push_accepted() {
    push(udp_packet({host.peer4, 9}, {IpAddress::v4(10, 0, 0, 255), 7}, text("b")),
         MacAddress::broadcast());
  }
  void push_through(std::size_t size) {
    push(ipv4_packet({.protocol = wire::kIpProtocolUdp, .source = host.peer4, .destination = there},
                     udp_datagram({host.peer4, 9}, {there, 9}, pattern(size))));
  }

  const IpAddress there = IpAddress::v4(10, 1, 0, 9);
  TestDevice out;
  Host host;
};

// What is forwarded is copied first, into a packet that is free by then.
TEST_F(DropsOnTheWayThrough, ACopyIsWhatItStandsFor) {
  Witness witness(host);
  const Sharer sharer(host);
  push_unasked();
  push_unasked();
  push_through(1);
  host.settle();
  const std::vector<std::optional<DropReason>> wanted{
      DropReason::kIcmpQuoteUnknown, DropReason::kIcmpQuoteUnknown, DropReason::kTransmitQueueFull};
  EXPECT_EQ(witness.fates(), wanted);
  EXPECT_TRUE(witness.strangers.empty());
}

TEST_F(DropsOnTheWayThrough, ACopyIsNotWhatLayThereBefore) {
  UdpPort open(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  Witness witness(host);
  const Sharer sharer(host);
  push_accepted();
  push_through(1);
  host.settle();
  ASSERT_EQ(open.waiting(), 1U);
  const std::vector<std::optional<DropReason>> wanted{std::nullopt, DropReason::kTransmitQueueFull};
  EXPECT_EQ(witness.fates(), wanted);
  EXPECT_TRUE(witness.strangers.empty());
}

// Fragments are new packets, wherever they lie.
TEST_F(DropsOnTheWayThrough, AFragmentIsNotWhatLayThereBefore) {
  UdpPort open(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  Witness witness(host);
  push_accepted();
  push_through(1000);
  host.settle();
  ASSERT_EQ(open.waiting(), 1U);
  const std::vector<std::optional<DropReason>> wanted{std::nullopt, std::nullopt};
  EXPECT_EQ(witness.fates(), wanted);
  const std::vector<DropReason> fragments(2, DropReason::kTransmitQueueFull);
  EXPECT_EQ(witness.strangers, fragments);
}

// The fragment that completes a datagram goes the way of the whole.
TEST(DropWatch, TheLastFragmentStandsForTheWhole) {
  Host host;
  Witness witness(host);
  const Frame upper = udp_datagram({host.peer4, 9}, {host.own4, 99}, pattern(24));
  for (const bool is_first : {true, false}) {
    const Frame part(is_first ? upper.all().first(16) : upper.all().subspan(16));
    const Frame packet = ipv4_packet({.identification = 1,
                                      .more_fragments = is_first,
                                      .fragment_offset = std::uint16_t(is_first ? 0 : 16),
                                      .protocol = wire::kIpProtocolUdp,
                                      .source = host.peer4,
                                      .destination = host.own4},
                                     part);
    host.device.push(ip_frame(kOurMac, kPeerMac, packet), PacketNotes{});
  }
  host.settle();
  const std::vector<std::optional<DropReason>> wanted{std::nullopt, DropReason::kUdpNoSocket};
  EXPECT_EQ(witness.fates(), wanted);
  EXPECT_TRUE(witness.strangers.empty());
}

// Each socket that refuses counts; the datagram went no further when all of them did.
TEST(DropWatch, OneListenerOfSeveralIsEnough) {
  Host host;
  UdpPort one(host, {}, AddressFamily::kIpv4);
  UdpPort two(host, {}, AddressFamily::kIpv4);
  for (UdpPort* const port : {&one, &two}) {
    port->options().reuse_address = true;
    ASSERT_TRUE(host.stack.core().udp.bind(port->socket(), {IpAddress::any_v4(), 7}));
    port->socket().queue.set_buffer_bytes_max(kSmallBufferBytes);
  }
  const Frame frame =
      ip_frame(MacAddress::broadcast(), kPeerMac,
               udp_packet({host.peer4, 9}, {IpAddress::v4(10, 0, 0, 255), 7}, text("b")));
  Witness witness(host);
  host.exchange(frame);
  EXPECT_EQ(one.receive(), text("b"));
  host.exchange(frame);
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 1U) << "the second has not read";
  host.exchange(frame);
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 3U);
  const std::vector<std::optional<DropReason>> wanted{std::nullopt, std::nullopt,
                                                      DropReason::kUdpQueueFull};
  EXPECT_EQ(witness.fates(), wanted);
}

TEST(DropWatch, OneSegmentOfSeveralIsEnough) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  port.socket().queue.set_buffer_bytes_max(kSmallBufferBytes);
  PacketNotes notes;
  notes.segment_kind = SegmentKind::kUdp;
  notes.segment_size = 100;
  notes.checksum = ChecksumState::kVerified;
  const Frame frame =
      ip_frame(kOurMac, kPeerMac, udp_packet({host.peer4, 9}, {host.own4, 7}, pattern(200)));
  Witness witness(host);
  host.exchange(frame, notes);
  EXPECT_EQ(port.waiting(), 1U);
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 1U);
  host.exchange(frame, notes);
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 3U);
  const std::vector<std::optional<DropReason>> wanted{std::nullopt, DropReason::kUdpQueueFull};
  EXPECT_EQ(witness.fates(), wanted);
}

// A queue that is full takes the packet away before it says so.
TEST(DropWatch, TellsOfAFullQueue) {
  Host host;
  UdpPort open(host, {IpAddress::any_v6(), 7});
  Witness witness(host);
  for (int i = 0; i < 2000 && host.drops(DropReason::kUdpQueueFull) == 0; ++i) {
    (void)host.from_peer(from_peer(host, 7));
  }
  ASSERT_EQ(host.drops(DropReason::kUdpQueueFull), 1U);
  EXPECT_EQ(witness.fates().back(), DropReason::kUdpQueueFull);
}

TEST(DropWatch, TellsOfWhatAHookDropsOnTheWayOut) {
  Host host;
  Witness witness(host);
  class Wall final : public Hook {
   public:
    void on_packets(HookPoint, std::span<Packet* const>, std::span<Verdict> verdicts,
                    Time) override {
      for (Verdict& verdict : verdicts) verdict = Verdict::drop();
    }
  } wall;
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kFrameOut, wall, 1));
  (void)host.from_peer(echo_request(host.peer4, host.own4, 1, 1, text("x")));
  host.stack.remove_hook(HookPoint::kFrameOut, wall);
  ASSERT_EQ(witness.seen.size(), 2U);
  EXPECT_FALSE(witness.seen[0].dropped.has_value()) << "the request was answered";
  EXPECT_EQ(witness.seen[1].point, HookPoint::kFrameOut);
  EXPECT_EQ(witness.seen[1].dropped, DropReason::kHookDropped);
}

TEST(DropWatchers, AreBounded) {
  struct Deaf final : DropWatcher {
    void on_drop(const PacketKey&, DropReason) override { ++heard; }
    void on_copy(const PacketKey&, const PacketKey&) override {}
    void on_step_end(Time) override {}
    int heard = 0;
  };
  std::array<Deaf, DropWatchers::kMax + 1> all;
  DropWatchers watchers;
  for (std::size_t i = 0; i < DropWatchers::kMax; ++i) ASSERT_TRUE(watchers.add(all[i]));
  EXPECT_FALSE(watchers.add(all.back()));
  watchers.remove(all.front());
  watchers.tell({}, DropReason::kNoRoute);
  EXPECT_EQ(all[0].heard, 0);
  EXPECT_EQ(all[1].heard, 1);
  for (Deaf& each : all) watchers.remove(each);
  EXPECT_TRUE(watchers.empty());
}

}  // namespace
}  // namespace strata::stack::drop_watch_test

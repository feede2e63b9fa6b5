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

// The headers of a packet in pieces are copied together, into a packet that is free by then.
TEST(DropWatch, ACopyIsWhatItStandsFor) {
  Host host;
  Witness witness(host);
  host.device.push(ip_frame(kOurMac, kPeerMac, from_peer(host, 98)), PacketNotes{});
  host.device.push(ip_frame(kOurMac, kPeerMac, from_peer(host, 99)), PacketNotes{});
  // A hook that shares what passes: nobody may write into it any more.
  class Sharer final : public Hook {
   public:
    void on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict>,
                    Time) override {
      for (const Packet* const packet : packets) kept.push_back(packet->share(0, packet->size()));
    }
    std::vector<PacketPtr> kept;
  } sharer;
  host.stack.set_forwarding(true, false);
  const Frame through = udp_packet({host.peer4, 9}, {IpAddress::v4(10, 0, 0, 77), 9}, text("x"));
  host.device.push(ip_frame(kOurMac, kPeerMac, through), PacketNotes{});
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpIn, sharer));
  host.settle();
  host.stack.remove_hook(HookPoint::kIpIn, sharer);
  const std::vector<std::optional<DropReason>> wanted{DropReason::kUdpNoSocket,
                                                      DropReason::kUdpNoSocket, std::nullopt};
  EXPECT_EQ(witness.fates(), wanted) << "the third waits for its neighbour";
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

// SPDX-License-Identifier: Apache-2.0
// What reaches TCP of a batch is seen by what its connection acknowledges and delivers.
#include "stack/in/merge_tcp.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/bench.h"
#include "support/tcp_frames.h"

namespace strata::stack::merge_tcp_test {
namespace {

using namespace support;

constexpr std::uint32_t kMss = 1000;

// A connection that the peer opened by hand.
class Opened : public Host {
 public:
  // `options` of SYN and of the handshake's ACK.
  explicit Opened(const Frame& options = {}) : listener_(listen()) {
    from_peer(segment(wire::kTcpSyn, 1000, 0, {}, options));
    EXPECT_FALSE(sent_.empty());
    if (sent_.empty()) return;
    isn = sent_.front().header.sequence_number;
    from_peer(segment(wire::kTcpAck, 1001, isn + 1, {}, options));
    const auto accepted = tcp().accept(listener_, now);
    EXPECT_TRUE(accepted.has_value());
    stream = accepted.value_or(Handle{});
  }

  // What the stack sends in answer is kept in sent().
  void from_peer(const Frame& packet) { keep(Host::from_peer(packet)); }
  // All in one batch.
  void batch(const std::vector<Frame>& packets) {
    for (const Frame& packet : packets)
      device.push(ip_frame(kOurMac, kPeerMac, packet), PacketNotes{});
    settle();
    keep(device.take_sent());
  }
  [[nodiscard]] std::vector<DecodedTcp> take() { return std::exchange(sent_, {}); }

  [[nodiscard]] Frame segment(wire::TcpFlags flags, std::uint32_t seq, std::uint32_t ack,
                              const Frame& payload = {}, const Frame& options = {}) const {
    return tcp_packet(
        {peer4, 4000}, {own4, 80},
        {.sequence_number = seq, .acknowledgment_number = ack, .flags = flags, .window = 60000},
        payload, options);
  }
  [[nodiscard]] Frame text_at(std::uint32_t offset, wire::TcpFlags flags = wire::kTcpAck) const {
    return segment(flags, 1001 + offset, isn + 1, pattern(kMss, 1 + offset / kMss));
  }
  [[nodiscard]] std::size_t read_all() {
    std::vector<std::byte> buffer(1 << 20);
    return tcp().read(stream, buffer, now).value_or(0);
  }

  std::uint32_t isn = 0;
  Handle stream;

  [[nodiscard]] tcp::Transport& tcp() { return *stack.core().ensure_tcp(); }

 private:
  Handle listen() {
    const auto made = tcp().listen({.local = {IpAddress::any_v4(), 80}});
    EXPECT_TRUE(made.has_value());
    return made.value_or(Handle{});
  }
  void keep(const Frames& frames) {
    for (const Frame& frame : frames) {
      if (auto tcp = decode_tcp(frame)) sent_.push_back(*tcp);
    }
  }

  Handle listener_;
  std::vector<DecodedTcp> sent_;
};

TEST(MergeTcp, ABatchInOrderIsAcknowledgedByOneAck) {
  Opened host;
  (void)host.take();
  std::vector<Frame> batch;
  for (std::uint32_t i = 0; i < 10; ++i) batch.push_back(host.text_at(i * kMss));
  host.batch(batch);
  const auto sent = host.take();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].header.acknowledgment_number, 1001 + 10 * kMss);
  EXPECT_EQ(host.read_all(), 10 * kMss);
}

// RFC 5681 4.2 SHOULD: an out-of-order segment is acknowledged at once, each by itself.
TEST(MergeTcp, ABatchWithAHoleIsAcknowledgedSegmentBySegment) {
  Opened host;
  (void)host.take();
  std::vector<Frame> batch;
  for (std::uint32_t i = 0; i < 10; ++i) {
    if (i != 3) batch.push_back(host.text_at(i * kMss));
  }
  host.batch(batch);
  int duplicates = 0;
  for (const DecodedTcp& ack : host.take()) {
    duplicates += ack.header.acknowledgment_number == 1001 + 3 * kMss ? 1 : 0;
  }
  EXPECT_GE(duplicates, 4);  // the first and three that make the peer retransmit fast
}

// In the usual places, with other options, and without any.
TEST(MergeTcp, TextUnderAnyOptionsArrivesInOrder) {
  const Frame stamp = bytes({1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0});
  const Frame odd_stamp = bytes({8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 1});
  const Frame other = bytes({253, 4, 0, 0});
  const Frame* const kinds[] = {&stamp, &stamp, &odd_stamp, &stamp, &other, &other, &stamp, &stamp};
  Opened host;
  std::vector<Frame> batch;
  Frame sent;
  for (const Frame* options : kinds) {
    const auto offset = static_cast<std::uint32_t>(sent.size());
    const Frame text = pattern(kMss, static_cast<unsigned>(batch.size()));
    batch.push_back(host.segment(wire::kTcpAck, 1001 + offset, host.isn + 1, text, *options));
    sent.insert(sent.end(), text.begin(), text.end());
  }
  host.batch(batch);
  Frame arrived(sent.size());
  ASSERT_EQ(host.tcp().read(host.stream, arrived.writable(), host.now), sent.size());
  EXPECT_EQ(arrived, sent);
}

// RFC 7323 5.3 MUST: each segment's own timestamp is looked at: an old one is not let in by those
// that arrive with it, and does not take them along.
TEST(MergeTcp, AnOldTimestampIsRefusedByItself) {
  const Frame now = bytes({1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0});
  const Frame later = bytes({1, 1, 8, 10, 0, 0, 0, 10, 0, 0, 0, 0});
  const Frame old = bytes({1, 1, 8, 10, 0, 0, 0, 3, 0, 0, 0, 0});
  for (const bool is_old_first : {true, false}) {
    Opened host(now);
    (void)host.take();
    const auto text = [&](std::uint32_t offset, const Frame& stamp) {
      return host.segment(wire::kTcpAck, 1001 + offset, host.isn + 1, pattern(kMss), stamp);
    };
    host.batch({text(0, is_old_first ? old : now), text(kMss, is_old_first ? now : old)});
    EXPECT_EQ(host.read_all(), is_old_first ? 0U : kMss);
    // RFC 7323 4.3: of several, the first is echoed.
    Opened other(now);
    (void)other.take();
    other.batch({other.segment(wire::kTcpAck, 1001, other.isn + 1, pattern(kMss), now),
                 other.segment(wire::kTcpAck, 1001 + kMss, other.isn + 1, pattern(kMss), later)});
    const auto sent = other.take();
    ASSERT_EQ(sent.size(), 1U);
    ASSERT_TRUE(sent[0].options.timestamps);
    EXPECT_EQ(sent[0].options.timestamps->echo_reply, 9U);
  }
}

TEST(MergeTcp, FlowsDoNotMix) {
  Opened host;
  std::vector<Frame> batch;
  for (std::uint32_t i = 0; i < 4; ++i) {
    batch.push_back(host.text_at(i * kMss));
    batch.push_back(tcp_packet(
        {host.peer4, 4001}, {host.own4, 80},
        {.sequence_number = static_cast<std::uint32_t>(1001 + i * kMss), .flags = wire::kTcpAck},
        pattern(kMss)));
  }
  host.batch(batch);
  EXPECT_EQ(host.read_all(), 4 * kMss);
}

TEST(MergeTcp, AFinBehindTextIsSeen) {
  Opened host;
  host.batch({host.text_at(0), host.text_at(kMss),
              host.segment(wire::kTcpAck | wire::kTcpFin, 1001 + 2 * kMss, host.isn + 1)});
  EXPECT_EQ(host.read_all(), 2 * kMss);
  std::array<std::byte, 10> more{};
  const auto end = host.tcp().read(host.stream, more, host.now);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error(), Error::kClosed);
}

}  // namespace
}  // namespace strata::stack::merge_tcp_test

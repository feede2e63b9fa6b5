// SPDX-License-Identifier: Apache-2.0
// One transport, and a peer whose every segment a test writes by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ready_hook.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "tcp/transport.h"

namespace strata::tcp::testing {

struct PeerOptions {
  TcpConfig config{};
  TcpSocketOptions socket{};
  // What the peer's SYN, or SYN,ACK, says.
  std::uint16_t window = 65535;
  wire::TcpOptions options{.maximum_segment_size = 1460};
  wire::TcpFlags syn_flags{};  // beside SYN
  Duration round_trip = std::chrono::milliseconds(10);
};

// Relative to where the peer stands: 0 is its next byte, and the next it expects.
struct Said {
  wire::TcpFlags flags = wire::kTcpAck;
  std::int32_t seq = 0;
  std::int32_t ack = 0;
  std::string_view text{};
  std::optional<std::uint16_t> window{};
  std::uint16_t urgent = 0;
  wire::TcpOptions options{};
  EcnCodepoint ecn = EcnCodepoint::kNotEct;
};

class Peer {
 public:
  static constexpr IpAddress kOurs = IpAddress::v4(10, 0, 0, 1);
  static constexpr IpAddress kTheirs = IpAddress::v4(10, 0, 0, 2);
  static constexpr std::uint16_t kOurPort = 80;
  static constexpr std::uint16_t kTheirPort = 5000;

  explicit Peer(PeerOptions options = {})
      : options_(std::move(options)),
        transport(memory, pool, options_.config, SipKey{1, 2}, Rng(3), ready,
                  [](const Flow&) { return 1500U; }) {}

  // ── Opening ───────────────────────────────────────────────────────────────────────────────
  // We connect; the SYN is pulled and kept.
  void connect() {
    const auto connected = transport.connect({.flow = {.local_address = kOurs,
                                                       .remote_address = kTheirs,
                                                       .local_port = kOurPort,
                                                       .remote_port = kTheirPort},
                                              .options = options_.socket},
                                             now);
    ASSERT_TRUE(connected.has_value());
    handle = *connected;
    const auto syn = pull();
    ASSERT_TRUE(syn.has_value());
    expected = SequenceNumber(syn->header.sequence_number) + 1;
  }
  // ... and the peer answers.
  void open_actively() {
    connect();
    now += options_.round_trip;
    syn(wire::kTcpAck);
    const auto ack = pull();
    ASSERT_TRUE(ack.has_value());
    EXPECT_EQ(ack->header.flags, wire::kTcpAck);
  }
  // The peer connects to a listener of ours.
  void open_passively() {
    listen();
    syn({});
    const auto syn_ack = pull();
    ASSERT_TRUE(syn_ack.has_value());
    expected = SequenceNumber(syn_ack->header.sequence_number) + 1;
    echo_timestamps(*syn_ack);
    now += options_.round_trip;
    say({});
    const auto accepted = transport.accept(listener, now);
    ASSERT_TRUE(accepted.has_value());
    handle = *accepted;
  }
  void listen() {
    const auto listening =
        transport.listen({.local = {kOurs, kOurPort}, .options = options_.socket});
    ASSERT_TRUE(listening.has_value());
    listener = *listening;
  }
  DropReason syn(wire::TcpFlags more) {
    Segment segment = blank();
    segment.seq = next;
    segment.flags = wire::kTcpSyn | options_.syn_flags | more;
    if (more.ack()) segment.ack = expected;
    segment.window = options_.window;
    segment.options = options_.options;
    next += 1;
    return transport.on_segment(std::move(segment), now);
  }

  // ── Talking ───────────────────────────────────────────────────────────────────────────────
  // Does not move `next`: take() does.
  DropReason say(const Said& said) {
    Segment segment = blank();
    segment.seq = next + static_cast<std::uint32_t>(said.seq);
    segment.ack = expected + static_cast<std::uint32_t>(said.ack);
    segment.flags = said.flags;
    segment.window = said.window.value_or(options_.window);
    segment.urgent_pointer = said.urgent;
    segment.options = said.options;
    segment.ecn = said.ecn;
    if (options_.options.timestamps && !said.options.timestamps) {
      segment.options.timestamps = wire::TcpTimestamps{timestamp, timestamp_echo};
    }
    segment.payload_bytes = static_cast<std::uint32_t>(said.text.size());
    if (!said.text.empty()) {
      segment.payload = pool.allocate_for(said.text.size(), 0);
      copy_bytes(std::as_bytes(std::span(said.text)), segment.payload->append(said.text.size()));
    }
    return transport.on_segment(std::move(segment), now);
  }
  // The same, in order: the next one stands behind it.
  DropReason take(const Said& said) {
    const DropReason reason = say(said);
    next += static_cast<std::uint32_t>(said.text.size()) + (said.flags.fin() ? 1U : 0U);
    return reason;
  }

  // ── Listening ─────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] std::optional<Outgoing> pull() { return transport.next_outgoing(now, limits); }
  // Everything there is to send; what had text or FIN moves `expected`.
  std::vector<Outgoing> pull_all() {
    std::vector<Outgoing> all;
    while (auto outgoing = pull()) {
      if (all.size() > 10'000) {
        ADD_FAILURE() << "a storm";
        break;
      }
      echo_timestamps(*outgoing);
      all.push_back(std::move(*outgoing));
    }
    return all;
  }
  // What we have sent up to now counts as arrived.
  void expect_all(const std::vector<Outgoing>& all) {
    for (const Outgoing& outgoing : all) {
      SequenceNumber end(outgoing.header.sequence_number);
      if (outgoing.payload != nullptr) {
        end += static_cast<std::uint32_t>(outgoing.payload->size());
      }
      if (outgoing.header.flags.fin()) end += 1;
      expected = later(expected, end);
    }
  }
  void drain() { expect_all(pull_all()); }
  // Time passes, deadlines come, and what they cause is collected.
  std::vector<Outgoing> wait(Duration duration) {
    const Time end = now + duration;
    std::vector<Outgoing> all = pull_all();
    while (const auto deadline = transport.next_deadline()) {
      if (*deadline > end) break;
      now = std::max(now, *deadline);
      transport.on_deadline(now);
      for (Outgoing& outgoing : pull_all()) all.push_back(std::move(outgoing));
    }
    now = end;
    return all;
  }
  [[nodiscard]] State state() const {
    const auto found = transport.state(handle);
    return found ? *found : State::kClosed;
  }
  [[nodiscard]] std::string read(std::size_t bytes_max = 4096) {
    std::string text(bytes_max, '\0');
    const auto got = transport.read(handle, std::as_writable_bytes(std::span(text)), now);
    text.resize(got.value_or(std::size_t{0}));
    return text;
  }
  Result<std::size_t> write(std::string_view text) {
    return transport.write(handle, std::as_bytes(std::span(text)), now);
  }
  [[nodiscard]] static std::string text_of(const Outgoing& outgoing) {
    if (outgoing.payload == nullptr) return {};
    std::string text(outgoing.payload->size(), '\0');
    outgoing.payload->copy_out(0, std::as_writable_bytes(std::span(text)));
    return text;
  }
  [[nodiscard]] static wire::TcpOptions options_of(const Outgoing& outgoing) {
    return wire::TcpOptions::parse(Bytes(outgoing.option_bytes).first(outgoing.option_size()));
  }
  [[nodiscard]] Flow flow() const { return blank().flow; }

 private:
  PeerOptions options_;

 public:
  HeapMemory memory;
  HeapMemory pool_memory;
  PacketPool pool{pool_memory, {.small_buffers = 512, .large_buffers = 16}};
  ReadyList ready;
  Transport transport;
  Limits limits{};
  Time now{std::chrono::seconds(1000)};
  Handle listener;
  Handle handle;
  SequenceNumber next{5000};  // of the peer
  SequenceNumber expected;    // of ours, by the peer
  std::uint32_t timestamp = 777;
  std::uint32_t timestamp_echo = 0;

 private:
  [[nodiscard]] static Segment blank() {
    Segment segment;
    segment.flow = {.local_address = kOurs,
                    .remote_address = kTheirs,
                    .local_port = kOurPort,
                    .remote_port = kTheirPort};
    segment.hop_limit = 64;
    return segment;
  }
  void echo_timestamps(const Outgoing& outgoing) {
    if (const auto timestamps = options_of(outgoing).timestamps) timestamp_echo = timestamps->value;
  }
};

// Just one answer, a pure ACK that acknowledges what the peer has sent in order.
inline void expect_one_ack(Peer& peer) {
  const std::vector<Outgoing> all = peer.pull_all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].header.flags, wire::kTcpAck);
  EXPECT_EQ(all[0].payload, nullptr);
  EXPECT_EQ(SequenceNumber(all[0].header.acknowledgment_number), peer.next);
}

}  // namespace strata::tcp::testing

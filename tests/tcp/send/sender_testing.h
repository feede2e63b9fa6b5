// SPDX-License-Identifier: Apache-2.0
// SenderLab: a Sender, what it shares, and a peer that says exactly what a test wants said.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/tcp_config.h"
#include "strata/tcp_info.h"
#include "tcp/buffer_account.h"
#include "tcp/congestion/registry.h"
#include "tcp/send/sender_asks.h"
#include "tcp/send/shared.h"

namespace strata::tcp {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kFirst = 0xffff'f000;  // the numbers wrap in every test
inline constexpr std::uint16_t kMss = 1000;

struct LabOptions {
  bool sack = true;
  bool timestamps = true;
  bool ecn = false;
  std::uint16_t mss = kMss;
  std::uint32_t window = 1U << 20U;
  const Algorithm* control = &congestion::kReno;
  TcpConfig config{};
  std::size_t account_max = std::size_t{64} << 20U;
  std::size_t account_pressure = SIZE_MAX;
  std::optional<Duration> rtt = 100ms;
};

class SenderLab {
 public:
  explicit SenderLab(const LabOptions& options = {})
      : config(options.config),
        pool(memory, {.small_buffers = 8192,
                      .large_buffers = 256,
                      .external_buffers = 4,
                      .extra_descriptors = 65536}),
        account(options.account_pressure, options.account_max),
        shared(memory, pool, config, rng, account),
        sender(SequenceNumber(kFirst)),
        options_(options) {
    sender.on_established(shared,
                          {.una = at(0),
                           .seq = SequenceNumber(1),
                           .window = options.window,
                           .mss = options.mss,
                           .sack_ok = options.sack,
                           .timestamps_ok = options.timestamps,
                           .ecn_ok = options.ecn,
                           .handshake_rtt = options.rtt,
                           .control = options.control},
                          now);
  }
  ~SenderLab() {
    sender.release(shared);
    EXPECT_EQ(account.used(), 0U) << "buffers were not given back";
    EXPECT_EQ(account.holders(), 0U);
    EXPECT_LE(shared.records.size(), 1U) << "records were not given back";
    EXPECT_LE(shared.flights.size(), 1U);
    EXPECT_EQ(shared.totals.size(), 0U);
    EXPECT_EQ(shared.folded_totals.size(), 0U);
  }

  // A place in the stream, counted from the first byte.
  [[nodiscard]] static SequenceNumber at(std::uint32_t offset) {
    return SequenceNumber(kFirst + offset);
  }
  [[nodiscard]] static std::uint32_t offset(SequenceNumber number) {
    return number.value() - kFirst;
  }
  [[nodiscard]] static std::byte byte_at(std::uint32_t offset) {
    return static_cast<std::byte>((offset * 2654435761U) >> 24U);
  }

  std::uint32_t write(std::uint32_t count, bool more = false) {
    std::vector<std::byte> bytes(count);
    for (std::uint32_t i = 0; i < count; ++i) bytes[i] = byte_at(written + i);
    const std::uint32_t taken = sender.write(shared, bytes, now, more);
    written += taken;
    return taken;
  }

  // Everything that may leave now; what it carries is checked.
  std::vector<Transmission> pull(std::uint32_t bytes_max = 65535) {
    std::vector<Transmission> all;
    while (auto sent = pull_one(bytes_max)) {
      all.push_back(std::move(*sent));
      EXPECT_LT(all.size(), 20000U) << "a sender that never ends";
      if (all.size() >= 20000U) break;
    }
    return all;
  }
  std::optional<Transmission> pull_one(std::uint32_t bytes_max = 65535) {
    auto sent = sender.next_transmission(shared, {.bytes_max = bytes_max, .clock = clock()}, now);
    if (sent) check_payload(*sent);
    return sent;
  }

  using Blocks = std::initializer_list<std::pair<std::uint32_t, std::uint32_t>>;
  [[nodiscard]] AckEvent event(std::uint32_t acked) const {
    return {.seq = SequenceNumber(1),
            .ack = at(acked),
            .window = window ? *window : options_.window,
            .has_echo = options_.timestamps,
            .echo = clock(),
            .clock = clock()};
  }
  AckOutcome ack(std::uint32_t acked, Blocks blocks = {}) { return ack(event(acked), blocks); }
  AckOutcome ack(AckEvent told, Blocks blocks) {
    std::array<wire::TcpSackBlock, wire::kTcpSackBlocksMax> sack{};
    std::size_t count = 0;
    for (const auto& [left, right] : blocks) {
      sack[count++] = {at(left).value(), at(right).value()};
    }
    told.sack = std::span<const wire::TcpSackBlock>(sack).first(count);
    return sender.on_ack(shared, told, now);
  }

  // To the next deadline, which there is.
  DeadlineOutcome run_deadline(const Patience& patience = {}) {
    const auto deadline = sender.next_deadline(shared);
    EXPECT_TRUE(deadline.has_value());
    if (deadline) now = std::max(now, *deadline);
    return sender.on_deadline(shared, patience, now);
  }
  [[nodiscard]] std::optional<Duration> until_deadline() const {
    const auto deadline = sender.next_deadline(shared);
    if (!deadline) return std::nullopt;
    return *deadline - now;
  }
  void advance(Duration by) { now += by; }

  [[nodiscard]] std::uint32_t clock() const {
    return static_cast<std::uint32_t>(now.time_since_epoch() / kTimestampTick);
  }
  [[nodiscard]] TcpInfo info() const {
    TcpInfo told;
    sender.fill(shared, told, now);
    return told;
  }

  HeapMemory memory;
  TcpConfig config;
  PacketPool pool;
  Rng rng{1};
  BufferAccount account;
  SenderShared shared;
  Sender sender;
  Time now{1h};
  std::uint32_t written = 0;
  std::optional<std::uint32_t> window{};  // instead of LabOptions'

 private:
  void check_payload(const Transmission& sent) {
    const std::uint32_t length = sent.text.length();
    ASSERT_EQ(sent.payload == nullptr, length == 0);
    if (length == 0) return;
    ASSERT_EQ(sent.payload->size(), length);
    std::vector<std::byte> bytes(length);
    sent.payload->copy_out(0, bytes);
    for (std::uint32_t i = 0; i < length; ++i) {
      ASSERT_EQ(bytes[i], byte_at(offset(sent.text.begin) + i)) << "wrong bytes at " << i;
    }
    EXPECT_EQ(sent.segments, (length + sent.segment_size - 1) / sent.segment_size);
  }

  LabOptions options_;
};

// Where text begins and ends, for comparison.
struct Sent {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const Sent&, const Sent&) = default;
};
inline std::vector<Sent> texts(const std::vector<Transmission>& all) {
  std::vector<Sent> texts;
  for (const Transmission& one : all) {
    texts.push_back({SenderLab::offset(one.text.begin), SenderLab::offset(one.text.end)});
  }
  return texts;
}
inline void PrintTo(const Sent& sent, std::ostream* out) {
  *out << '[' << sent.begin << ", " << sent.end << ')';
}

}  // namespace strata::tcp

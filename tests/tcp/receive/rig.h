// SPDX-License-Identifier: Apache-2.0
// What tests of the receiving half need: a receiver with pool, slabs and account, and a stream of
// bytes of which each tells where it stands.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/tcp_config.h"
#include "tcp/buffer_account.h"
#include "tcp/receive/receiver.h"
#include "tcp/receive/shared.h"

namespace strata::tcp::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Byte `place` of the stream. Lies have another `salt`.
constexpr std::byte stream_byte(std::uint64_t place, unsigned salt = 0) {
  return static_cast<std::byte>((place * 7 + (place >> 8U) * 13 + salt) & 0xffU);
}

inline PacketPtr stream_text(PacketPool& pool, std::uint64_t place, std::size_t count,
                             unsigned salt = 0) {
  PacketPtr text = pool.allocate_for(count, count + 64 <= kSmallBufferBytes ? 64 : 0);
  if (text == nullptr) return nullptr;
  const MutableBytes to = text->append(count);
  for (std::size_t i = 0; i < count; ++i) to[i] = stream_byte(place + i, salt);
  return text;
}

// Where `bytes` stop being the stream from `place` on; bytes.size() when they do not.
inline std::size_t first_difference(Bytes bytes, std::uint64_t place) {
  std::size_t i = 0;
  while (i < bytes.size() && bytes[i] == stream_byte(place + i)) ++i;
  return i;
}

// What all receivers of a stack have, sized as a test wishes.
struct Commons {
  explicit Commons(const TcpConfig& wanted = {}, const PacketPoolConfig& buffers = {})
      : config(wanted),
        pool(memory, buffers),
        account(wanted.buffer_bytes_pressure, wanted.buffer_bytes_max),
        slabs(memory, config) {}

  HeapMemory memory;
  TcpConfig config;
  PacketPool pool;
  BufferAccount account;
  ReceiverSlabs slabs;
  ReceiverShared shared{memory, pool, config, account, slabs};
};

// One receiver. Places are offsets in the stream; place 0 is behind the SYN.
struct ReceivingPeer {
  explicit ReceivingPeer(Commons& all,
                         ReceiverTerms terms = {.irs = SequenceNumber(999),
                                                .window_offered = 65535,
                                                .window_shift = 7,
                                                .sack_permitted = true},
                         const TcpSocketOptions& options = {})
      : commons(all), first(terms.irs + 1U) {
    receiver.on_established(terms, all.config, options);
  }
  ~ReceivingPeer() { receiver.release(commons.shared); }
  ReceivingPeer(const ReceivingPeer&) = delete;
  ReceivingPeer& operator=(const ReceivingPeer&) = delete;

  [[nodiscard]] SequenceNumber at(std::uint64_t place) const {
    return first + static_cast<std::uint32_t>(place);
  }
  [[nodiscard]] std::uint64_t place_of(SequenceNumber sequence) const {
    return distance(first, sequence);
  }
  TextOutcome text(std::uint64_t place, std::size_t count, TextFacts facts = {},
                   unsigned salt = 0) {
    PacketPtr payload = count == 0 ? nullptr : stream_text(commons.pool, place, count, salt);
    return receiver.on_text(commons.shared, at(place), std::move(payload), facts, now);
  }
  [[nodiscard]] std::vector<std::byte> read(std::size_t count = SIZE_MAX) {
    std::vector<std::byte> bytes(std::min(count, receiver.readable(commons.shared)));
    bytes.resize(receiver.read(commons.shared, bytes, now));
    read_total += bytes.size();
    return bytes;
  }
  [[nodiscard]] std::optional<Ack> ack() { return receiver.next_ack(commons.shared, now); }
  // All that is owed now.
  std::vector<Ack> acks() {
    std::vector<Ack> all;
    while (const auto one = ack()) all.push_back(*one);
    return all;
  }
  // Past the quick phase, in which each unit is acknowledged at once.
  void end_quick_phase() {
    std::uint64_t place = receiver.bytes_received();
    for (int i = 0; i < AckTiming::kQuickUnits; ++i) {
      now += milliseconds(1);
      text(place, 100, {.psh = true});
      place += 100;
      (void)acks();
      (void)read();
    }
  }
  // "8-9 3-5": blocks as places.
  [[nodiscard]] std::string blocks(const Ack& told) const {
    std::string out;
    for (const wire::TcpSackBlock& block : told.sack) {
      if (!out.empty()) out += ' ';
      out += std::to_string(static_cast<std::int32_t>(block.left - first.value())) + "-" +
             std::to_string(static_cast<std::int32_t>(block.right - first.value()));
    }
    return out;
  }

  Commons& commons;
  SequenceNumber first;
  Receiver receiver;
  Time now = Time(seconds(100));
  std::uint64_t read_total = 0;
};

}  // namespace strata::tcp::testing

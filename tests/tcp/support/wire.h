// SPDX-License-Identifier: Apache-2.0
// Two transports on a wire that loses, delays, reorders, duplicates and marks, by seed, on virtual
// time. Whatever is sent is cut into single segments and copied, as a real wire would.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/ready_hook.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/tcp_config.h"
#include "tcp/transport.h"

namespace strata::tcp::testing {

inline constexpr IpAddress kClientAddress = IpAddress::v4(10, 0, 0, 1);
inline constexpr IpAddress kServerAddress = IpAddress::v4(10, 0, 0, 2);
inline constexpr std::uint16_t kServerPort = 80;

enum class Side : std::uint8_t { kClient, kServer };
[[nodiscard]] constexpr Side other(Side side) {
  return side == Side::kClient ? Side::kServer : Side::kClient;
}

struct WireConfig {
  Duration delay = std::chrono::milliseconds(10);  // one way
  Ratio loss{};
  Ratio duplication{};
  Ratio reordering{};  // of these, each waits up to `jitter` longer
  Ratio marking{};     // ECT becomes CE
  Duration jitter = std::chrono::milliseconds(5);
  std::uint64_t bytes_per_second = 0;  // 0: no limit
  std::size_t queue_bytes = 256U << 10U;
  bool merges = false;  // segments of one flow that arrive together come as one, as GRO does it
  std::uint32_t mtu = 1500;
};

// One transport and what it needs around it.
struct Host {
  Host(const IpAddress& own, const TcpConfig& config, std::uint64_t seed, std::uint32_t mtu)
      : address(own),
        transport(memory, pool, config, SipKey{seed, seed ^ 0x5555}, Rng(seed), ready,
                  [mtu](const Flow&) { return mtu; }) {}

  IpAddress address;
  HeapMemory memory;
  HeapMemory pool_memory;
  PacketPool pool{pool_memory,
                  {.small_buffers = 8192, .large_buffers = 256, .extra_descriptors = 16384}};
  ReadyList ready;
  Transport transport;
  std::map<DropReason, int> refused;  // what on_segment() answered
};

// A segment as the wire saw it.
struct Passed {
  Side from;
  Time when;
  SequenceNumber seq;
  SequenceNumber ack;
  wire::TcpFlags flags;
  std::uint32_t bytes;
  std::uint16_t window;
  EcnCodepoint ecn;
  wire::TcpOptions options;
  bool lost;
};

class Wire {
 public:
  // Answers true to lose the segment.
  using Filter = std::function<bool(Side from, Segment& segment)>;

  explicit Wire(std::uint64_t seed = 1, const WireConfig& config = {},
                const TcpConfig& client_config = {}, const TcpConfig& server_config = {})
      : client(kClientAddress, client_config, seed * 2 + 1, config.mtu),
        server(kServerAddress, server_config, seed * 2 + 2, config.mtu),
        config_(config),
        rng_(seed) {}

  Host client;
  Host server;
  Time now{std::chrono::seconds(1000)};
  Filter filter;
  std::vector<Passed> log;
  Limits limits{};
  std::uint64_t outputs = 0;

  // From now on another transport stands where the server stood.
  void replace_server(Transport& transport) { server_transport_ = &transport; }
  [[nodiscard]] Transport& transport(Side side) {
    return side == Side::kClient ? client.transport : *server_transport_;
  }
  [[nodiscard]] Host& host(Side side) { return side == Side::kClient ? client : server; }
  [[nodiscard]] WireConfig& config() { return config_; }
  [[nodiscard]] bool is_silent() const { return in_flight_.empty(); }

  // Sends what both have to send, and tells their programs.
  void pump() {
    for (const Side side : {Side::kClient, Side::kServer}) {
      Host& from = host(side);
      int turns = 0;
      while (auto outgoing = transport(side).next_outgoing(now, limits)) {
        ++outputs;
        ASSERT_LT(++turns, 100'000) << "a storm";
        send(side, std::move(*outgoing));
      }
      from.ready.tell();
    }
  }

  // To the next arrival or deadline; false when nothing would ever happen.
  bool step() {
    pump();
    std::optional<Time> next =
        earlier(client.transport.next_deadline(), server_transport_->next_deadline());
    if (!in_flight_.empty()) next = earlier(next, in_flight_.begin()->first);
    if (!next) return false;
    now = std::max(now, *next);
    client.transport.on_deadline(now);
    server_transport_->on_deadline(now);
    while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
      auto node = in_flight_.extract(in_flight_.begin());
      arrive(std::move(node.mapped()));
    }
    pump();
    return true;
  }

  // Time passes; nothing beyond it happens.
  void run_for(Duration duration) {
    const Time end = now + duration;
    pump();
    for (int steps = 0; steps < 10'000'000; ++steps) {
      std::optional<Time> next =
          earlier(client.transport.next_deadline(), server_transport_->next_deadline());
      if (!in_flight_.empty()) next = earlier(next, in_flight_.begin()->first);
      if (!next || *next > end) break;
      (void)step();
    }
    now = end;
    client.transport.on_deadline(now);
    server_transport_->on_deadline(now);
    pump();
  }

  // False when `done` did not come true within `limit`.
  template <typename Done>
  bool run_until(Done done, Duration limit = std::chrono::seconds(600)) {
    const Time end = now + limit;
    pump();
    while (!done()) {
      if (now > end) return done();
      if (!step()) now += std::chrono::milliseconds(10);  // programs may still have something to do
    }
    return true;
  }

  // The last segments that passed, for a failure's message.
  [[nodiscard]] std::string tail(std::size_t count = 40) const {
    std::ostringstream text;
    for (std::size_t i = log.size() - std::min(count, log.size()); i < log.size(); ++i) {
      const Passed& passed = log[i];
      text << std::chrono::duration_cast<std::chrono::microseconds>(passed.when - log[0].when)
                  .count()
           << " us " << (passed.from == Side::kClient ? "> " : "< ") << passed.seq.value() << '+'
           << passed.bytes << " ack " << passed.ack.value() << " flags " << std::hex
           << passed.flags.bits() << std::dec << " win " << passed.window;
      for (const wire::TcpSackBlock& block : passed.options.sack) {
        text << " sack " << block.left << '-' << block.right;
      }
      text << (passed.lost ? " LOST\n" : "\n");
    }
    return text.str();
  }

  void inject(Side to, Segment segment) {
    Host& at = host(to);
    const DropReason reason = transport(to).on_segment(std::move(segment), now);
    ++at.refused[reason];
  }

 private:
  struct InFlight {
    Side to;
    Segment segment;
  };

  void send(Side side, Outgoing outgoing) {
    const std::uint32_t total =
        outgoing.payload == nullptr ? 0 : static_cast<std::uint32_t>(outgoing.payload->size());
    const std::uint32_t size = outgoing.segment_size == 0 ? total : outgoing.segment_size;
    EXPECT_LE(std::uint32_t{outgoing.header.header_length} + 20 + std::min(size, total),
              config_.mtu);
    std::uint32_t offset = 0;
    do {
      const std::uint32_t bytes = std::min(size, total - offset);
      Segment piece = cut(outgoing, offset, bytes, offset + bytes == total, host(other(side)));
      offset += bytes;
      transmit(side, std::move(piece));
    } while (offset < total);
  }

  static Segment cut(const Outgoing& outgoing, std::uint32_t offset, std::uint32_t bytes,
                     bool is_last, Host& to) {
    Segment segment;
    segment.flow = {.local_address = outgoing.flow.remote_address,
                    .remote_address = outgoing.flow.local_address,
                    .local_port = outgoing.flow.remote_port,
                    .remote_port = outgoing.flow.local_port,
                    .interface = outgoing.flow.interface};
    segment.seq = SequenceNumber(outgoing.header.sequence_number) + offset;
    segment.ack = SequenceNumber(outgoing.header.acknowledgment_number);
    segment.flags = outgoing.header.flags;
    if (!is_last) segment.flags = segment.flags & ~(kFinAndPush);
    if (offset != 0) segment.flags = segment.flags & ~wire::kTcpCwr;
    segment.window = outgoing.header.window;
    segment.urgent_pointer = outgoing.header.urgent_pointer;
    segment.payload_bytes = bytes;
    segment.ecn = outgoing.ecn;
    segment.hop_limit = 64;
    segment.options =
        wire::TcpOptions::parse(Bytes(outgoing.option_bytes).first(outgoing.option_size()));
    if (bytes != 0) {
      segment.payload = to.pool.allocate_for(bytes, 0);
      STRATA_CHECK(segment.payload != nullptr);
      outgoing.payload->copy_out(offset, segment.payload->append(bytes));
    }
    return segment;
  }

  void transmit(Side side, Segment segment) {
    bool lost = rng_.chance(config_.loss) || (filter && filter(side, segment));
    if (segment.ecn != EcnCodepoint::kNotEct && rng_.chance(config_.marking)) {
      segment.ecn = EcnCodepoint::kCe;
    }
    Time arrival = now + config_.delay;
    if (config_.bytes_per_second != 0) {
      Time& free_at = free_at_[static_cast<std::size_t>(side)];
      free_at = std::max(free_at, now);
      const auto bytes = static_cast<std::int64_t>(segment.payload_bytes + 58U);
      const auto rate = static_cast<std::int64_t>(config_.bytes_per_second);
      const std::int64_t queued = (free_at - now).count() * rate / 1'000'000'000;
      if (queued > static_cast<std::int64_t>(config_.queue_bytes)) {
        lost = true;
      } else {
        free_at += Duration(bytes * 1'000'000'000 / rate);
        arrival = free_at + config_.delay;
      }
    }
    log.push_back({side, now, segment.seq, segment.ack, segment.flags, segment.payload_bytes,
                   segment.window, segment.ecn, segment.options, lost});
    if (lost) return;
    if (rng_.chance(config_.reordering)) {
      arrival += Duration(static_cast<std::int64_t>(
          rng_.below(static_cast<std::uint64_t>(config_.jitter.count()) + 1)));
    }
    if (rng_.chance(config_.duplication)) {
      in_flight_.emplace(arrival, InFlight{other(side), duplicate(segment)});
    }
    in_flight_.emplace(arrival, InFlight{other(side), std::move(segment)});
  }

  static Segment duplicate(const Segment& segment) {
    Segment copy;
    copy.flow = segment.flow;
    copy.seq = segment.seq;
    copy.ack = segment.ack;
    copy.flags = segment.flags;
    copy.window = segment.window;
    copy.urgent_pointer = segment.urgent_pointer;
    copy.payload_bytes = segment.payload_bytes;
    copy.ecn = segment.ecn;
    copy.hop_limit = segment.hop_limit;
    copy.options = segment.options;
    if (segment.payload != nullptr) {
      copy.payload = segment.payload->share(0, segment.payload->size());
    }
    return copy;
  }

  void arrive(InFlight arrived) {
    if (config_.merges) merge_followers(arrived);
    inject(arrived.to, std::move(arrived.segment));
  }

  // What deliver_tcp does: in-order neighbours that differ in nothing that matters become one.
  void merge_followers(InFlight& first) {
    while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
      InFlight& next = in_flight_.begin()->second;
      Segment& a = first.segment;
      Segment& b = next.segment;
      constexpr wire::TcpFlags kPlain = wire::kTcpAck | wire::kTcpPsh;
      const bool fits = next.to == first.to && a.flow == b.flow && a.payload != nullptr &&
                        b.payload != nullptr && a.end() == b.seq && (a.flags | kPlain) == kPlain &&
                        (b.flags | kPlain) == kPlain && a.ecn == b.ecn && a.options.sack.empty() &&
                        b.options.sack.empty() && a.payload_bytes + b.payload_bytes < 60'000 &&
                        a.ack <= b.ack && !a.flags.psh();
      if (!fits) return;
      a.ack = b.ack;
      a.window = b.window;
      a.flags |= b.flags;
      a.options = b.options;
      a.payload_bytes += b.payload_bytes;
      ++a.segments;
      a.payload->append_chain(std::move(b.payload));
      in_flight_.erase(in_flight_.begin());
    }
  }

  static constexpr wire::TcpFlags kFinAndPush = wire::kTcpFin | wire::kTcpPsh;

  Transport* server_transport_ = &server.transport;
  WireConfig config_;
  Rng rng_;
  std::multimap<Time, InFlight> in_flight_;
  std::array<Time, 2> free_at_{};
};

}  // namespace strata::tcp::testing

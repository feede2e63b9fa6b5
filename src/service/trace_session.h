// SPDX-License-Identifier: Apache-2.0
// TraceSession: which routers a packet passes, by UDP, echo or TCP probes of growing hop limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/syn_probes.h"
#include "strata/executor.h"
#include "strata/icmp_socket.h"
#include "strata/inline_function.h"
#include "strata/stack.h"
#include "strata/udp_socket.h"

//   probe i has hop limit first_hop + i / probes_each, and a name that errors quote back: its
//   UDP port (base_port + i), its echo sequence number (i + 1) or its TCP source port.
//
// 1. Up to 16 probes are under way at once. A socket keeps the last four errors, so they are
//    spread over four sockets; TCP's, which share one, are four at once.
// 2. Hops are told in order, each once, when all its probes are answered or given up.
// 3. It ends with the first hop at which the destination itself answers, or at hops_max.

namespace strata::service {

struct TraceOptions {
  IpAddress destination;
  std::string name = {};  // as the destination was called; empty: its address
  enum class Probe : std::uint8_t { kUdp, kEcho, kTcp };
  Probe probe = Probe::kUdp;
  std::uint8_t first_hop = 1;
  std::uint8_t hops_max = 30;
  std::uint32_t probes_each = 3;  // 1 to 10
  Duration patience = std::chrono::seconds(5);
  std::uint16_t base_port = 33'434;  // kUdp: of the first probe
  std::uint16_t tcp_port = 80;       // kTcp: of all
  std::size_t payload = 32;
};

struct TraceProbe {
  enum class State : std::uint8_t { kWaiting, kUnderWay, kAnswered, kLost };
  State state = State::kWaiting;
  Time sent{};
  Duration round_trip{};
  IpAddress from;
  std::string note{};  // "!H": why it went no further
  bool is_final = false;
};

struct TraceHop {
  std::uint8_t hop = 0;
  std::vector<TraceProbe> probes;
};

struct TraceEvents {
  InlineFunction<void(const TraceHop&)> on_hop = nullptr;
  InlineFunction<void()> on_done = nullptr;
};

class TraceSession {
 public:
  TraceSession(Stack& stack, Executor& executor, const TraceOptions& options, TraceEvents events);
  ~TraceSession();
  TraceSession(const TraceSession&) = delete;
  TraceSession& operator=(const TraceSession&) = delete;

  [[nodiscard]] Outcome<void> start();
  [[nodiscard]] bool is_done() const { return is_done_; }
  [[nodiscard]] bool has_arrived() const { return has_arrived_; }

 private:
  static constexpr std::size_t kSockets = 4;
  static constexpr std::size_t kUnderWayMax = 16;
  static constexpr std::size_t kSynsUnderWayMax = 4;

  [[nodiscard]] Result<void> open_sockets();
  [[nodiscard]] Result<void> open_udp();
  [[nodiscard]] Result<void> open_echo();
  [[nodiscard]] Result<void> open_tcp();
  [[nodiscard]] Result<std::size_t> send_probe(std::size_t index);
  [[nodiscard]] Result<void> send(std::size_t index);
  void advance();
  void give_up_old();
  void tell_hops();
  void arm();
  void receive(std::size_t socket);
  void receive_echo(IcmpSocket& socket);
  void receive_udp(UdpSocket& socket);
  void receive_tcp();
  [[nodiscard]] std::size_t index_of(const SocketError& error) const;
  void take_error(const SocketError& error);
  void settle(std::size_t index, const IpAddress& from, std::string note, bool is_final);
  [[nodiscard]] std::uint8_t hop_of(std::size_t index) const {
    return static_cast<std::uint8_t>(options_.first_hop + index / options_.probes_each);
  }

  Stack& stack_;
  Executor& executor_;
  TraceOptions options_;
  TraceEvents events_;
  std::vector<UdpSocket> udp_;
  std::vector<IcmpSocket> echo_;
  std::optional<SynProbes> tcp_;
  std::vector<TraceProbe> probes_;
  std::vector<std::byte> payload_;
  std::vector<std::byte> buffer_;
  std::optional<TimerId> timer_;
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
  std::size_t told_hops_ = 0;
  std::size_t end_;  // probes from here on are not needed
  bool is_done_ = false;
  bool has_arrived_ = false;
};

// "traceroute to 10.77.0.1 (10.77.0.1), 30 hops max, 60 byte packets"
[[nodiscard]] std::string trace_opening(const TraceOptions& options);
// " 1  10.77.0.1 (10.77.0.1)  0.120 ms  0.098 ms  0.101 ms"
enum class TraceNames : std::uint8_t { kBoth, kNumeric };  // numeric: addresses once, as with -n
[[nodiscard]] std::string trace_hop_line(const TraceHop& hop, TraceNames names);
[[nodiscard]] std::string trace_hop_json(const TraceHop& hop);

}  // namespace strata::service

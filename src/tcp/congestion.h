// SPDX-License-Identifier: Apache-2.0
// CongestionControl: events in, a congestion window and a pacing rate out.
//
//        Sender, Recovery                         CongestionControl
//   losses, ACKs, RTOs, silence ---- on_*() ---->  one algorithm's state, at most 64 bytes
//   may send while in flight  <---- cwnd() ------  (a large one keeps a block of Memory)
//   target of the reduction   <---- ssthresh() --
//   spacing (Pacer)           <---- pacing_rate()
//
// An algorithm knows neither connection, segment nor sequence number: bytes and times only, all
// integers, so that equal events give equal windows on every machine.
//
// Order. For one acknowledgement, after the scoreboard has been updated:
//     on_loss()            for each record newly declared lost
//     on_congestion()      if that, or ECE, begins an episode (at most once per window of data)
//     on_undo()            if the episode proved spurious
//     on_recovery_exit()   if the ACK ends the episode
//     on_ack()             if the ACK delivered something, in recovery as well
// For a retransmission timeout: on_loss() for what it declares lost, then on_rto(). Before data is
// sent with nothing in flight: on_idle_restart(). on_congestion() may follow on_congestion() only
// across on_recovery_exit(), on_undo() or on_rto().
//
// Who moves cwnd:
// 1. Outside recovery, and after a timeout, the control does, in on_ack().
// 2. on_congestion() sets ssthresh, the target of the reduction, and leaves cwnd alone. Until
//    on_recovery_exit() the control does not touch cwnd: proportional rate reduction (RFC 6937)
//    walks it down to ssthresh() through set_cwnd(), once per ACK. This holds for loss and for ECE.
// 3. on_recovery_exit() of an episode begun by on_congestion() leaves cwnd at ssthresh.
// 4. on_rto() sets ssthresh (first timeout of a segment only) and cwnd to one segment. What follows
//    is slow start; on_recovery_exit() then says that all data lost with the timeout is repaired.
// 5. on_undo() restores cwnd and ssthresh to at least what they were before the episode.
// 6. A control with owns_recovery() moves cwnd itself in all phases; nobody calls its set_cwnd().
// 7. cwnd() is never below one segment.
//
// Writing one's own: derive a `final` class of at most kCongestionBytes without a destructor, take
// more memory in try_start() and give it back in release(), add algorithm_of<Mine>("mine") to the
// stack's AlgorithmTable (congestion/registry.h), choose it by name on the socket. A connection
// holds whatever was chosen in a CongestionSlot (congestion/slot.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>

#include "strata/memory.h"
#include "strata/time.h"
#include "tcp/delivery_rate.h"

namespace strata::tcp::congestion {

// ssthresh before anything is known of the path (RFC 5681 3.1: arbitrarily high).
inline constexpr std::uint32_t kNoThreshold = 0xffff'ffff;

struct StartEvent {
  Time now{};
  std::uint32_t mss = 536;  // bytes of payload in a full segment, options taken off
  std::uint32_t initial_window = 10 * 536;
  std::uint32_t ssthresh = kNoThreshold;
  Duration srtt{};         // of the handshake; 0: none
  bool has_sack = true;    // several losses per round trip can be seen
  std::uint64_t seed = 0;  // a word of the stack's Rng, for algorithms that draw lots
};

struct AckEvent {
  Time now{};
  std::uint32_t bytes_acked = 0;  // by which SND.UNA advanced
  std::uint32_t ce_bytes = 0;     // of bytes_acked, those an ECE (or AccECN's counter) marked
  std::uint32_t in_flight_before = 0;
  std::uint32_t in_flight = 0;  // after this ACK was accounted
  // Of the record this ACK delivers that was sent last, unless ambiguous (Karn).
  std::optional<Duration> rtt{};
  Duration min_rtt{};  // over the connection; 0: none yet
  Duration srtt{};     // 0: none yet
  RateSample sample{};
  // The window, not the application or the peer, bounded what was sent in the past round trip.
  bool is_cwnd_limited = true;
  bool is_paced = false;  // departures are spaced by a Pacer
};

enum class CongestionCause : std::uint8_t { kLoss, kEcn };

struct CongestionEvent {
  Time now{};
  CongestionCause cause = CongestionCause::kLoss;
  // What of cwnd was in use: FlightSize (SND.NXT - SND.UNA), or what WindowValidation says of it.
  std::uint32_t flight_size = 0;
  std::uint32_t in_flight = 0;  // without what is SACKed or lost ("pipe")
};

struct RtoEvent {
  Time now{};
  std::uint32_t flight_size = 0;
  std::uint32_t in_flight = 0;  // after all that is outstanding was declared lost
  bool is_first = true;         // of this segment: back-offs change ssthresh no more
};

// Before data is sent with nothing in flight.
struct IdleEvent {
  Time now{};
  Duration idle{};  // since data was last sent
  Duration rto{};
  std::uint32_t restart_window = 0;  // the initial window
  bool is_app_limited = true;        // it was the application that had nothing to send
  bool is_paced = false;             // departures are spaced by a Pacer
};

}  // namespace strata::tcp::congestion

namespace strata::tcp {

class CongestionControl {
 public:
  [[nodiscard]] virtual std::string_view name() const = 0;

  // First call. False: Memory has no room for the state.
  [[nodiscard]] virtual bool try_start(Memory& memory, const congestion::StartEvent& start) = 0;
  // Last call: gives back what try_start() took.
  virtual void release() {}

  virtual void on_loss(const LossSample&) {}
  virtual void on_congestion(const congestion::CongestionEvent& event) = 0;
  virtual void on_undo(Time now) = 0;
  virtual void on_recovery_exit(Time now) = 0;
  virtual void on_ack(const congestion::AckEvent& ack) = 0;
  virtual void on_rto(const congestion::RtoEvent& event) = 0;
  virtual void on_idle_restart(const congestion::IdleEvent& event) = 0;
  // The window validated so far has not been used for long (RFC 7661 4.4.3).
  virtual void on_window_unused(Time now, std::uint32_t restart_window) = 0;
  virtual void on_mss_change(std::uint32_t mss) = 0;

  // Bytes per second; 0: the algorithm asks for no pacing.
  [[nodiscard]] virtual std::uint64_t pacing_rate() const { return 0; }
  [[nodiscard]] virtual bool owns_recovery() const { return false; }

  [[nodiscard]] std::uint32_t cwnd() const { return cwnd_; }
  [[nodiscard]] std::uint32_t ssthresh() const { return ssthresh_; }
  [[nodiscard]] bool is_slow_start() const { return cwnd_ < ssthresh_; }
  // For proportional rate reduction, between on_congestion() and on_recovery_exit().
  void set_cwnd(std::uint32_t cwnd) { cwnd_ = cwnd; }

 protected:
  ~CongestionControl() = default;  // state is forgotten, not destroyed

  std::uint32_t cwnd_ = 0;
  std::uint32_t ssthresh_ = congestion::kNoThreshold;
};

// What an algorithm's object may take of each connection.
inline constexpr std::size_t kCongestionBytes = 64;

// One algorithm as a socket may choose it. Lives as long as the program.
struct Algorithm {
  std::string_view name;
  CongestionControl* (*construct)(void* place);
  void (*copy)(void* place, const CongestionControl& from);
};

template <typename T>
[[nodiscard]] constexpr Algorithm algorithm_of(std::string_view name) {
  static_assert(sizeof(T) <= kCongestionBytes, "keep what is larger in a block of Memory");
  static_assert(alignof(T) <= alignof(std::uint64_t));
  static_assert(std::is_trivially_destructible_v<T>, "state is forgotten: use release()");
  return {name, [](void* place) -> CongestionControl* { return ::new (place) T; },
          [](void* place, const CongestionControl& from) {
            ::new (place) T(static_cast<const T&>(from));
          }};
}

}  // namespace strata::tcp

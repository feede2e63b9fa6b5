// SPDX-License-Identifier: Apache-2.0
// Two processes, each with a stack, a core and one end of a pipe, and a TCP connection between
// them.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bench/harness/stack_pair.h"
#include "strata/device.h"
#include "strata/tcp_stream.h"

namespace strata::bench {

inline constexpr std::size_t kFarCore = 0;
inline constexpr std::size_t kNearCore = 1;

// One end: its stack, and its end of the connection, which stands when the constructor is through.
class PipeEnd {
 public:
  enum class Which : std::uint8_t { kConnects, kListens };
  PipeEnd(const std::string& pipe, Which which);

  [[nodiscard]] TcpStream& stream() { return *stream_; }
  void turn(Time now) { host_.turn(now); }
  // All that there is to read; the bytes that these were.
  std::size_t drain(MutableBytes buffer, Time now);
  // The same where they lie, without a copy.
  std::size_t drain_packets(Time now);
  // Writes as long as there is room: copies of these bytes, or packets that lie over them.
  void fill(Bytes bytes, Time now);
  void fill_packets(MutableBytes bytes, Time now);
  // Until the pipe rings, after a turn that found nothing.
  void sleep();

 private:
  void connect();
  void accept();

  std::unique_ptr<Device> device_;
  Host host_;
  std::optional<TcpStream> stream_;
};

// The far end lives in a process of its own and does as it is told.
class PipePair {
 public:
  enum class Does : std::uint32_t {
    kRests,         // sleeps, while others are measured
    kTurns,         // turns its stack
    kWrites,        // copies bytes in as long as there is room
    kGivesPackets,  // the same without a copy
    kEchoes,        // answers what comes, never asleep
    kEchoesAsleep,  // sleeps until something comes
  };
  PipePair();
  ~PipePair();
  PipePair(const PipePair&) = delete;
  PipePair& operator=(const PipePair&) = delete;

  [[nodiscard]] PipeEnd& near() { return *near_; }
  void tell_far(Does what) { far_does_->store(what, std::memory_order_relaxed); }
  // Ends what was under way, so that it is not taken for lost while others have their turns.
  void rest();

 private:
  [[noreturn]] void live_far();
  void far_turn(PipeEnd& end, Does what);

  std::string folder_;
  std::atomic<Does>* far_does_;  // in memory that both processes have
  std::optional<PipeEnd> near_;
  pid_t far_ = -1;
};

}  // namespace strata::bench

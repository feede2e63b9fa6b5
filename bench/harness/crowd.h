// SPDX-License-Identifier: Apache-2.0
// Crowd: two stacks with many connections between them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "bench/harness/stack_pair.h"
#include "bench/harness/timing.h"
#include "strata/hooks.h"
#include "strata/tcp_listener.h"

namespace strata::bench {

// Drops full frames: one after as many as it was armed with, or each `period`-th for good.
class Loss final : public Hook {
 public:
  void once_after(std::size_t frames) { frames_until_loss_ = frames; }
  void each(std::size_t period) { frames_until_loss_ = period_ = period; }
  void on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time) override;
  [[nodiscard]] std::size_t lost() const { return lost_; }

 private:
  std::size_t frames_until_loss_ = 0;
  std::size_t period_ = 0;
  std::size_t lost_ = 0;
};

struct Ends {
  TcpStream client, server;
};

enum class Past : std::uint8_t {
  kFresh,     // opened, nothing moved
  kMovedData  // 64 KB with one loss, then silence
};

class Crowd {
 public:
  Crowd(std::size_t count, Past past);
  ~Crowd();

  // Memory of stack `which` for each connection beyond the first.
  [[nodiscard]] double bytes_each(std::size_t which);
  [[nodiscard]] std::size_t size() const { return streams_.size(); }
  [[nodiscard]] Ends& operator[](std::size_t i) { return streams_[i]; }
  // From here on each `period`-th full frame to the servers is lost; 0: none.
  void lose_each(std::size_t period) { loss_.each(period); }
  [[nodiscard]] std::size_t lost() const { return loss_.lost(); }
  // `step` passes, and both stacks turn once.
  void turn(Duration step = std::chrono::microseconds(1));
  [[nodiscard]] Time time() const { return time_; }

 private:
  void listen(std::uint16_t port);
  void open(std::uint16_t port);
  void move_with_loss(Ends& ends);
  void settle();

  StackPair pair_{MemoryLinkOptions{.ring_packets = 128, .vouches_for_bytes = false}};
  Loss loss_;
  Time time_ = now();
  std::vector<std::byte> text_, buffer_;
  std::vector<TcpListener> listeners_;
  std::vector<Ends> streams_;
  std::array<std::size_t, 2> before_{};
};

}  // namespace strata::bench

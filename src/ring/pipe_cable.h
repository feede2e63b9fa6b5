// SPDX-License-Identifier: Apache-2.0
// PipeCable: what the two rings of a pipe's end have in common: the way to the other end.
//
// 1. Either ring may belong to another thread: what they share stands behind a lock that is taken
//    when there is nothing to read, no room, or somebody to wake, and never once a frame.
// 2. Each ring holds the memory it uses. A link that is over is read to its end by the one ring
//    while the other already writes to the next link.
// 3. Each ring has a descriptor. There is one bell for both: whoever hears it tells the other, if
//    the other sleeps.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>

#include "driver/pipe/connection.h"

namespace strata::ring {

class PipeCable {
 public:
  using Memory = driver::pipe::Connection::Memory;
  enum class Side : std::uint8_t { kReader, kWriter };

  // By name, to another process or thread that opens the same name.
  [[nodiscard]] static std::expected<std::shared_ptr<PipeCable>, DeviceError> open(
      const std::string& name);
  explicit PipeCable(driver::pipe::Connection connection);
  ~PipeCable();
  PipeCable(const PipeCable&) = delete;
  PipeCable& operator=(const PipeCable&) = delete;

  [[nodiscard]] bool is_first() const { return connection_.is_first(); }
  // The memory of the link there is now, or null. For the reader also that of a link which is over
  // and which it has not seen. Looks after the connection.
  [[nodiscard]] Memory link(Side asking);
  // Whether `memory` is that of a link whose other end is gone. Looks after the connection.
  [[nodiscard]] bool is_over(const Memory& memory, Side asking);
  // Ends the link if it is still this one, and looks for a new one.
  void let_go(const Memory& memory, Side asking);
  // Changes whenever a link ends: worth a look, and costs none of the lock.
  [[nodiscard]] std::uint32_t links_ended() const {
    return links_ended_.load(std::memory_order_relaxed);
  }

  // Readable once the other end rings, a link comes or ends, after prepare_to_sleep().
  [[nodiscard]] int descriptor(Side side) const { return bell(side).epoll; }
  // Before a last look at the ring.
  void prepare_to_sleep(Side side);
  void ring();

 private:
  struct Bell {
    int epoll = -1;  // of the connection's descriptor and this event
    int event = -1;  // the other side has heard what this one may have waited for
    std::atomic<bool> sleeps{false};
  };
  [[nodiscard]] const Bell& bell(Side side) const { return bells_[side == Side::kWriter]; }
  [[nodiscard]] Bell& bell(Side side) { return bells_[side == Side::kWriter]; }
  void tend(Side asking);
  static void wake(Bell& other);

  std::mutex mutex_;
  driver::pipe::Connection connection_;
  std::array<Bell, 2> bells_;
  Memory unread_;  // a link that the reader has not seen
  Memory last_seen_;
  bool is_other_gone_ = true;
  std::atomic<std::uint32_t> links_ended_{0};
};

}  // namespace strata::ring

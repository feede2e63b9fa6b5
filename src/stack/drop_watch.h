// SPDX-License-Identifier: Apache-2.0
// DropWatcher: hears which of the packets that hooks have just seen went no further, and why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "strata/drop_reason.h"
#include "strata/packet.h"
#include "strata/time.h"

//   device ─> kFrameIn hooks ─> every step of the way in ─> on_step_end()
//   queue ──> kFrameOut hooks ─────────────────────────────> on_step_end()
//                                        └ drop() ─> on_drop(key, reason)
//
// A hook at kFrameIn sees a frame before anybody knows what becomes of it; the step that follows
// decides. Whoever wants both keeps what the hook showed until on_step_end(). Without watchers a
// drop costs one comparison, and nothing else is asked.

namespace strata::stack {

// Knows a packet again within one step, also after its descriptor went back to the pool. A packet
// that the step makes anew in the same place has no time of arrival, also when it is made of parts
// of one that came; one that stands for another, as a copy does, is told of.
struct PacketKey {
  const Packet* descriptor = nullptr;
  Time arrival{};
  friend bool operator==(const PacketKey&, const PacketKey&) = default;
};

[[nodiscard]] inline PacketKey key_of(const Packet& packet) {
  return {&packet, packet.notes().arrival};
}

class DropWatcher {
 public:
  // From inside a step: it must be quick, and must not call back.
  virtual void on_drop(const PacketKey& packet, DropReason reason) = 0;
  // `from` goes its way as `to`, which may lie where an earlier packet was.
  virtual void on_copy(const PacketKey& from, const PacketKey& to) = 0;
  // What hooks at kFrameIn or kFrameOut were shown since the last call has gone as far as it goes
  // in this step. What waits longer, as fragments do, is not told of.
  virtual void on_step_end(Time now) = 0;

 protected:
  ~DropWatcher() = default;
};

// Those who watch one stack.
class DropWatchers {
 public:
  static constexpr std::size_t kMax = 8;

  // False: there are kMax already.
  [[nodiscard]] bool add(DropWatcher& watcher);
  void remove(DropWatcher& watcher);
  [[nodiscard]] bool empty() const { return count_ == 0; }

  void tell(const PacketKey& packet, DropReason reason) const;
  void tell_copy(const PacketKey& from, const PacketKey& to) const;
  void end_step(Time now) const;

 private:
  std::array<DropWatcher*, kMax> watchers_{};
  std::size_t count_ = 0;
};

}  // namespace strata::stack

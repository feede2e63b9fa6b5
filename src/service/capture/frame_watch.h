// SPDX-License-Identifier: Apache-2.0
// FrameWatch: the frames of a stack as they pass, each with what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "service/capture/captured_interface.h"
#include "service/capture/packet_filter.h"
#include "service/capture/tcp_remarks.h"
#include "service/failure.h"
#include "stack/drop_watch.h"
#include "strata/bytes.h"
#include "strata/hooks.h"
#include "strata/packet.h"
#include "strata/stack.h"

//   hook at kFrameIn, kFrameOut ─> held ─> end of the step ─> tell(frame)
//                  drop() ─ reason ─┘           └─ TcpRemarks
//
// 1. A frame is copied when a hook sees it and told when the step it came with is over, with the
//    reason if it was dropped: docs/design/024. It is told in the same turn, in the same order.
// 2. At most one batch is held, of bytes_max bytes each.
// 3. Before start() and after stop() the stack knows nothing of it.

namespace strata::service {

struct WatchedFrame {
  Time time{};
  bool is_incoming = true;
  InterfaceId interface = kNoInterface;
  CapturedInterface named{};
  std::size_t size = 0;  // on the wire
  Bytes bytes{};         // its first ones, as long as it is told of
  std::optional<DropReason> dropped{};
  std::string comment{};  // why it was dropped, or what TCP has to say; mostly empty
};

class FrameWatch final : public Hook, private stack::DropWatcher {
 public:
  // Sees all of a frame; false: it is of no interest.
  using Wanted = std::function<bool(Medium medium, Bytes bytes, std::size_t size)>;
  using Tell = std::function<void(const WatchedFrame& frame)>;

  // The stack outlives the watch. tell() is called from inside the stack's turn, and leaves the
  // watch as it is.
  FrameWatch(Stack& stack, Tell tell);
  ~FrameWatch() override;
  FrameWatch(const FrameWatch&) = delete;
  FrameWatch& operator=(const FrameWatch&) = delete;

  // A watch that runs goes on with what is said now.
  [[nodiscard]] Outcome<void> start(std::size_t bytes_max, Wanted wanted = {});
  void stop();
  [[nodiscard]] bool is_running() const { return is_running_; }
  void tell_to(Tell tell) { tell_ = std::move(tell); }

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  struct Held {
    stack::PacketKey key;
    WatchedFrame frame;
    std::size_t at = 0;  // where its bytes begin in bytes_
    std::size_t count = 0;
  };

  void on_drop(const stack::PacketKey& packet, DropReason reason) override;
  void on_copy(const stack::PacketKey& from, const stack::PacketKey& to) override;
  void on_step_end(Time now) override;
  void hold(const Packet& packet, bool is_incoming, Time now);
  [[nodiscard]] std::string comment_on(const WatchedFrame& frame, Bytes bytes);

  Stack& stack_;
  std::size_t bytes_max_ = 0;
  Tell tell_;
  Wanted wanted_;
  TcpRemarks remarks_;
  bool is_running_ = false;
  std::vector<Held> held_;
  std::vector<std::byte> bytes_;
};

[[nodiscard]] FrameWatch::Wanted wanted_by(PacketFilters filters);

}  // namespace strata::service

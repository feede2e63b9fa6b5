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
// 4. With a sampler a frame that it has no room for costs a comparison: it is neither copied nor
//    looked at, and while there is no room nobody hears of drops or listens to TCP.

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

// Who shows but a part of what passes says so before anything is done for the rest.
class FrameSampler {
 public:
  // So many more frames may be told of.
  [[nodiscard]] virtual std::size_t room() const = 0;
  // Whether one may be, by its first bytes.
  [[nodiscard]] virtual bool wants(Medium medium, Bytes head, std::size_t size) = 0;
  // So many went by for want of room.
  virtual void pass_over(std::size_t frames) = 0;

 protected:
  ~FrameSampler() = default;
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
  // The same of what the sampler chooses; it outlives the watch.
  [[nodiscard]] Outcome<void> start_sampling(std::size_t bytes_max, FrameSampler& sampler);
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
  [[nodiscard]] bool is_wanted(Medium medium, Bytes bytes, std::size_t size) const;
  [[nodiscard]] bool listen(bool is_wanted);
  [[nodiscard]] std::string comment_on(const WatchedFrame& frame, Bytes bytes);

  Stack& stack_;
  std::size_t bytes_max_ = 0;
  Tell tell_;
  Wanted wanted_;
  FrameSampler* sampler_ = nullptr;  // null: all that is wanted
  TcpRemarks remarks_;
  bool is_running_ = false;
  bool is_listening_ = false;  // to what becomes of frames, and to TCP
  std::vector<Held> held_;
  std::vector<std::byte> bytes_;
};

[[nodiscard]] FrameWatch::Wanted wanted_by(PacketFilters filters);

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// TcpRemarks: what there is to say of a TCP segment that goes by, in plain words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/capture/captured_segment.h"
#include "strata/stack.h"
#include "strata/tcp_event.h"

//   TCP ──on_tcp_event──> sent again, and why ──┐
//                         what an ACK brought  ──┤
//   frame ─> captured_segment ───────────────────┴─> of() ─> one to four sentences, or none
//
// 1. A segment that is sent again is told of before its frame leaves, one that came before the step
//    in which it came is over: whoever asks asks then. Frames are known by their numbers.
// 2. What nobody asks about is forgotten after kRememberedMax others.
// 3. Zero windows, missing pieces and bytes that came twice are read from the segment alone.

namespace strata::service {

class TcpRemarks final : private TcpObserver {
 public:
  static constexpr std::size_t kRememberedMax = 256;

  // The stack must outlive it.
  explicit TcpRemarks(Stack& stack) : stack_(stack) {}
  ~TcpRemarks() { stop(); }
  TcpRemarks(const TcpRemarks&) = delete;
  TcpRemarks& operator=(const TcpRemarks&) = delete;

  // False: too many watch TCP already; what segments say by themselves is remarked all the same.
  bool start();
  void stop();

  // Empty: nothing. `interface` is where the frame passes.
  [[nodiscard]] std::string of(const CapturedSegment& segment, bool is_incoming,
                               InterfaceId interface, Time now);
  // What came and was not asked about does not concern what comes.
  void end_step();

 private:
  struct SentAgain {
    std::uint32_t sequence = 0;
    std::uint32_t bytes = 0;
    std::uint32_t acknowledgment = 0;
    TcpLossCause cause{};
  };
  // What a segment that came has brought about.
  struct Brought {
    SocketId socket{};
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgment = 0;
    std::optional<TcpLossCause> entered{};
    bool undone = false;
  };

  void on_tcp_event(const TcpEvent& event) override;
  void note_sent(const TcpEvent& event);
  [[nodiscard]] std::string remark_outgoing(const CapturedSegment& segment);
  [[nodiscard]] std::string remark_incoming(const CapturedSegment& segment);
  [[nodiscard]] std::string doctor(const CapturedSegment& segment, bool is_incoming,
                                   InterfaceId interface, Time now) const;

  Stack& stack_;
  bool is_watching_ = false;
  std::vector<SentAgain> again_;
  std::vector<Brought> brought_;  // the last one is of the segment in hand
};

}  // namespace strata::service

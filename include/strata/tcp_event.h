// SPDX-License-Identifier: Apache-2.0
// TcpEvent: what happens inside connections, told to whoever watches; after qlog's events.
#pragma once

#include <cstdint>

#include "strata/drop_reason.h"
#include "strata/socket_types.h"
#include "strata/tcp_info.h"
#include "strata/tcp_state.h"
#include "strata/time.h"
#include "strata/wire/tcp.h"

namespace strata {

enum class TcpEventKind : std::uint8_t {
  kStateChanged,     // from, to
  kSegmentSent,      // sequence, acknowledgment, bytes, segments, flags; cause when sent again
  kSegmentReceived,  // the same
  kSegmentRefused,   // the same, and reason
  kRecoveryEntered,  // cause
  kRecoveryLeft,
  kRecoveryUndone,  // it was needless: RFC 3522, 4015, 5682, 2883
  kWindowChanged,   // congestion_window, slow_start_threshold
  kPathMtuChanged,  // bytes
};

struct TcpEvent {
  TcpEventKind kind = TcpEventKind::kStateChanged;
  TcpState from = TcpState::kClosed;
  TcpState to = TcpState::kClosed;
  bool is_retransmission = false;
  TcpLossCause cause = TcpLossCause::kDuplicateAcks;
  DropReason reason = DropReason::kNone;
  wire::TcpFlags flags{};
  std::uint16_t segments = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint32_t bytes = 0;
  std::uint32_t congestion_window = 0;
  std::uint32_t slow_start_threshold = 0;
  SocketId socket{};
  Time when{};
};

// Called from inside the engine, so it must be quick and must not call back.
class TcpObserver {
 public:
  virtual void on_tcp_event(const TcpEvent& event) = 0;

 protected:
  ~TcpObserver() = default;
};

}  // namespace strata

// SPDX-License-Identifier: Apache-2.0
// ConnectionSnapshot: a synchronized connection as it moves to another process, in plain values.
#pragma once

#include <cstdint>

#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/flow.h"
#include "tcp/receive/receiver.h"
#include "tcp/send/events.h"
#include "tcp/state.h"

namespace strata::tcp {

// The text is beside it: receiver.unread bytes that the program has not read, and sender.queued
// bytes that the peer has not acknowledged. What had arrived out of order the peer sends again.
struct ConnectionSnapshot {
  static constexpr std::uint16_t kVersion = 1;
  std::uint16_t version = kVersion;
  Flow flow{};
  State state = State::kClosed;
  TcpSocketOptions options{};
  SenderSnapshot sender{};
  ReceiverSnapshot receiver{};
  std::uint16_t path_mtu = 0;
  std::uint16_t peer_mss = 0;
  std::uint16_t peer_user_timeout = 0;
  std::uint8_t send_scale = 0;
  bool timestamps = false;
  bool sack = false;
  bool window_scaling = false;
  bool ecn = false;
  bool fast_open = false;
  bool may_fragment = false;
  bool is_orphan = false;
  bool fin_wanted = false;
  std::uint32_t timestamp = 0;  // what TSval was: it goes on from there
  std::uint32_t ts_recent = 0;
  Duration silent{};  // since the peer was heard
  Duration age{};
  Duration ends_in{};  // FIN-WAIT-2's rest; 0: not running
};

}  // namespace strata::tcp

// SPDX-License-Identifier: Apache-2.0
// State: the states of RFC 9293 3.3.2, and which may follow which (figure 5).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "strata/tcp_state.h"

namespace strata::tcp {

using State = TcpState;

struct Transition {
  State from;
  State to;
};

// A line for each arrow of RFC 9293 figure 5, in its order, and then for the ends that a reset, a
// timeout or an ABORT brings to every state (3.10.5, 3.10.7, 3.10.8).
inline constexpr std::array kTransitions{
    Transition{State::kClosed, State::kListen},            // passive OPEN
    Transition{State::kClosed, State::kSynSent},           // active OPEN, send SYN
    Transition{State::kListen, State::kSynReceived},       // receive SYN, send SYN,ACK
    Transition{State::kListen, State::kSynSent},           // SEND, send SYN
    Transition{State::kListen, State::kClosed},            // CLOSE
    Transition{State::kSynReceived, State::kListen},       // note 1: receive RST
    Transition{State::kSynSent, State::kSynReceived},      // receive SYN, send SYN,ACK
    Transition{State::kSynSent, State::kEstablished},      // receive SYN,ACK, send ACK
    Transition{State::kSynReceived, State::kEstablished},  // receive ACK of SYN
    Transition{State::kSynReceived, State::kFinWait1},     // CLOSE, send FIN
    Transition{State::kSynReceived, State::kCloseWait},    // receive FIN with the ACK of SYN
    Transition{State::kEstablished, State::kFinWait1},     // CLOSE, send FIN
    Transition{State::kEstablished, State::kCloseWait},    // receive FIN, send ACK
    Transition{State::kFinWait1, State::kFinWait2},        // receive ACK of FIN
    Transition{State::kFinWait1, State::kClosing},         // receive FIN, send ACK
    Transition{State::kFinWait1, State::kTimeWait},        // note 2: receive FIN,ACK of FIN
    Transition{State::kFinWait2, State::kTimeWait},        // receive FIN, send ACK
    Transition{State::kClosing, State::kTimeWait},         // receive ACK of FIN
    Transition{State::kCloseWait, State::kLastAck},        // CLOSE, send FIN
    Transition{State::kLastAck, State::kClosed},           // receive ACK of FIN
    Transition{State::kTimeWait, State::kClosed},          // timeout = 2 MSL
    Transition{State::kSynSent, State::kClosed},           // CLOSE, RST or timeout
    Transition{State::kSynReceived, State::kClosed},       // RST or timeout of an active OPEN
    Transition{State::kEstablished, State::kClosed},       // RST, ABORT or timeout
    Transition{State::kFinWait1, State::kClosed},          //
    Transition{State::kFinWait2, State::kClosed},          //
    Transition{State::kCloseWait, State::kClosed},         //
    Transition{State::kClosing, State::kClosed},           //
};

[[nodiscard]] constexpr bool may_follow(State from, State to) {
  for (const Transition& transition : kTransitions) {
    if (transition.from == from && transition.to == to) return true;
  }
  return false;
}

}  // namespace strata::tcp

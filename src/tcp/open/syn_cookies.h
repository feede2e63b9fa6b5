// SPDX-License-Identifier: Apache-2.0
// SYN cookies: half-open connections that the peer remembers for us (RFC 4987 3.6).
//
//   ISS of our SYN-ACK    | MSS: 3 bits | keyed hash of flow, IRS, period and MSS: 29 bits |
//   TSval of our SYN-ACK  | clock: 26 bits | ECN 1 | SACK 1 | peer's window scale 4 |
//
// The third segment brings both back: ACK - 1 and TSecr. A stranger who cannot see our SYN-ACK hits
// a valid hash once in 2^28 tries, as two periods of 64 seconds are valid. Without timestamps there
// is no room for the options, so they are not agreed. The bits in the timestamp are not hashed:
// who changes them only gets another connection than he asked for.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/time.h"
#include "tcp/open/handshake.h"

namespace strata::tcp {

// The SYN-ACK that carries the cookie. It is sent once; the peer repeats its SYN.
[[nodiscard]] Outgoing cookie_reply_to(const Segment& syn, const Handshake::Context& context,
                                       Time now);

struct CookieOpening {
  SequenceNumber iss;
  SequenceNumber irs;
  Negotiated negotiated;
};
// What the ACK of such a SYN-ACK opens; nothing when its cookie is forged or too old.
[[nodiscard]] std::optional<CookieOpening> open_cookie(const Segment& ack,
                                                       const Handshake::Context& context, Time now);

}  // namespace strata::tcp

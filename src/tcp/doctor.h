// SPDX-License-Identifier: Apache-2.0
// The flow doctor: what limits a connection now, and why it sent things again, in plain words.
#pragma once

#include <cstdint>
#include <string_view>

#include "strata/tcp_info.h"

namespace strata::tcp {

enum class Limit : std::uint8_t {
  kOpening,           // no answer to our SYN yet
  kOver,              // both directions have ended
  kSilence,           // timeouts in a row: the peer or the path has gone
  kSender,            // our program writes less than the path would carry
  kOwnReader,         // our program reads more slowly than the peer sends
  kPeerWindow,        // the peer's program reads more slowly than we send
  kSendBuffer,        // our send buffer does not cover the path
  kLoss,              // what is lost, or sent again, is more than the path bears
  kPacing,            // bytes wait for their departure time
  kCongestionWindow,  // the path itself
  kCount,
};

struct Diagnosis {
  Limit limit = Limit::kSender;
  std::string_view sentence;
};

// Judges the time between two looks at one connection; a default `previous` stands for its birth.
[[nodiscard]] Diagnosis explain(const TcpInfo& now, const TcpInfo& previous);

[[nodiscard]] std::string_view sentence_of(Limit limit);
// Why a segment was sent again.
[[nodiscard]] std::string_view sentence_of(TcpLossCause cause);

}  // namespace strata::tcp

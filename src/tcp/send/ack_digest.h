// SPDX-License-Identifier: Apache-2.0
// AckDigest: what one acknowledgement tells, gathered record by record and judged at the end.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/time.h"
#include "tcp/delivery_rate.h"
#include "tcp/send/record.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

struct AckDigest {
  Time now{};
  RateSample sample{};
  std::uint32_t in_flight_before = 0;
  std::uint32_t bytes_acked = 0;  // by which SND.UNA advanced, FIN included
  std::uint32_t segments_acked = 0;
  std::uint32_t newly_sacked = 0;             // bytes
  std::uint32_t newly_lost = 0;               // bytes
  std::uint32_t delivered_by_duplicates = 0;  // without SACK: bytes that duplicates speak of
  // Round trips of what was sent only once; RFC 6298 3 (Karn).
  std::optional<Duration> oldest_acked_rtt{};  // cumulatively
  std::optional<Duration> newest_rtt{};        // of what was sent last
  bool acked_retransmission = false;
  bool delivered_original = false;  // text sent once only, at or below the recovery point
  bool is_duplicate = false;
  std::optional<SequenceRange> dsack{};
  Time newest_sent{};  // of the delivered
  bool path_probe_arrived = false;
  TcpLossCause loss_cause = TcpLossCause::kDuplicateAcks;  // of newly_lost
};

}  // namespace strata::tcp

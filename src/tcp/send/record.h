// SPDX-License-Identifier: Apache-2.0
// Record: what one Transmission sent, or the part of it that has met one fate. AckDigest: what one
// acknowledgement tells of records, gathered one by one and judged at the end.
#pragma once

#include <cstdint>
#include <optional>

#include "base/index.h"
#include "strata/tcp_info.h"
#include "strata/time.h"
#include "tcp/delivery_rate.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

enum class RecordState : std::uint8_t {
  kInFlight,  // on its way, as far as we know
  kSacked,    // RFC 2018: it arrived, but may still be taken back
  kLost,      // waits to be sent again
};

// One cache line. A FIN is the last number of its record.
struct Record {
  Time sent_time{};  // of its latest transmission
  DeliverySnapshot delivery{};
  SequenceNumber begin;
  SequenceNumber end;
  // By time sent, of those in flight only.
  Index older = kNoIndex;
  Index newer = kNoIndex;
  // Segments are cut at begin + first_size and every segment_size behind that: the edges at which
  // a receiver may tell of parts.
  std::uint16_t segment_size = 0;
  std::uint16_t first_size = 0;
  std::uint16_t sacked_segments = 0;  // of a SACKed one, which may have grown out of several
  std::uint8_t transmissions = 1;     // at most 255
  RecordState state : 2 = RecordState::kInFlight;
  TcpLossCause cause : 4 = TcpLossCause::kDuplicateAcks;  // of kLost, and of what was sent again
  bool has_fin : 1 = false;
  bool is_window_probe : 1 = false;  // may have been refused without being lost

  [[nodiscard]] std::uint32_t length() const { return distance(begin, end); }
  [[nodiscard]] SequenceNumber text_end() const { return has_fin ? end - 1U : end; }
  [[nodiscard]] bool was_retransmitted() const { return transmissions > 1; }
  [[nodiscard]] std::uint32_t segments() const {
    const std::uint32_t bytes = length();
    if (bytes <= first_size || segment_size == 0) return 1;
    return 1 + (bytes - first_size + segment_size - 1) / segment_size;
  }
  // The last edge at or before `at`, and the first at or behind it; both within the record.
  [[nodiscard]] SequenceNumber edge_before(SequenceNumber at) const;
  [[nodiscard]] SequenceNumber edge_behind(SequenceNumber at) const;
};
static_assert(sizeof(Record) == 64);

inline SequenceNumber Record::edge_before(SequenceNumber at) const {
  if (at >= end) return end;
  if (at <= begin || distance(begin, at) < first_size || segment_size == 0) return begin;
  const std::uint32_t behind_first = distance(begin, at) - first_size;
  return at - behind_first % segment_size;
}

inline SequenceNumber Record::edge_behind(SequenceNumber at) const {
  const SequenceNumber edge = edge_before(at);
  if (edge == at || at <= begin) return edge;
  const std::uint32_t step = edge == begin ? first_size : segment_size;
  return distance(edge, end) <= step || step == 0 ? end : edge + step;
}

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

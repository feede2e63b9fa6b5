// SPDX-License-Identifier: Apache-2.0
#include "tcp/doctor.h"

#include <algorithm>
#include <array>

#include "strata/check.h"

namespace strata::tcp {
namespace {

struct LimitText {
  Limit limit;
  std::string_view text;
};

constexpr std::array<LimitText, static_cast<std::size_t>(Limit::kCount)> kLimits{{
    {Limit::kOpening, "The connection is not open yet: the peer has not answered our SYN."},
    {Limit::kOver, "Nothing: the connection has ended, or only waits for its end."},
    {Limit::kSilence, "The peer, or the path to it, has fallen silent: timeout follows timeout."},
    {Limit::kSender, "Our own program: it gives the connection less than the path would carry."},
    {Limit::kOwnReader, "Our own program: it reads more slowly than the peer sends."},
    {Limit::kPeerWindow,
     "The peer's window: the program over there reads more slowly than we send."},
    {Limit::kSendBuffer, "Our send buffer: it holds less than one round trip of this path."},
    {Limit::kLoss, "Loss: the path loses so much that the sender spends its time on repairs."},
    {Limit::kPacing, "Pacing: data waits for its departure time although the window has room."},
    {Limit::kCongestionWindow,
     "The congestion window: the sender uses all that it believes the path to carry."},
}};

struct CauseText {
  TcpLossCause cause;
  std::string_view text;
};

constexpr std::array<CauseText, kTcpLossCauses> kCauses{{
    {TcpLossCause::kDuplicateAcks,
     "Three segments behind it arrived, so it was taken for lost (RFC 5681, RFC 6675)."},
    {TcpLossCause::kReordering,
     "A segment sent later arrived more than a reordering window before (RACK, RFC 8985)."},
    {TcpLossCause::kProbe,
     "The last ACK was overdue, so the tail was sent again to provoke one (TLP, RFC 8985)."},
    {TcpLossCause::kTimeout,
     "No ACK came for a whole retransmission timeout (RFC 6298): all in flight was taken for "
     "lost."},
    {TcpLossCause::kLostAgain,
     "Its retransmission was overtaken as well, so it was taken for lost once more (RFC 8985)."},
    {TcpLossCause::kPartialAck,
     "The peer has no SACK, and its ACK of a repair showed the next hole (RFC 6582)."},
    {TcpLossCause::kWindowProbe,
     "Not a loss: it asks the peer whether its closed window has opened (RFC 9293 3.8.6.1)."},
    {TcpLossCause::kPathMtu,
     "It was too big for the path, and was cut smaller (RFC 1191, RFC 8201)."},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kLimits.size(); ++i) {
    if (static_cast<std::size_t>(kLimits[i].limit) != i) return false;
  }
  for (std::size_t i = 0; i < kCauses.size(); ++i) {
    if (static_cast<std::size_t>(kCauses[i].cause) != i) return false;
  }
  return true;
}
static_assert(in_order(), "the tables stand in the order of their enums");

// At least one part in `parts` of `whole`, which is not nothing.
constexpr bool is_share(Duration part, Duration whole, int parts) {
  return whole > Duration{} && part * parts >= whole;
}

Limit limit_of_sending(const TcpInfo& now, const TcpInfo& previous, Duration busy) {
  if (is_share(now.limited_by_peer_window - previous.limited_by_peer_window, busy, 3)) {
    return Limit::kPeerWindow;
  }
  const bool is_buffer_small =
      is_share(now.limited_by_send_buffer - previous.limited_by_send_buffer, busy, 3);
  const bool has_room = now.in_flight + 2 * now.send_mss < now.congestion_window &&
                        now.in_flight + 2 * now.send_mss < now.peer_window;
  // A trickle keeps something in flight all the time, and never fills what it might; what Nagle
  // holds back is less than a segment.
  if (now.not_sent < std::max<std::uint32_t>(now.send_mss, 1) && has_room && !is_buffer_small)
    return Limit::kSender;
  // A repair in fifty segments already halves what the RFCs let a window grow to.
  const std::uint64_t again = now.bytes_retransmitted - previous.bytes_retransmitted;
  const std::uint64_t sent = now.bytes_sent - previous.bytes_sent;
  if (again != 0 && again * 50 >= sent) return Limit::kLoss;
  if (is_buffer_small) return Limit::kSendBuffer;
  if (now.pacing_rate != 0 && now.not_sent != 0 && has_room) return Limit::kPacing;
  return Limit::kCongestionWindow;
}

// A closed window is probed at longer and longer intervals, by a byte that stays unacknowledged: a
// peer that answers these probes is not silent.
bool is_silent(const TcpInfo& now) {
  const bool is_probing = now.peer_window == 0 && now.unacknowledged <= 1;
  return now.unacknowledged != 0 && (is_probing ? now.unanswered_probes : now.backoffs) >= 2;
}

Limit limit_of(const TcpInfo& now, const TcpInfo& previous) {
  switch (now.state) {
    case TcpState::kSynSent:
    case TcpState::kSynReceived:
    case TcpState::kListen: return Limit::kOpening;
    case TcpState::kClosed:
    case TcpState::kTimeWait: return Limit::kOver;
    default: break;
  }
  if (is_silent(now)) return Limit::kSilence;
  // Less than an MSS of room tells the peer to wait (RFC 9293 3.8.6.2.2).
  if (now.receive_queue != 0 && now.receive_window < now.receive_mss) return Limit::kOwnReader;
  const Duration busy = now.busy - previous.busy;
  if (!is_share(busy, now.age - previous.age, 2)) return Limit::kSender;
  return limit_of_sending(now, previous, busy);
}

}  // namespace

Diagnosis explain(const TcpInfo& now, const TcpInfo& previous) {
  const Limit limit = limit_of(now, previous);
  return {limit, sentence_of(limit)};
}

std::string_view sentence_of(Limit limit) {
  const auto index = static_cast<std::size_t>(limit);
  STRATA_CHECK(index < kLimits.size());
  return kLimits[index].text;
}

std::string_view sentence_of(TcpLossCause cause) {
  const auto index = static_cast<std::size_t>(cause);
  STRATA_CHECK(index < kCauses.size());
  return kCauses[index].text;
}

}  // namespace strata::tcp

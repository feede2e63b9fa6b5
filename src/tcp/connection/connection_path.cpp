// SPDX-License-Identifier: Apache-2.0
// What a connection hears of its path: ICMP errors (RFC 5927) and the MTU (RFC 1191, RFC 8201).
#include <algorithm>

#include "tcp/connection/connection.h"

namespace strata::tcp {
namespace {

// RFC 8201 4: every IPv6 link carries 1280. For IPv4 less than 552 is more likely a lie than a
// link; then packets may be fragmented instead.
constexpr std::uint32_t kPathMtuMinV4 = 552;
constexpr std::uint32_t kPathMtuMinV6 = 1280;

// RFC 1191 7.1: a router that does not tell its MTU; the next smaller that is common.
constexpr std::uint32_t plateau_below(std::uint32_t size) {
  constexpr std::uint32_t kPlateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508};
  for (const std::uint32_t plateau : kPlateaus) {
    if (plateau < size) return plateau;
  }
  return 0;
}

}  // namespace

// RFC 5927 4.1: believed only when it quotes a number that is on its way.
bool Connection::is_in_flight(const Shared& shared, SequenceNumber quoted) const {
  if (is_opening() && !has_halves()) {
    const Handshake& handshake = shared.openings[opening_];
    return quoted >= handshake.iss() && quoted < handshake.snd_nxt();
  }
  return sender_.una() <= quoted && quoted < sender_.nxt();
}

DropReason Connection::on_icmp(Shared& shared, const IcmpNews& news, Time now) {
  if (state_ == State::kClosed || state_ == State::kTimeWait) return DropReason::kTcpNoSocket;
  if (!is_in_flight(shared, news.sequence)) return DropReason::kTcpQuoteNotInFlight;
  if (news.error == Error::kMessageTooLong) {
    if (ignores_path_mtu(shared.options[options_])) return DropReason::kNone;
    const std::uint32_t told = news.mtu.value_or(0);
    const std::uint32_t mtu = told != 0 ? told : plateau_below(news.quoted_size);
    // RFC 5927 7.2: it must be smaller than what was too big.
    if (mtu >= path_mtu_) return DropReason::kTcpQuoteNotInFlight;
    lower_path_mtu(shared, mtu, now);
    return DropReason::kNone;
  }
  soft_error_ = news.error;
  // RFC 5927 5.2: once the peer has spoken, hard errors are soft ones: it is there.
  if (is_opening() && !has_halves()) {
    if (news.is_hard) fail(shared, news.error, now);
  } else {
    sender_.on_icmp_soft(shared.send, news.sequence, now);
  }
  return DropReason::kNone;
}

void Connection::lower_path_mtu(Shared& shared, std::uint32_t mtu, Time now) {
  const std::uint32_t least = flow_.is_v4() ? kPathMtuMinV4 : kPathMtuMinV6;
  if (mtu < least && flow_.is_v4()) flags_.may_fragment = true;
  set_path_mtu(shared, std::max(mtu, least), now);
}

void Connection::on_path_mtu(Shared& shared, std::uint32_t mtu, Time now) {
  if (state_ == State::kClosed || state_ == State::kTimeWait) return;
  if (mtu < path_mtu_) return lower_path_mtu(shared, mtu, now);
  set_path_mtu(shared, mtu, now);
}

void Connection::set_path_mtu(Shared& shared, std::uint32_t mtu, Time now) {
  const auto bounded = static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu, UINT16_MAX));
  if (bounded == path_mtu_) return;
  path_mtu_ = bounded;
  if (has_halves()) {
    sender_.on_mss(shared.send, mss_of_path(), now);
  } else if (is_opening()) {
    // RFC 1191 6.5: at once; only a SYN with text can have been too big, and RFC 7413 4.1.3 goes on
    // without it then.
    shared.openings[opening_].repeat();
  }
  TcpEvent event;
  event.kind = TcpEventKind::kPathMtuChanged;
  event.bytes = mtu;
  event.when = now;
  tell(shared, event);
}

void Connection::on_unreachable(Shared& /*shared*/, Error error, Time /*now*/) {
  if (state_ != State::kClosed) soft_error_ = error;
}

// RFC 1122 4.2.3.9 has attempts outlive what routers say, which passes, and which anybody can
// forge. Who does not answer on our own link is not there: as on Linux the attempt ends, so that a
// program learns of it in seconds and can try another address (RFC 5461 4).
void Connection::on_neighbor_silent(Shared& shared, Time now) {
  if (state_ == State::kClosed || state_ == State::kTimeWait) return;
  soft_error_ = Error::kHostUnreachable;
  if (is_opening() && !has_halves()) fail(shared, Error::kHostUnreachable, now);
}

}  // namespace strata::tcp

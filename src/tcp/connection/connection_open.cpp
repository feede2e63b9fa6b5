// SPDX-License-Identifier: Apache-2.0
// How a connection begins: SYN-SENT and SYN-RECEIVED, and what they leave to the halves.
#include <algorithm>
#include <utility>

#include "tcp/connection/connection.h"
#include "tcp/open/fast_open.h"
#include "tcp/open/half_opens.h"

namespace strata::tcp {
namespace {

const Algorithm* control_for(const Shared& shared, const TcpSocketOptions& options) {
  const Algorithm* const chosen = shared.algorithms.find(options.congestion);
  return chosen != nullptr ? chosen : shared.algorithms.find(shared.config.congestion);
}

Opened opened_by(const Handshake& handshake, Time now, const Handshake::Context& context) {
  Opened opened;
  opened.iss = handshake.iss();
  opened.irs = handshake.irs();
  opened.negotiated = handshake.negotiated(context);
  opened.round_trip = handshake.round_trip(context, now);
  return opened;
}

}  // namespace

Handshake::Context Connection::context(const Shared& shared) const {
  return {.config = shared.config,
          .options = shared.options[options_],
          .secrets = shared.secrets,
          .flow = flow_,
          .mtu = path_mtu_};
}

bool Connection::open(Shared& shared, SequenceNumber iss) {
  opening_ = shared.openings.try_create(Handshake::active(context(shared), iss));
  if (opening_ == kNoIndex) return false;
  begin_in(State::kSynSent);
  return true;
}

void Connection::open_passively(Shared& shared, const Opened& opened, const Segment& ack,
                                Time now) {
  begin_in(State::kSynReceived);
  begin_halves(shared, opened, ack, now);
  on_open(shared, now);
}

bool Connection::open_fast(Shared& shared, const Opened& opened, Segment&& syn, Time now) {
  opening_ = shared.openings.try_create(*opened.handshake);
  if (opening_ == kNoIndex) return false;
  begin_in(State::kSynReceived);
  begin_halves(shared, opened, syn, now);
  // A FIN with the SYN is left to be sent again: figure 5 has no arrow for it before the ACK.
  const TextFacts facts{.segments = 1, .psh = syn.flags.psh()};
  if (syn.payload != nullptr) {
    (void)receiver_.on_text(shared.receive, syn.text_begin(), std::move(syn.payload), facts, now);
  }
  flags_.fast_open = receiver_.next() > opened.irs + 1;
  // The SYN,ACK will acknowledge all of the text.
  return receiver_.next() == opened.handshake->rcv_nxt();
}

std::uint16_t Connection::mss_of_path() const {
  const std::uint16_t mss = std::min(peer_mss_, mss_for(path_mtu_, flow_.is_v4()));
  // RFC 6691 3: the MSS counts the options that every segment carries.
  return static_cast<std::uint16_t>(mss - (flags_.timestamps ? 12U : 0U));
}

// The halves begin with what SYN and SYN,ACK said. `segment` is the one that opens the connection,
// or the SYN that Fast Open takes at its word.
void Connection::begin_halves(Shared& shared, const Opened& opened, const Segment& segment,
                              Time now) {
  const TcpSocketOptions& options = shared.options[options_];
  const Negotiated& agreed = opened.negotiated;
  flags_.has_halves = true;
  send_scale_ = agreed.send_scale & 0xfU;
  flags_.window_scaling = agreed.window_scaling;
  flags_.timestamps = agreed.timestamps;
  flags_.sack = agreed.sack;
  flags_.ecn = agreed.ecn;
  peer_mss_ = agreed.send_mss;
  if (options.mss_max != 0) peer_mss_ = std::clamp(options.mss_max, kMssMin, peer_mss_);
  ts_offset_ = agreed.timestamp_offset;
  ts_recent_ = agreed.ts_recent;
  if (agreed.user_timeout) take_user_timeout(shared, *agreed.user_timeout);
  const Algorithm* const control = control_for(shared, options);
  const bool is_exact = control != nullptr && control->name == "dctcp";
  obey_options(shared, now);
  sender_.on_established(
      shared.send,
      {.una = segment.flags.ack() ? segment.ack : opened.iss + 1,
       .seq = segment.seq,
       .window =
           segment.flags.syn() ? segment.window : std::uint32_t{segment.window} << send_scale_,
       .mss = mss_of_path(),
       .sack_ok = agreed.sack,
       .timestamps_ok = agreed.timestamps,
       .ecn_ok = agreed.ecn,
       .handshake_was_retransmitted = agreed.syn_retransmitted,
       .handshake_rtt = segment.flags.ack() ? opened.round_trip : std::nullopt,
       .control = control},
      now);
  receiver_.on_established(
      {.irs = opened.irs,
       .window_offered = std::min<std::uint32_t>(first_window(shared.config, options), UINT16_MAX),
       .window_shift = agreed.receive_scale,
       .sack_permitted = agreed.sack,
       .timestamps = agreed.timestamps,
       .ecn = !agreed.ecn ? EcnEchoMode::kOff
              : is_exact  ? EcnEchoMode::kExact
                          : EcnEchoMode::kClassic},
      shared.config, options);
}

void Connection::on_open(Shared& shared, Time now) {
  if (opening_ != kNoIndex) shared.openings.destroy(std::exchange(opening_, kNoIndex));
  // A Fast Open server may have closed already.
  if (state_ != State::kFinWait1) transition_to(shared, State::kEstablished, now);
  heard_ = opened_ = now;
  soft_error_.reset();
  flags_.made_progress = true;
  flags_.news_writable = true;
  flags_.program_waits = !is_writable(shared);  // the SYN may have carried what left no room
  if (flags_.fin_wanted) start_closing(shared, now);
}

DropReason Connection::in_opening(Shared& shared, Segment&& segment, Time now) {
  Handshake& handshake = shared.openings[opening_];
  const bool was_asked = handshake.state() == State::kSynSent;
  // A Fast Open server may have sent text already; for the handshake it is the SYN that counts.
  const SequenceNumber ack = segment.ack;
  const bool acks_text =
      has_halves() && segment.flags.ack() && ack > sender_.una() && ack <= sender_.nxt();
  if (acks_text) segment.ack = sender_.una();
  const Handshake::Outcome outcome = handshake.on_segment(segment, context(shared));
  segment.ack = ack;
  if (outcome.reply != Handshake::ReplyKind::kNone) {
    const bool is_reset = outcome.reply == Handshake::ReplyKind::kReset;
    if ((is_reset ? shared.budgets.resets : shared.budgets.challenge_acks).take(now)) {
      shared.reply(handshake.reply_to(segment, outcome.reply, context(shared), now));
    }
  }
  switch (outcome.event) {
    case Handshake::Event::kNone: return outcome.drop;
    case Handshake::Event::kReceived:
      transition_to(shared, State::kSynReceived, now);
      return DropReason::kNone;
    case Handshake::Event::kRefused:
      // A Fast Open server's program may have this connection already: it was made, and broken.
      fail(shared, handshake.is_active() ? Error::kConnectionRefused : Error::kConnectionReset,
           now);
      return DropReason::kNone;
    case Handshake::Event::kTimedOut:
      fail(shared, soft_error_.value_or(Error::kTimedOut), now);
      return DropReason::kNone;
    case Handshake::Event::kEstablished: break;
  }
  learn_fast_open(shared, handshake, segment, now);
  if (!has_halves()) {
    begin_halves(shared, opened_by(handshake, now, context(shared)), segment, now);
  }
  on_open(shared, now);
  if (!was_asked) return on_segment(shared, std::move(segment), now);
  // RFC 9293 3.10.7.3, fourth: the SYN,ACK is acknowledged; its text and FIN, if any, are taken.
  receiver_.owe_ack();
  // RFC 5482 3 SHOULD: also in the first segment without SYN, for a server that keeps nothing of a
  // SYN's options (cookies).
  const TcpSocketOptions& options = shared.options[options_];
  flags_.user_timeout_due = options.user_timeout_option && options.user_timeout != Duration{};
  if (segment.flags.urg()) take_urgent(shared, segment);
  return take_text(shared, std::move(segment), now);
}

std::optional<Outgoing> Connection::next_of_opening(Shared& shared, Time now) {
  Handshake& handshake = shared.openings[opening_];
  if (!handshake.wants_to_send()) return std::nullopt;
  const bool is_first_syn = state_ == State::kSynSent && handshake.is_first_try();
  if (is_first_syn && shared.options[options_].fast_open && shared.config.fast_open_client) {
    if (auto syn = next_fast_syn(shared, handshake, now)) return syn;
  }
  std::optional<wire::TcpFastOpenCookie> cookie;
  if (handshake.gives_cookie()) {
    const auto keys = FastOpenCookies::Keys::of(shared.config, shared.options[options_]);
    cookie =
        shared.fast_open_cookies.cookie_for(flow_, keys, handshake.cookie_is_experimental(), now);
  }
  auto syn = handshake.next_outgoing(context(shared), now, {}, cookie);
  // The SYN,ACK acknowledges what came with the SYN.
  if (has_halves()) (void)receiver_.carried_ack(shared.receive, false, now);
  if (syn) note_sent(shared, *syn, 1, now);
  return syn;
}

// RFC 7413 4.1.3: with what we know of the server, text goes with the SYN; else the SYN asks for a
// cookie. Nothing where such SYNs are known not to get through.
std::optional<Outgoing> Connection::next_fast_syn(Shared& shared, Handshake& handshake, Time now) {
  const auto offer = shared.fast_open.offer_for(flow_.remote_address, now);
  if (!offer) return std::nullopt;
  flags_.asked_fast_open = true;
  const std::uint32_t room =
      first_text_max(shared.config, shared.options[options_], *offer, path_mtu_, flow_.is_v4());
  PacketPtr text = room == 0 ? nullptr : sender_.share_first(shared.send, room);
  FirstFlight first{.text_bytes = static_cast<std::uint16_t>(text == nullptr ? 0 : text->size())};
  if (!shared.config.fast_open_client_cookieless) first.cookie = offer->cookie;
  auto syn = handshake.next_outgoing(context(shared), now, first);
  if (!syn) return std::nullopt;
  syn->payload = std::move(text);
  note_sent(shared, *syn, 1, now);
  return syn;
}

// RFC 7413 4.1.3: what the SYN,ACK tells of the server is kept for the next time.
void Connection::learn_fast_open(Shared& shared, const Handshake& handshake, const Segment& syn_ack,
                                 Time now) {
  if (!flags_.asked_fast_open || !syn_ack.flags.syn()) return;
  const bool sent_text = handshake.snd_nxt() > handshake.iss() + 1;
  flags_.fast_open = sent_text && syn_ack.ack == handshake.snd_nxt();
  FastOpenCache::Answer answer{
      .mss = syn_ack.options.maximum_segment_size.value_or(std::uint16_t{0}),
      .was_sent_again = handshake.retries() != 0,
      .took_text = syn_ack.ack > handshake.iss() + 1};
  if (!shared.config.fast_open_client_cookieless) answer.cookie = syn_ack.options.fast_open;
  shared.fast_open.on_syn_ack(flow_.remote_address, answer, now);
}

// RFC 9293 3.10.1: the user timeout of OPEN counts from then on.
std::optional<Time> Connection::opening_deadline(const Shared& shared) const {
  const std::optional<Time> next = shared.openings[opening_].next_deadline();
  const Duration user_timeout = shared.options[options_].user_timeout;
  return user_timeout == Duration{} ? next : earlier(next, opened_ + user_timeout);
}

void Connection::on_opening_deadline(Shared& shared, Time now) {
  const std::optional<Time> deadline = opening_deadline(shared);
  if (!deadline || *deadline > now) return;
  Handshake& handshake = shared.openings[opening_];
  const Duration user_timeout = shared.options[options_].user_timeout;
  const bool is_over = user_timeout != Duration{} && now - opened_ >= user_timeout;
  if (!is_over && handshake.on_deadline(context(shared), now) != Handshake::Event::kTimedOut) {
    return;
  }
  if (flags_.asked_fast_open) shared.fast_open.on_timeout(flow_.remote_address, now);
  fail(shared, soft_error_.value_or(Error::kTimedOut), now);
}

}  // namespace strata::tcp

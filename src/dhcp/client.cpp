// SPDX-License-Identifier: Apache-2.0
#include "dhcp/client.h"

#include <algorithm>
#include <utility>

namespace strata::dhcp {

using wire::DhcpMessageType;
using wire::DhcpOption;

std::string_view to_text(State state) {
  switch (state) {
    case State::kStopped: return "stopped";
    case State::kInit: return "init";
    case State::kSelecting: return "selecting";
    case State::kRequesting: return "requesting";
    case State::kRebooting: return "rebooting";
    case State::kChecking: return "checking";
    case State::kBound: return "bound";
    case State::kRenewing: return "renewing";
    case State::kRebinding: return "rebinding";
  }
  return "unknown";
}

void Client::on_start(const std::optional<Lease>& former, Time now) {
  if (former && former->expires() > now) {
    candidate_ = *former;
    return start_exchange(State::kRebooting, now);
  }
  const Duration spread = config_.start_spread;
  begin(now + (spread == Duration::zero() ? spread : (jitter(spread) + spread) / 2));
}

// Discovery, from `at` on.
void Client::begin(Time at) {
  state_ = State::kInit;
  owed_.reset();
  owed_bind_.reset();
  deadline_ = at;
}

void Client::start_exchange(State state, Time now) {
  // RFC 2131 4.4.1: the request after an offer carries the id of the discovery.
  const bool goes_on = state == State::kRequesting;
  state_ = state;
  tries_ = 0;
  if (!goes_on) {
    transaction_ = static_cast<std::uint32_t>(draw());
    exchange_began_ = now;
  }
  try_again(now);
}

// Sends what the state asks for, and says when to do so again.
void Client::try_again(Time now) {
  owed_ = state_ == State::kSelecting ? DhcpMessageType::kDiscover : DhcpMessageType::kRequest;
  sent_at_ = now;
  if (state_ == State::kRenewing) return schedule_renewal(rebind_at_, now);
  if (state_ == State::kRebinding) return schedule_renewal(bound_->expires(), now);
  schedule_retry(now);
}

void Client::schedule_retry(Time now) {
  const Duration wait =
      std::min(config_.retry_first * (1 << std::min<int>(tries_, 6)), config_.retry_max);
  ++tries_;
  deadline_ = now + wait + jitter(config_.retry_spread);
}

// RFC 2131 4.4.5: half of what is left, but no less than a minute.
void Client::schedule_renewal(Time limit, Time now) {
  const Duration half = (limit - now) / 2;
  deadline_ = std::min(limit, now + std::max(half, config_.renew_retry_min));
}

Duration Client::jitter(Duration spread) {
  if (spread <= Duration::zero()) return Duration::zero();
  const auto width = static_cast<std::uint64_t>(spread.count()) * 2 + 1;
  return Duration(static_cast<std::int64_t>(draw() % width) - spread.count());
}

bool Client::is_for_us(const wire::DhcpView& message, const wire::DhcpOptions& options) const {
  const wire::DhcpHeader header = message.header();
  if (header.operation != wire::DhcpOperation::kReply || header.transaction_id != transaction_) {
    return false;
  }
  if (header.hardware_type != wire::kDhcpEthernet || header.hardware_length != 6) return false;
  if (!std::ranges::equal(Bytes(header.hardware_address).first(6), config_.mac.bytes())) {
    return false;
  }
  return !options.is_malformed();
}

void Client::on_message(Bytes message, Time now) {
  const auto view = wire::DhcpView::parse(message);
  if (!view) {
    ++counters_.ignored;
    return;
  }
  const wire::DhcpOptions options(*view);
  const auto type = options.message_type();
  const bool waits_for_ack = state_ == State::kRequesting || state_ == State::kRebooting ||
                             state_ == State::kRenewing || state_ == State::kRebinding;
  const bool fits =
      (type == DhcpMessageType::kOffer && state_ == State::kSelecting) ||
      ((type == DhcpMessageType::kAck || type == DhcpMessageType::kNak) && waits_for_ack);
  if (!fits || !is_for_us(*view, options)) {
    ++counters_.ignored;
    return;
  }
  if (type == DhcpMessageType::kOffer) return on_offer(*view, options, now);
  if (type == DhcpMessageType::kAck) return on_ack(*view, options, now);
  on_nak(options, now);
}

void Client::on_offer(const wire::DhcpView& message, const wire::DhcpOptions& options, Time now) {
  const auto offered = read_lease(message, options, sent_at_);
  if (!offered) {
    ++counters_.ignored;
    return;
  }
  ++counters_.received;
  candidate_ = *offered;
  start_exchange(State::kRequesting, now);
}

void Client::on_ack(const wire::DhcpView& message, const wire::DhcpOptions& options, Time now) {
  const auto granted = read_lease(message, options, sent_at_);
  const Lease& wanted = bound_ ? *bound_ : candidate_;
  const bool is_from_chosen =
      state_ != State::kRequesting || !granted || granted->server == candidate_.server;
  if (!granted || granted->address.address() != wanted.address.address() || !is_from_chosen) {
    ++counters_.ignored;
    return;
  }
  ++counters_.received;
  if (bound_) ++counters_.renewals;
  bind(*granted, now);
}

void Client::on_nak(const wire::DhcpOptions& options, Time now) {
  const auto server = options.find_address(DhcpOption::kServerIdentifier);
  // RFC 2131 4.3.2: a NAK names its server; in REQUESTING it must be the one we chose.
  if (!server || (state_ == State::kRequesting && *server != candidate_.server)) {
    ++counters_.ignored;
    return;
  }
  ++counters_.received;
  ++counters_.naks;
  unbind();
  // A server that refuses all it offers is not asked without end.
  begin(now + config_.retry_spread);
}

void Client::bind(const Lease& lease, Time now) {
  const bool is_new = !bound_ || bound_->address != lease.address;
  candidate_ = lease;
  owed_.reset();
  bound_ = lease;
  owed_bind_ = Bind{lease, is_new};
  if (!is_new) return enter_bound(now);
  state_ = State::kChecking;
  deadline_.reset();
}

void Client::on_address_checked(Time now) {
  if (state_ == State::kChecking) enter_bound(now);
}

// RFC 2131 4.4.5: T1 and T2 a little to either side, so that hosts do not renew together.
void Client::enter_bound(Time now) {
  state_ = State::kBound;
  if (bound_->is_forever()) {
    renew_at_ = rebind_at_ = kNever;
    deadline_.reset();
    return;
  }
  const Duration whole = std::chrono::seconds(bound_->lease_s);
  const Duration spread = whole / 64;
  const Duration renewal =
      bound_->renewal_s != 0 ? std::chrono::seconds(bound_->renewal_s) : whole / 2;
  const Duration rebinding =
      bound_->rebinding_s != 0 ? std::chrono::seconds(bound_->rebinding_s) : whole / 8 * 7;
  const Time end = bound_->expires();
  const Time renews = bound_->obtained + renewal + jitter(std::min(spread, renewal / 8));
  // However late the server's times are, there is time left to ask.
  renew_at_ = std::min(renews, end - whole / 16);
  rebind_at_ = std::clamp(bound_->obtained + rebinding + jitter(spread), renew_at_, end);
  deadline_ = std::max(now, renew_at_);
}

void Client::unbind() {
  if (bound_) owed_unbind_ = *std::exchange(bound_, std::nullopt);
  owed_bind_.reset();
}

// RFC 2131 3.1 (5), RFC 5227 2.4.
void Client::on_conflict(Time now) {
  if (!bound_) return;
  ++counters_.conflicts;
  farewell_ = *bound_;
  owed_farewell_ = DhcpMessageType::kDecline;
  unbind();
  begin(now + config_.decline_wait);
}

// It is still ours to ask for, but not at once: somebody did not want it here.
void Client::on_address_removed(Time now) {
  if (!bound_) return;
  unbind();
  begin(now + config_.decline_wait);
}

void Client::on_link_up(Time now) {
  // While the address is checked, the stack checks it anew by itself.
  if (state_ == State::kStopped || state_ == State::kChecking) return;
  if (!bound_) return begin(now);
  // The address stays in use until somebody says no.
  candidate_ = *bound_;
  start_exchange(State::kRebooting, now);
}

void Client::on_stop(Time /*now*/) {
  if (bound_ && state_ != State::kChecking) {
    farewell_ = *bound_;
    owed_farewell_ = DhcpMessageType::kRelease;
  }
  unbind();
  owed_.reset();
  state_ = State::kStopped;
  deadline_.reset();
}

std::optional<Time> Client::next_deadline() const { return deadline_; }

void Client::on_deadline(Time now) {
  if (!deadline_ || *deadline_ > now) return;
  if (bound_ && bound_->expires() <= now) {
    unbind();
    return begin(now);
  }
  switch (state_) {
    case State::kInit: return start_exchange(State::kSelecting, now);
    case State::kSelecting: return try_again(now);
    case State::kRequesting: return tries_ >= config_.requests_max ? begin(now) : try_again(now);
    case State::kRebooting:
      if (tries_ < config_.reboots_max) return try_again(now);
      // RFC 2131 3.2 (4): without an answer, what is left of the lease may be used.
      return candidate_.expires() > now ? bind(candidate_, now) : begin(now);
    case State::kBound: return start_exchange(State::kRenewing, now);
    case State::kRenewing:
      return now >= rebind_at_ ? start_exchange(State::kRebinding, now) : try_again(now);
    case State::kRebinding: return try_again(now);
    case State::kChecking:
    case State::kStopped: deadline_.reset();
  }
}

}  // namespace strata::dhcp

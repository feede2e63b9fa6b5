// SPDX-License-Identifier: Apache-2.0
#include "neighbor/own_addresses.h"

#include <bit>
#include <utility>

namespace strata::neighbor {
namespace {

[[nodiscard]] Duration up_to(Rng& rng, Duration max) {
  if (max <= Duration::zero()) return Duration::zero();
  return Duration(rng.between(0, static_cast<std::uint64_t>(max.count())));
}

[[nodiscard]] unsigned common_bits(const IpAddress& a, const IpAddress& b) {
  const std::uint64_t high = a.high() ^ b.high();
  if (high != 0) return static_cast<unsigned>(std::countl_zero(high));
  return 64U + static_cast<unsigned>(std::countl_zero(a.low() ^ b.low()));
}

// RFC 9131 wants it of addresses that hosts beyond the link reach through a router.
[[nodiscard]] bool is_announced(const IpAddress& address) {
  return address.is_v4() || !address.is_link_local();
}

}  // namespace

OwnAddresses::OwnAddresses(Memory& memory, Rng& rng, const Config& config)
    : rng_(rng),
      dad_(config.duplicate_detection),
      acd_(config.conflict_detection),
      addresses_max_(config.own_addresses_max),
      addresses_(memory) {}

OwnAddresses::Own* OwnAddresses::find(const IpAddress& address) {
  return const_cast<Own*>(std::as_const(*this).find(address));
}

const OwnAddresses::Own* OwnAddresses::find(const IpAddress& address) const {
  for (const Own& own : addresses_) {
    if (own.address == address) return &own;
  }
  return nullptr;
}

Result<void> OwnAddresses::add(const IpAddress& address, const OwnAddressOptions& options,
                               Time now) {
  if (address.is_multicast() || address.is_unspecified() || address.is_limited_broadcast()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  if (find(address) != nullptr) return std::unexpected(Error::kAlreadyExists);
  if (addresses_.size() >= addresses_max_) return std::unexpected(Error::kOutOfMemory);
  Own own;
  own.address = address;
  own.options = options;
  if (!addresses_.try_push_back(own)) return std::unexpected(Error::kOutOfMemory);
  start_check(addresses_.back(), now);
  return {};
}

bool OwnAddresses::remove(const IpAddress& address) {
  const Own* const own = find(address);
  if (own == nullptr) return false;
  addresses_.erase_at(static_cast<std::size_t>(own - addresses_.data()));
  if (addresses_.empty()) addresses_.release();
  return true;
}

std::optional<OwnState> OwnAddresses::state_of(const IpAddress& address) const {
  const Own* const own = find(address);
  return own == nullptr ? std::nullopt : std::optional(own->state);
}

bool OwnAddresses::is_ready(const IpAddress& address) const {
  const Own* const own = find(address);
  return own != nullptr && own->state == OwnState::kReady;
}

const IpAddress* OwnAddresses::source_for(const IpAddress& target, const IpAddress& hint) const {
  const IpAddress* best = nullptr;
  unsigned best_score = 0;
  for (const Own& own : addresses_) {
    if (own.state != OwnState::kReady || own.address.is_v4() != target.is_v4()) continue;
    if (own.address == hint) return &own.address;
    const bool is_same_scope = own.address.is_link_local() == target.is_link_local();
    const unsigned score = 1 + common_bits(own.address, target) + (is_same_scope ? 128U : 0U);
    if (score <= best_score) continue;
    best = &own.address;
    best_score = score;
  }
  return best;
}

void OwnAddresses::start_check(Own& own, Time now) {
  own.state = OwnState::kTentative;
  own.owes_ready = own.owes_duplicate = own.owes_defence = own.was_looped_back = false;
  own.announcements_left = 0;
  own.probes_left = own.address.is_v4() ? acd_.probes : dad_.transmits;
  if (!own.options.check_duplicates || own.probes_left == 0) return finish_check(own, now);
  const Duration delay_max = own.address.is_v4() ? acd_.probe_wait : dad_.first_delay_max;
  own.due = now;
  if (own.options.delay_first_probe) own.due += up_to(rng_, delay_max);
  // RFC 5227 2.1.1: after MAX_CONFLICTS, one new address per RATE_LIMIT_INTERVAL.
  if (own.address.is_v4() && conflicts_ >= acd_.conflicts_max) {
    own.due = std::max(own.due, check_allowed_at_);
    check_allowed_at_ = own.due + acd_.rate_limit_interval;
  }
  owe(own.due);
}

void OwnAddresses::finish_check(Own& own, Time now) {
  own.state = OwnState::kReady;
  own.owes_ready = true;
  own.due = kNever;
  own.announces_override = false;
  own.defended_at = Time::min();
  if (own.address.is_v4()) conflicts_ = 0;
  if (own.options.announce && is_announced(own.address)) {
    own.announcements_left = own.address.is_v4() ? acd_.announcements : dad_.announcements;
    if (own.announcements_left > 0) own.due = now;
  }
  owe(now);
}

void OwnAddresses::restart(Time now) {
  for (Own& own : addresses_) start_check(own, now);
}

void OwnAddresses::announce_all(Time now) {
  for (Own& own : addresses_) {
    if (own.state != OwnState::kReady) continue;
    own.announcements_left = own.address.is_v4() ? acd_.announcements : dad_.announcements;
    own.announces_override = true;
    if (own.announcements_left > 0) own.due = now;
  }
  owe(now);
}

bool OwnAddresses::on_arp(const wire::ArpHeader& header, const MacAddress& our_mac, Time now) {
  if (header.sender_mac == our_mac) return false;
  if (Own* const own = find(header.sender_ip)) {
    on_conflict(*own, header.sender_mac, now);
    return true;
  }
  // RFC 5227 2.1.1: someone else probes for the address that we probe for.
  Own* const own = find(header.target_ip);
  const bool is_probe =
      header.operation == wire::ArpOperation::kRequest && header.sender_ip.is_unspecified();
  if (own == nullptr || !is_probe || own->state != OwnState::kTentative) return false;
  on_conflict(*own, header.sender_mac, now);
  return true;
}

void OwnAddresses::on_solicitation(const Solicitation& solicitation, Time now) {
  Own* const own = find(solicitation.target);
  if (own == nullptr || own->state != OwnState::kTentative) return;
  // RFC 4862 5.4.3: a unicast source resolves the address; that is not for a tentative one.
  if (!solicitation.source.is_unspecified()) return;
  // RFC 7527 4.2: a nonce of ours is our own probe, come back over a looped link.
  const std::size_t sent = std::min<std::size_t>(own->probes_sent, kNonces);
  for (std::size_t i = 0; i < sent; ++i) {
    if (!std::ranges::equal(solicitation.nonce, own->nonces[i])) continue;
    own->was_looped_back = true;
    return;
  }
  on_conflict(*own, std::nullopt, now);
}

bool OwnAddresses::on_advertisement(const Advertisement& advertisement, const MacAddress& our_mac,
                                    Time now) {
  Own* const own = find(advertisement.target);
  if (own == nullptr) return false;
  if (advertisement.target_link_layer != our_mac) {
    on_conflict(*own, advertisement.target_link_layer, now);
  }
  return true;
}

void OwnAddresses::on_conflict(Own& own, const std::optional<MacAddress>& other, Time now) {
  if (own.state == OwnState::kDuplicate) return;
  if (own.state == OwnState::kTentative) {
    if (own.address.is_v4() && conflicts_ < acd_.conflicts_max) ++conflicts_;
    if (own.address.is_v4() && conflicts_ >= acd_.conflicts_max) {
      check_allowed_at_ = std::max(check_allowed_at_, now + acd_.rate_limit_interval);
    }
    return cease(own, other, now);
  }
  // RFC 4862 5.4.4 leaves an assigned IPv6 address to the implementation. Giving it up would let
  // one forged message take it away, so it is always defended.
  const ConflictPolicy policy =
      own.address.is_v4() ? own.options.conflict_policy : ConflictPolicy::kDefendAlways;
  const bool was_defended_lately =
      own.defended_at != Time::min() && now < own.defended_at + acd_.defend_interval;
  if (policy == ConflictPolicy::kCease) return cease(own, other, now);
  if (was_defended_lately) {
    if (policy == ConflictPolicy::kDefendOnce) cease(own, other, now);
    return;
  }
  own.defended_at = now;
  own.owes_defence = true;
  own.owes_duplicate = true;
  own.must_cease = false;
  own.other = other;
  owe(now);
}

void OwnAddresses::cease(Own& own, const std::optional<MacAddress>& other, Time now) {
  own.state = OwnState::kDuplicate;
  own.owes_ready = own.owes_defence = false;
  own.announcements_left = 0;
  own.due = kNever;
  own.owes_duplicate = true;
  own.must_cease = true;
  own.other = other;
  owe(now);
}

std::optional<Output> OwnAddresses::next_output(Time now, const MacAddress& our_mac,
                                                Duration retransmit_timer) {
  if (now < next_due_) return std::nullopt;
  next_due_ = kNever;
  for (Own& own : addresses_) {
    if (auto output = output_of(own, now, our_mac, retransmit_timer)) {
      next_due_ = now;
      return output;
    }
    next_due_ = std::min(next_due_, own.due);
  }
  return std::nullopt;
}

std::optional<Output> OwnAddresses::output_of(Own& own, Time now, const MacAddress& our_mac,
                                              Duration retransmit_timer) {
  if (std::exchange(own.owes_defence, false)) return announcement(own, our_mac, true);
  if (std::exchange(own.owes_duplicate, false)) {
    return Duplicate{own.address, own.other, own.must_cease};
  }
  if (now >= own.due) {
    if (auto output = due_output(own, now, our_mac, retransmit_timer)) return output;
  }
  // RFC 5227 2.3: the address may be used once the first announcement is out.
  if (std::exchange(own.owes_ready, false)) return AddressReady{own.address};
  return std::nullopt;
}

std::optional<Output> OwnAddresses::due_output(Own& own, Time now, const MacAddress& our_mac,
                                               Duration retransmit_timer) {
  if (own.state == OwnState::kTentative && own.probes_left == 0) {
    // RFC 7527 4.1: while probes come back the silence proves nothing; ask again.
    if (std::exchange(own.was_looped_back, false)) own.probes_left = dad_.loopback_transmits;
    if (own.probes_left == 0) finish_check(own, now);
  }
  if (own.state == OwnState::kTentative) return probe(own, now, our_mac, retransmit_timer);
  if (own.announcements_left == 0) {
    own.due = kNever;
    return std::nullopt;
  }
  --own.announcements_left;
  const Duration interval = own.address.is_v4() ? acd_.announce_interval : retransmit_timer;
  own.due = own.announcements_left > 0 ? now + interval : kNever;
  return announcement(own, our_mac, own.announces_override);
}

Output OwnAddresses::probe(Own& own, Time now, const MacAddress& our_mac,
                           Duration retransmit_timer) {
  --own.probes_left;
  if (own.address.is_v4()) {
    own.due = now + (own.probes_left == 0
                         ? acd_.announce_wait
                         : acd_.probe_interval_min +
                               up_to(rng_, acd_.probe_interval_max - acd_.probe_interval_min));
    return SendArp{{.operation = wire::ArpOperation::kRequest,
                    .sender_mac = our_mac,
                    .sender_ip = IpAddress::any_v4(),
                    .target_mac = {},
                    .target_ip = own.address},
                   MacAddress::broadcast()};
  }
  own.due = now + retransmit_timer;
  Nonce& nonce = own.nonces[own.probes_sent % kNonces];
  const std::uint64_t random = rng_.next();
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce[i] = static_cast<std::byte>(random >> (8U * i));
  }
  ++own.probes_sent;
  const IpAddress group = own.address.solicited_node_group();
  return SendSolicitation{own.address, group, IpAddress::any_v6(), MacAddress::for_multicast(group),
                          nonce};
}

Output OwnAddresses::announcement(const Own& own, const MacAddress& our_mac, bool is_override) {
  if (own.address.is_v4()) {
    return SendArp{{.operation = wire::ArpOperation::kRequest,
                    .sender_mac = our_mac,
                    .sender_ip = own.address,
                    .target_mac = {},
                    .target_ip = own.address},
                   MacAddress::broadcast()};
  }
  // RFC 9131 6.1: a new address is told to routers without Override. RFC 4861 7.2.6: a new
  // link-layer address is told to all nodes with it.
  const IpAddress group = is_override ? IpAddress::all_nodes_v6() : IpAddress::all_routers_v6();
  return SendAdvertisement{own.address, group,      own.address, MacAddress::for_multicast(group),
                           false,       is_override};
}

std::optional<Time> OwnAddresses::next_deadline() const {
  return next_due_ == kNever ? std::nullopt : std::optional(next_due_);
}

}  // namespace strata::neighbor

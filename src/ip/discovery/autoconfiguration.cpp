// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/autoconfiguration.h"

#include <algorithm>

#include "ip/discovery/lifetime.h"

namespace strata::ip {
namespace {

constexpr unsigned kPrefixLength = 64;  // RFC 4862 5.5.3 d with RFC 4291 2.5.1
constexpr Duration kTwoHours = std::chrono::hours(2);
constexpr Prefix kLinkLocalPrefix{IpAddress::v6(0xfe80'0000'0000'0000, 0), kPrefixLength};

}  // namespace

Autoconfiguration::Autoconfiguration(Memory& memory, Rng& rng, const SipKey& secret,
                                     InterfaceId interface, const MacAddress& mac,
                                     const AutoconfigurationConfig& config)
    : config_(config),
      rng_(rng),
      secret_(secret),
      mac_(mac),
      interface_(interface),
      made_(memory) {}

void Autoconfiguration::make_link_local(Time now) {
  if (!config_.is_enabled || has_stable(kLinkLocalPrefix)) return;
  Made made;
  made.prefix = kLinkLocalPrefix;
  made.created = now;
  made.address.origin = AddressOrigin::kLinkLocal;
  add_stable(made);
}

void Autoconfiguration::on_prefix(const Advertised& advertised, Time now) {
  const Prefix prefix = advertised.prefix.network();
  // RFC 4862 5.5.3 b and c.
  if (!config_.is_enabled || prefix.is_v4() || prefix.address().is_link_local()) return;
  if (prefix.address().is_multicast() || advertised.preferred > advertised.valid) return;
  for (Made& made : made_) {
    if (made.prefix == prefix && made.state != State::kDead) refresh(made, advertised, now);
  }
  if (prefix.length() != kPrefixLength || advertised.valid == Duration{}) return;
  Made made;
  made.prefix = prefix;
  made.created = now;
  made.prefix_preferred_until = after(now, advertised.preferred);
  made.prefix_valid_until = after(now, advertised.valid);
  made.address.advertised_by = advertised.router;
  if (!has_stable(prefix)) {
    made.address.origin = AddressOrigin::kStable;
    add_stable(made);
  }
  if (config_.makes_temporary && !has_fresh_temporary(prefix, now)) {
    made.address.origin = AddressOrigin::kTemporary;
    add_temporary(made, now);
  }
}

void Autoconfiguration::on_duplicate(const IpAddress& address, Time now) {
  const auto* const at = std::ranges::find_if(made_, [&](const Made& made) {
    return made.address.address == address && made.state == State::kLiving;
  });
  if (at == made_.end()) return;
  const auto position = static_cast<std::size_t>(at - made_.begin());
  Made next = *at;
  ++next.failures;
  ++next.dad_counter;
  const bool is_temporary = at->is_temporary();
  // An EUI-64 leaves nothing to try (RFC 4862 5.4.5).
  const std::uint32_t retries_max = is_temporary         ? config_.temporary_retries_max
                                    : config_.uses_eui64 ? 0
                                                         : config_.stable_retries_max;
  if (next.failures > retries_max) {
    end(made_[position], State::kGivenUp);
    return;
  }
  end(made_[position], State::kDead);
  next.is_told = false;
  if (is_temporary) {
    add_temporary(next, now);
  } else {
    add_stable(next);
  }
}

void Autoconfiguration::remove_all() {
  for (Made& made : made_) end(made, State::kDead);
}

std::optional<Autoconfiguration::Change> Autoconfiguration::next_change() {
  for (std::size_t i = 0; i < made_.size();) {
    Made& made = made_[i];
    if (!made.is_due) {
      ++i;
      continue;
    }
    const Made told = made;
    made.is_due = false;
    made.is_told = told.state == State::kLiving;
    if (told.state == State::kLiving) {
      return Change{told.is_told ? Change::Kind::kUpdate : Change::Kind::kAdd, told.address};
    }
    if (told.state == State::kDead) made_.erase_at(i);
    if (told.is_told) return Change{Change::Kind::kRemove, told.address};
  }
  return std::nullopt;
}

std::optional<Time> Autoconfiguration::next_deadline() const {
  std::optional<Time> due;
  for (const Made& made : made_) {
    if (made.state == State::kDead) continue;
    Time next = made.address.valid_until;
    if (made.state == State::kLiving && made.is_temporary() && !made.has_successor) {
      next = std::min(next, regeneration_time(made));
    }
    if (next != kNever) due = earlier(due, next);
  }
  return due;
}

void Autoconfiguration::on_deadline(Time now) {
  for (Made& made : made_) {
    if (made.state != State::kDead && made.address.valid_until <= now) end(made, State::kDead);
  }
  // Adding moves entries, so each prefix is named by value.
  for (std::size_t i = 0; i < made_.size(); ++i) {
    const Made& made = made_[i];
    const bool is_candidate =
        made.state == State::kLiving && made.is_temporary() && !made.has_successor;
    if (!is_candidate || regeneration_time(made) > now) continue;
    made_[i].has_successor = true;
    renew_temporary(made_[i].prefix, now);
  }
}

// RFC 8981 3.5: a successor takes the prefix's lifetimes as they were last advertised.
void Autoconfiguration::renew_temporary(const Prefix& prefix, Time now) {
  if (has_fresh_temporary(prefix, now)) return;
  const auto* const stable = std::ranges::find_if(made_, [&](const Made& made) {
    return made.prefix == prefix && made.state == State::kLiving;
  });
  if (stable == made_.end()) return;
  Made made;
  made.prefix = prefix;
  made.created = now;
  made.prefix_preferred_until = stable->prefix_preferred_until;
  made.prefix_valid_until = stable->prefix_valid_until;
  made.address.advertised_by = stable->address.advertised_by;
  made.address.origin = AddressOrigin::kTemporary;
  add_temporary(made, now);
}

void Autoconfiguration::add_stable(Made made) {
  if (!has_room(made.prefix)) return;
  StableIdentifierInput input{made.prefix, mac_, config_.network_id, made.dad_counter};
  std::uint64_t identifier = eui64_identifier(mac_);
  if (!config_.uses_eui64) {
    // RFC 7217 5: an identifier that is reserved counts as one more duplicate.
    identifier = stable_identifier(secret_, input);
    while (is_reserved_identifier(identifier) || uses(address_of(made.prefix, identifier))) {
      ++input.dad_counter;
      identifier = stable_identifier(secret_, input);
    }
  }
  made.dad_counter = input.dad_counter;
  made.address.address = address_of(made.prefix, identifier);
  made.address.prefix_length = kPrefixLength;
  made.address.interface = interface_;
  made.is_due = true;
  apply_lifetimes(made);
  (void)made_.try_push_back(made);  // Without memory the next advertisement tries again.
}

void Autoconfiguration::add_temporary(Made made, Time now) {
  if (!has_room(made.prefix)) return;
  // RFC 8981 3.8: up to 0.4 * TEMP_PREFERRED_LIFETIME, drawn for each address.
  const auto desync_max = static_cast<std::uint64_t>(config_.temporary_preferred.count() / 5 * 2);
  made.desync = Duration(static_cast<std::int64_t>(rng_.between(0, desync_max)));
  made.created = now;
  apply_lifetimes(made);
  // RFC 8981 3.4 5: one that would have to be replaced at once is not made.
  if (made.address.preferred_until <= after(now, config_.regenerate_advance)) return;
  const StableIdentifierInput input{made.prefix, mac_, config_.network_id, made.dad_counter};
  std::uint64_t identifier = 0;
  do {
    identifier = temporary_identifier(secret_, input, rng_.next());
  } while (is_reserved_identifier(identifier) || uses(address_of(made.prefix, identifier)));
  made.address.address = address_of(made.prefix, identifier);
  made.address.prefix_length = kPrefixLength;
  made.address.interface = interface_;
  made.is_due = true;
  made.has_successor = false;
  (void)made_.try_push_back(made);
}

void Autoconfiguration::refresh(Made& made, const Advertised& advertised, Time now) {
  made.prefix_preferred_until = after(now, advertised.preferred);
  made.address.advertised_by = advertised.router;
  // RFC 4862 5.5.3 e: a forged lifetime cannot end an address sooner than in two hours.
  const Time told = after(now, advertised.valid);
  if (advertised.valid > kTwoHours || told > made.prefix_valid_until) {
    made.prefix_valid_until = told;
  } else if (made.prefix_valid_until > now + kTwoHours) {
    made.prefix_valid_until = now + kTwoHours;
  }
  made.prefix_preferred_until = std::min(made.prefix_preferred_until, made.prefix_valid_until);
  const auto before = std::pair(made.address.preferred_until, made.address.valid_until);
  apply_lifetimes(made);
  const auto lifetimes = std::pair(made.address.preferred_until, made.address.valid_until);
  made.is_due |= made.state == State::kLiving && lifetimes != before;
}

// RFC 8981 3.4 1 and 2: a temporary address ends with its prefix or at an age of its own.
void Autoconfiguration::apply_lifetimes(Made& made) const {
  made.address.preferred_until = made.prefix_preferred_until;
  made.address.valid_until = made.prefix_valid_until;
  if (!made.is_temporary()) return;
  made.address.preferred_until = std::min(
      made.prefix_preferred_until, after(made.created, config_.temporary_preferred - made.desync));
  made.address.valid_until =
      std::min(made.prefix_valid_until, after(made.created, config_.temporary_valid));
}

void Autoconfiguration::end(Made& made, State state) {
  made.state = state;
  made.is_due = true;
}

Time Autoconfiguration::regeneration_time(const Made& made) const {
  const Time deprecated = made.address.preferred_until;
  return deprecated == kNever ? kNever : deprecated - config_.regenerate_advance;
}

bool Autoconfiguration::has_room(const Prefix& prefix) const {
  const auto same = std::ranges::count_if(
      made_, [&](const Made& made) { return made.prefix == prefix && made.state != State::kDead; });
  return made_.size() < std::size_t{config_.addresses_max} * 2 &&
         living() < config_.addresses_max &&
         static_cast<std::uint32_t>(same) < config_.addresses_per_prefix_max;
}

std::size_t Autoconfiguration::living() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(made_, [](const Made& made) { return made.state != State::kDead; }));
}

bool Autoconfiguration::has_stable(const Prefix& prefix) const {
  return std::ranges::any_of(made_, [&](const Made& made) {
    return made.prefix == prefix && !made.is_temporary() && made.state != State::kDead;
  });
}

bool Autoconfiguration::has_fresh_temporary(const Prefix& prefix, Time now) const {
  return std::ranges::any_of(made_, [&](const Made& made) {
    if (made.prefix != prefix || !made.is_temporary()) return false;
    if (made.state == State::kGivenUp) return true;
    return made.state == State::kLiving && !made.has_successor && regeneration_time(made) > now;
  });
}

bool Autoconfiguration::uses(const IpAddress& address) const {
  return std::ranges::any_of(made_, [&](const Made& made) {
    return made.address.address == address && made.state != State::kDead;
  });
}

}  // namespace strata::ip

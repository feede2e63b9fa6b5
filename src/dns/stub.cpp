// SPDX-License-Identifier: Apache-2.0
#include "dns/stub.h"

#include <algorithm>

#include "dns/special_names.h"

namespace strata::dns {
namespace {

// What tells a program more, if several candidates failed in different ways.
constexpr Failure worse(Failure a, Failure b) {
  const auto weight = [](Failure failure) {
    switch (failure) {
      case Failure::kNone:
      case Failure::kNoName: return 0;
      case Failure::kNoData: return 1;
      case Failure::kServerFailed: return 2;
      default: return 3;
    }
  };
  return weight(a) < weight(b) ? b : a;
}

}  // namespace

Stub::Stub(const Config& config)
    : config_(config),
      hosts_(*config.memory, config.hosts_max),
      cache_(*config.memory, config.secret, config.cache_entries_max),
      lookups_(*config.memory, config.lookups_max),
      queue_(*config.memory),
      answer_message_(*config.memory) {}

void Stub::set_servers(std::span<const Endpoint> servers) { servers_.set(servers); }

void Stub::set_search(std::span<const wire::DnsName> domains) {
  search_count_ = static_cast<std::uint8_t>(std::min(domains.size(), kSearchMax));
  std::ranges::copy(domains.first(search_count_), search_.begin());
}

Result<LookupId> Stub::on_lookup(std::string_view text, Family family, Time now) {
  const bool is_literal = IpAddress::parse(text).has_value();
  // An address that cannot be read ("fe80::1%eth0", "10.0.0.1:80") is no name either.
  const bool is_address = !is_literal && text.find_first_of(":%") != std::string_view::npos;
  const auto name = is_literal ? wire::DnsName{} : wire::DnsName::parse(text);
  if (!name || is_address) return std::unexpected(Error::kInvalidArgument);
  ++counters_.lookups;
  const bool is_absolute = text.ends_with('.');
  if (!is_literal) {
    const auto equal = find_equal(*name, Lookup::Kind::kAddresses, family);
    if (equal && lookups_.find(*equal)->is_absolute == is_absolute) return *equal;
  }
  const auto id = create(*name, Lookup::Kind::kAddresses);
  if (!id) return id;
  Lookup& lookup = *lookups_.find(*id);
  lookup.family = family;
  lookup.is_absolute = is_absolute;
  if (family != Family::kIpv6) lookup.legs[lookup.leg_count++].type = wire::DnsType::kA;
  if (family != Family::kIpv4) lookup.legs[lookup.leg_count++].type = wire::DnsType::kAaaa;
  if (settle_at_once(lookup, text)) {
    const bool has_any = std::ranges::any_of(
        lookup.all_legs(), [](const Leg& leg) { return leg.addresses.count != 0; });
    finish(*id, lookup, has_any ? Failure::kNone : lookup.failure);
  } else {
    start_candidates(*id, lookup, now);
  }
  return id;
}

Result<LookupId> Stub::on_question(const wire::DnsName& name, wire::DnsType type, Time now) {
  ++counters_.lookups;
  const auto id = create(name, Lookup::Kind::kRecords);
  if (!id) return id;
  Lookup& lookup = *lookups_.find(*id);
  lookup.is_absolute = true;
  lookup.leg_count = 1;
  lookup.legs[0].type = type;
  start_candidates(*id, lookup, now);
  return id;
}

void Stub::on_cancel(LookupId id) {
  Lookup* const lookup = lookups_.find(id);
  if (lookup == nullptr) return;
  // It stays until the ends of its exchanges have been pulled.
  lookup->is_cancelled = true;
  finish(id, *lookup, Failure::kNone);
}

Result<LookupId> Stub::create(const wire::DnsName& name, Lookup::Kind kind) {
  if (!queue_.try_reserve(lookups_.capacity_max())) return std::unexpected(Error::kOutOfMemory);
  const LookupId id = lookups_.try_create(*config_.memory, name, kind);
  if (!id) return std::unexpected(Error::kOutOfMemory);
  Lookup& lookup = *lookups_.find(id);
  if (config_.policy.rotate && servers_.count() != 0) {
    lookup.first_server = rotation_;
    rotation_ = static_cast<std::uint8_t>((rotation_ + 1) % servers_.count());
  }
  return id;
}

std::optional<LookupId> Stub::find_equal(const wire::DnsName& name, Lookup::Kind kind,
                                         Family family) const {
  for (Index i = lookups_.next_used(0); i != kNoIndex; i = lookups_.next_used(i + 1)) {
    const Lookup& lookup = lookups_[i];
    if (lookup.is_done || lookup.kind != kind || lookup.family != family) continue;
    if (lookup.question == name) return lookups_.handle_of(i);
  }
  return std::nullopt;
}

bool Stub::settle_at_once(Lookup& lookup, std::string_view text) {
  const auto literal = IpAddress::parse(text);
  const SpecialName special = literal ? SpecialName::kNone : special_name(lookup.question);
  bool is_known = literal || special != SpecialName::kNone;
  if (literal) lookup.failure = Failure::kNoData;
  for (Leg& leg : lookup.all_legs()) {
    const bool v4 = leg.type == wire::DnsType::kA;
    if (literal) {
      if (literal->is_v4() == v4) leg.addresses.add(*literal);
    } else if (special == SpecialName::kLoopback) {
      leg.addresses.add(v4 ? IpAddress::loopback_v4() : IpAddress::loopback_v6());
    } else if (special == SpecialName::kNone && hosts_.find(lookup.question, v4, leg.addresses)) {
      is_known = true;
      lookup.failure = Failure::kNoData;
    }
  }
  return is_known;
}

void Stub::start_candidates(LookupId id, Lookup& lookup, Time now) {
  wire::DnsName name;
  if (!next_candidate(lookup, name)) return finish(id, lookup, lookup.failure);
  lookup.patience_ends.reset();
  for (Leg& leg : lookup.all_legs()) {
    const wire::DnsType type = leg.type;
    const auto ended = leg.ended;
    leg = Leg{.type = type};
    leg.candidate = leg.name = name;
    leg.ended = ended;
  }
  for (Leg& leg : lookup.all_legs()) start_leg(id, lookup, leg, now);
  look_at_legs(id, lookup, now);
}

// As resolv.conf(5): a name with `ndots` dots is first tried as it is, others last.
bool Stub::next_candidate(Lookup& lookup, wire::DnsName& into) {
  const bool plain_first = lookup.question.label_count() > config_.policy.ndots;
  const std::size_t count = lookup.is_absolute ? 1 : std::size_t{search_count_} + 1;
  while (lookup.candidate < count) {
    const std::size_t number = lookup.candidate++;
    const bool is_plain = count == 1 || number == (plain_first ? 0U : count - 1);
    if (is_plain) {
      into = lookup.question;
      return true;
    }
    const auto joined = lookup.question.joined(search_[plain_first ? number - 1 : number]);
    if (!joined) continue;
    into = *joined;
    return true;
  }
  return false;
}

// Settles the leg from what is known, or asks.
void Stub::start_leg(LookupId id, Lookup& lookup, Leg& leg, Time now) {
  if (lookup.kind == Lookup::Kind::kAddresses) {
    // A name of the search list may be in the hosts file, too.
    if (hosts_.find(leg.name, leg.type == wire::DnsType::kA, leg.addresses)) {
      leg.state = Leg::State::kDone;
      leg.failure = leg.addresses.count != 0 ? Failure::kNone : Failure::kNoData;
      return;
    }
    if (const Cache::Entry* const known = cache_.find(leg.name, leg.type, now)) {
      ++counters_.cache_hits;
      leg.state = Leg::State::kDone;
      leg.addresses = known->addresses;
      leg.failure = known->kind == Cache::Kind::kNoName   ? Failure::kNoName
                    : known->kind == Cache::Kind::kNoData ? Failure::kNoData
                                                          : Failure::kNone;
      return;
    }
  }
  ask_next(id, lookup, leg, now);
}

void Stub::end_leg(LookupId id, Lookup& lookup, Leg& leg, Failure failure, Time now) {
  end_exchange(leg);
  leg.state = Leg::State::kDone;
  leg.failure = failure;
  enqueue(id, lookup);
  look_at_legs(id, lookup, now);
}

void Stub::look_at_legs(LookupId id, Lookup& lookup, Time now) {
  if (lookup.is_done) return;
  bool all_done = true;
  bool has_any = lookup.kind == Lookup::Kind::kRecords && !lookup.message.empty();
  Failure failure = Failure::kNoName;
  for (const Leg& leg : lookup.all_legs()) {
    all_done = all_done && leg.state == Leg::State::kDone;
    has_any = has_any || (leg.state == Leg::State::kDone && leg.addresses.count != 0);
    if (leg.state == Leg::State::kDone) failure = worse(failure, leg.failure);
  }
  if (!all_done) {
    if (has_any && !lookup.patience_ends) {
      lookup.patience_ends = now + config_.second_family_patience;
    }
    return;
  }
  if (has_any) return finish(id, lookup, Failure::kNone);
  lookup.failure = worse(lookup.failure, failure);
  // Silence will not be broken by another name.
  if (failure == Failure::kNoAnswer || failure == Failure::kNoServers) {
    return finish(id, lookup, failure);
  }
  start_candidates(id, lookup, now);
}

void Stub::finish(LookupId id, Lookup& lookup, Failure failure) {
  for (Leg& leg : lookup.all_legs()) {
    end_exchange(leg);
    leg.state = Leg::State::kDone;
  }
  lookup.is_done = true;
  lookup.failure = failure;
  enqueue(id, lookup);
}

void Stub::enqueue(LookupId id, Lookup& lookup) {
  if (lookup.is_queued) return;
  lookup.is_queued = queue_.try_push_back(id);
  STRATA_CHECK(lookup.is_queued);  // create() reserved a place for every look-up
}

std::optional<Output> Stub::next_output(Time /*now*/) {
  while (!queue_.empty()) {
    const LookupId id = queue_.front();
    Lookup& lookup = *lookups_.find(id);
    for (Leg& leg : lookup.all_legs()) {
      const auto number = static_cast<std::uint8_t>(&leg - lookup.legs.data());
      if (leg.ended) {
        const ExchangeId ended{id, *leg.ended, number};
        leg.ended.reset();
        return EndExchange{ended};
      }
      if (leg.must_send) return form({id, leg.attempt, number}, leg);
    }
    lookup.is_queued = false;
    queue_.erase_at(0);
    if (!lookup.is_done) continue;
    const bool is_cancelled = lookup.is_cancelled;
    const Answered answered = form_answer(id, lookup);
    lookups_.destroy(id);
    if (!is_cancelled) return answered;
  }
  return std::nullopt;
}

Answered Stub::form_answer(LookupId id, Lookup& lookup) {
  std::size_t count = 0;
  for (const Leg& leg : lookup.all_legs()) {
    for (const IpAddress& address : leg.addresses.span()) answer_[count++] = address;
  }
  answer_message_ = std::move(lookup.message);
  return {.lookup = id,
          .failure = lookup.failure,
          .addresses = std::span(answer_).first(count),
          .message = answer_message_.span()};
}

std::optional<Time> Stub::next_deadline() const {
  std::optional<Time> next;
  for (Index i = lookups_.next_used(0); i != kNoIndex; i = lookups_.next_used(i + 1)) {
    const Lookup& lookup = lookups_[i];
    if (lookup.is_done) continue;
    next = earlier(next, lookup.patience_ends);
    for (const Leg& leg : lookup.all_legs()) {
      if (leg.state == Leg::State::kAsking) next = earlier(next, leg.deadline);
    }
  }
  return next;
}

void Stub::on_deadline(Time now) {
  for (Index i = lookups_.next_used(0); i != kNoIndex; i = lookups_.next_used(i + 1)) {
    Lookup& lookup = lookups_[i];
    const LookupId id = lookups_.handle_of(i);
    for (Leg& leg : lookup.all_legs()) {
      if (lookup.is_done || leg.state != Leg::State::kAsking) continue;
      if (lookup.patience_ends && *lookup.patience_ends <= now) {
        end_leg(id, lookup, leg, Failure::kNoAnswer, now);
      } else if (leg.deadline <= now) {
        ++counters_.timeouts;
        servers_[leg.server].rests_until = now + config_.server_rest;
        ask_next(id, lookup, leg, now);
        look_at_legs(id, lookup, now);
      }
    }
  }
}

}  // namespace strata::dns

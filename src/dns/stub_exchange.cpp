// SPDX-License-Identifier: Apache-2.0
// The half of Stub that speaks with servers.
#include <algorithm>

#include "dns/special_names.h"
#include "dns/stub.h"

namespace strata::dns {
namespace {

constexpr std::uint16_t kPortMin = 1024;
constexpr std::size_t kLengthSize = 2;  // in front of a message in a stream

constexpr bool is_code(std::uint16_t code, wire::DnsResponseCode named) {
  return code == static_cast<std::uint16_t>(named);
}

}  // namespace

// The next server of this round, or the first of the next round.
void Stub::ask_next(LookupId id, Lookup& lookup, Leg& leg, Time now) {
  auto server = servers_.choose(leg.tried, lookup.first_server, now);
  if (!server && leg.tried != 0 && leg.round + 1 < config_.policy.rounds) {
    ++leg.round;
    leg.tried = 0;
    server = servers_.choose(0, lookup.first_server, now);
  }
  if (!server) {
    end_exchange(leg);
    leg.state = Leg::State::kDone;
    leg.failure = servers_.count() == 0 ? Failure::kNoServers
                  : leg.was_answered    ? Failure::kServerFailed
                                        : Failure::kNoAnswer;
    return enqueue(id, lookup);
  }
  leg.tried = static_cast<ServerSet>(leg.tried | 1U << *server);
  leg.server = *server;
  leg.redraws = 0;
  ask(id, lookup, leg, false, now);
}

void Stub::ask(LookupId id, Lookup& lookup, Leg& leg, bool is_stream, Time now) {
  end_exchange(leg);
  const std::uint64_t chance = draw();
  leg.state = Leg::State::kAsking;
  leg.attempt = ++attempts_;
  leg.id = static_cast<std::uint16_t>(chance);
  // RFC 5452 9.2: from as large a range as there is.
  leg.source_port = static_cast<std::uint16_t>(kPortMin + (chance >> 16U) % (0x10000U - kPortMin));
  leg.is_stream = is_stream;
  leg.strangers = 0;
  leg.must_send = true;
  // RFC 6891 6.2.2: those that do not know it are asked without; some drop it, so the last round
  // does, too.
  const bool is_last_chance = leg.round != 0 && leg.round + 1 == config_.policy.rounds;
  leg.with_edns = config_.edns && !servers_[leg.server].lacks_edns && !is_last_chance;
  leg.deadline =
      now + (is_stream ? config_.stream_timeout : config_.policy.timeout_first * (1 << leg.round));
  if (config_.mix_case) {
    std::uint64_t bits = 0;
    unsigned left = 0;
    leg.asked = leg.name.with_case([&] {
      if (left == 0) {
        bits = draw();
        left = 64;
      }
      return (bits >> --left & 1U) != 0;
    });
  } else {
    leg.asked = leg.name;
  }
  enqueue(id, lookup);
}

void Stub::end_exchange(Leg& leg) {
  if (leg.state != Leg::State::kAsking) return;
  // What was not pulled yet has no socket.
  if (!leg.must_send) leg.ended = leg.attempt;
  leg.must_send = false;
}

Output Stub::form(const ExchangeId& exchange, Leg& leg) {
  leg.must_send = false;
  Servers::Server& server = servers_[leg.server];
  ++server.asked;
  const MutableBytes out = MutableBytes(query_).subspan(kLengthSize);
  wire::DnsWriter writer({.id = leg.id, .recursion_desired = true}, out);
  // A question and an OPT always fit: kQueryMax allows for the longest name.
  STRATA_CHECK(writer.add({leg.asked, leg.type, wire::DnsClass::kInternet}));
  if (leg.with_edns) {
    STRATA_CHECK(writer.add(wire::DnsOpt{.udp_payload_max = kUdpPayload}.record(), {}));
  }
  const Bytes message = writer.bytes();
  if (!leg.is_stream) {
    ++counters_.queries;
    return SendDatagram{exchange, server.endpoint, leg.source_port, message};
  }
  ++counters_.streams;
  store_big_endian(query_.data(), static_cast<std::uint16_t>(message.size()));
  return SendStream{exchange, server.endpoint, Bytes(query_).first(kLengthSize + message.size())};
}

Stub::Place Stub::find(const ExchangeId& exchange) {
  Lookup* const lookup = lookups_.find(exchange.lookup);
  if (lookup == nullptr || exchange.leg >= lookup->leg_count) return {nullptr, nullptr};
  Leg& leg = lookup->legs[exchange.leg];
  const bool is_current = leg.state == Leg::State::kAsking && leg.attempt == exchange.attempt;
  return {lookup, is_current ? &leg : nullptr};
}

void Stub::on_datagram(const ExchangeId& exchange, const Endpoint& source, Bytes message,
                       Time now) {
  const Place place = find(exchange);
  if (place.leg == nullptr || place.leg->is_stream) return;
  // RFC 5452 9.1: from the server's address and port.
  const Endpoint& server = servers_[place.leg->server].endpoint;
  if (source.address != server.address || source.port != server.port) {
    return on_stranger(exchange.lookup, place, now);
  }
  on_message(exchange, place, message, now);
}

void Stub::on_stream_message(const ExchangeId& exchange, Bytes message, Time now) {
  const Place place = find(exchange);
  if (place.leg == nullptr || !place.leg->is_stream) return;
  on_message(exchange, place, message, now);
}

void Stub::on_exchange_failed(const ExchangeId& exchange, Error error, Time now) {
  const Place place = find(exchange);
  if (place.leg == nullptr) return;
  if (error == Error::kAddressInUse && place.leg->redraws++ < kRedrawsMax) {
    return ask(exchange.lookup, *place.lookup, *place.leg, place.leg->is_stream, now);
  }
  servers_[place.leg->server].rests_until = now + config_.server_rest;
  ask_next(exchange.lookup, *place.lookup, *place.leg, now);
  look_at_legs(exchange.lookup, *place.lookup, now);
}

void Stub::on_stranger(LookupId id, const Place& place, Time now) {
  ++counters_.strangers;
  // Somebody guesses: over TCP he would have to guess much more.
  if (!place.leg->is_stream && ++place.leg->strangers >= kStrangersMax) {
    ask(id, *place.lookup, *place.leg, true, now);
  }
}

// RFC 5452 9.1: id, and the question word for word.
bool Stub::fits(const Leg& leg, const wire::DnsView& view) const {
  const wire::DnsHeader header = view.header();
  if (header.id != leg.id || !header.is_response || header.opcode != wire::DnsOpcode::kQuery) {
    return false;
  }
  const auto question = view.question();
  if (!question) {
    // Servers of old answer what they cannot read without saying what it was.
    const auto code = static_cast<wire::DnsResponseCode>(header.response_code);
    return header.answer_count == 0 && (code == wire::DnsResponseCode::kFormatError ||
                                        code == wire::DnsResponseCode::kNotImplemented);
  }
  if (header.question_count != 1 || question->type != leg.type ||
      question->klass != wire::DnsClass::kInternet) {
    return false;
  }
  // Over TCP the case of letters proves nothing that the connection does not.
  const bool is_exact = config_.mix_case && !leg.is_stream;
  return is_exact ? leg.asked.is_identical(question->name) : leg.asked.view() == question->name;
}

void Stub::on_message(const ExchangeId& exchange, const Place& place, Bytes message, Time now) {
  const auto view = wire::DnsView::parse(message);
  if (!view || !fits(*place.leg, *view)) return on_stranger(exchange.lookup, place, now);
  Servers::Server& server = servers_[place.leg->server];
  ++counters_.answers;
  ++server.answered;
  server.rests_until = {};
  // RFC 2181 9, RFC 7766 5: what was cut is not read, but asked for again.
  if (view->header().is_truncated && !place.leg->is_stream) {
    return ask(exchange.lookup, *place.lookup, *place.leg, true, now);
  }
  on_answer(exchange.lookup, place, *view, now);
}

void Stub::on_answer(LookupId id, const Place& place, const wire::DnsView& view, Time now) {
  using wire::DnsResponseCode;
  Lookup& lookup = *place.lookup;
  Leg& leg = *place.leg;
  const std::uint16_t code = response_code(view);
  const bool is_edns_refused = is_code(code, DnsResponseCode::kFormatError) ||
                               is_code(code, DnsResponseCode::kNotImplemented) ||
                               is_code(code, DnsResponseCode::kBadVersion);
  if (is_edns_refused && leg.with_edns) {
    ++counters_.without_edns;
    servers_[leg.server].lacks_edns = true;
    return ask(id, lookup, leg, leg.is_stream, now);
  }
  const bool is_no_name = is_code(code, DnsResponseCode::kNameError);
  if (!is_no_name && !is_code(code, DnsResponseCode::kNoError)) {
    leg.was_answered = true;
    ask_next(id, lookup, leg, now);
    return look_at_legs(id, lookup, now);
  }
  if (lookup.kind == Lookup::Kind::kAddresses) {
    return on_reply(id, place, read_reply(view, leg.name, leg.type), now);
  }
  const bool is_kept = lookup.message.try_resize(view.bytes().size());
  if (is_kept) copy_bytes(view.bytes(), lookup.message.span());
  end_exchange(leg);
  leg.state = Leg::State::kDone;
  finish(id, lookup,
         !is_kept     ? Failure::kServerFailed
         : is_no_name ? Failure::kNoName
                      : Failure::kNone);
}

void Stub::on_reply(LookupId id, const Place& place, const Reply& reply, Time now) {
  Lookup& lookup = *place.lookup;
  Leg& leg = *place.leg;
  leg.lifetime_s = std::min(leg.lifetime_s, reply.lifetime_s);
  const auto keep = [&](Cache::Kind kind, Duration at_most) {
    const Duration lifetime = std::min<Duration>(std::chrono::seconds(leg.lifetime_s), at_most);
    if (lifetime <= Duration::zero()) return;
    cache_.keep(leg.candidate, leg.type, kind, reply.addresses, now + lifetime);
  };
  switch (reply.kind) {
    case Reply::Kind::kAddresses:
      keep(Cache::Kind::kAddresses, config_.positive_max);
      leg.addresses = reply.addresses;
      return end_leg(id, lookup, leg, Failure::kNone, now);
    case Reply::Kind::kNoData:
      keep(Cache::Kind::kNoData, config_.negative_max);
      return end_leg(id, lookup, leg, Failure::kNoData, now);
    case Reply::Kind::kNoName:
      keep(Cache::Kind::kNoName, config_.negative_max);
      return end_leg(id, lookup, leg, Failure::kNoName, now);
    case Reply::Kind::kAlias:
      if (++leg.aliases <= kAliasesMax && special_name(reply.target) == SpecialName::kNone) {
        leg.name = reply.target;
        return ask(id, lookup, leg, false, now);
      }
      [[fallthrough]];
    case Reply::Kind::kBroken:
      ++counters_.malformed;
      leg.was_answered = true;
      ask_next(id, lookup, leg, now);
      return look_at_legs(id, lookup, now);
  }
}

}  // namespace strata::dns

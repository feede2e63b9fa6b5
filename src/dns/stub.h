// SPDX-License-Identifier: Apache-2.0
// Stub: a stub resolver (RFC 1034 5.3.1). Turns names into addresses by asking recursive servers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/handle_table.h"
#include "base/vector.h"
#include "dns/cache.h"
#include "dns/config.h"
#include "dns/hosts.h"
#include "dns/lookup.h"
#include "dns/message.h"
#include "dns/servers.h"
#include "strata/error.h"

//   on_lookup ──> literal, localhost, hosts file ────────────────────────────────┐
//       │                                                                        v
//       └─> candidate (search list) ──> A leg ─┬─ cache ──────────────────> both legs done
//                    ^            └──> AAAA leg ┤                                │
//                    │                          └─ exchange ── answer ───────────┤
//                    │                              │  ^  alias: ask on          │
//                    │       silence, fault, TC,    v  │  TC: TCP                │
//                    │       no EDNS:           next exchange                    │
//                    └──────────── no such name: next candidate ─────────────────┤
//                                                                            Answered
//
// 1. Every exchange has an id and a source port of its own, drawn from a keyed hash (RFC 5452 9.2),
//    and is over with the first answer that fits: server, port, id, question, case of letters.
// 2. Answers that do not fit are counted and otherwise ignored; after kStrangersMax of them the
//    question is asked over TCP, where guessing does not help.
// 3. Equal look-ups share one, so that nobody can have many equal questions open (RFC 5452 5).
// 4. Every look-up ends: attempts are bounded by rounds x servers, aliases by kAliasesMax,
//    candidates by the search list, and each exchange by a deadline.
// 5. Nothing is read of an answer but what hangs together with the question (reply.h).

namespace strata::dns {

class Stub {
 public:
  explicit Stub(const Config& config);
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  // ── What it knows ─────────────────────────────────────────────────────────────────────────
  void set_servers(std::span<const Endpoint> servers);
  // Those beyond kSearchMax are left out.
  void set_search(std::span<const wire::DnsName> domains);
  // For exchanges from now on.
  void set_policy(const Policy& policy) { config_.policy = policy; }
  [[nodiscard]] Hosts& hosts() { return hosts_; }
  void forget_answers() { cache_.clear(); }

  // ── Events ────────────────────────────────────────────────────────────────────────────────
  // An equal look-up that is under way is shared: its id comes back. kInvalidArgument for what is
  // no name, kOutOfMemory when too many are under way.
  Result<LookupId> on_lookup(std::string_view name, Family family, Time now);
  // One question for records of any type; the name is taken as it is.
  Result<LookupId> on_question(const wire::DnsName& name, wire::DnsType type, Time now);
  // Nobody waits for it any more.
  void on_cancel(LookupId lookup);
  void on_datagram(const ExchangeId& exchange, const Endpoint& source, Bytes message, Time now);
  // A whole message of a stream, without the length in front.
  void on_stream_message(const ExchangeId& exchange, Bytes message, Time now);
  // kAddressInUse: its port is taken. Anything else: this server cannot be asked.
  void on_exchange_failed(const ExchangeId& exchange, Error error, Time now);

  // ── Outputs and time ──────────────────────────────────────────────────────────────────────
  [[nodiscard]] std::optional<Output> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  // ── Observation ───────────────────────────────────────────────────────────────────────────
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const Cache& cache() const { return cache_; }
  [[nodiscard]] std::span<const Servers::Server> servers() const { return servers_.span(); }
  [[nodiscard]] std::span<const wire::DnsName> search() const {
    return {search_.data(), search_count_};
  }
  [[nodiscard]] std::uint32_t lookups_under_way() const { return lookups_.size(); }

 private:
  struct Place {
    Lookup* lookup;
    Leg* leg;
  };

  // stub.cpp: look-ups and their candidates
  [[nodiscard]] Result<LookupId> create(const wire::DnsName& name, Lookup::Kind kind);
  [[nodiscard]] std::optional<LookupId> find_equal(const wire::DnsName& name, Lookup::Kind kind,
                                                   Family family) const;
  [[nodiscard]] bool settle_at_once(Lookup& lookup, std::string_view text);
  void start_candidates(LookupId id, Lookup& lookup, Time now);
  [[nodiscard]] bool next_candidate(Lookup& lookup, wire::DnsName& into);
  void start_leg(LookupId id, Lookup& lookup, Leg& leg, Time now);
  void end_leg(LookupId id, Lookup& lookup, Leg& leg, Failure failure, Time now);
  void look_at_legs(LookupId id, Lookup& lookup, Time now);
  void finish(LookupId id, Lookup& lookup, Failure failure);
  void enqueue(LookupId id, Lookup& lookup);

  // stub_exchange.cpp: questions to servers and what comes back
  void ask(LookupId id, Lookup& lookup, Leg& leg, bool is_stream, Time now);
  void ask_next(LookupId id, Lookup& lookup, Leg& leg, Time now);
  void end_exchange(Leg& leg);
  [[nodiscard]] Place find(const ExchangeId& exchange);
  [[nodiscard]] bool fits(const Leg& leg, const wire::DnsView& view) const;
  void on_stranger(LookupId id, const Place& place, Time now);
  void on_message(const ExchangeId& exchange, const Place& place, Bytes message, Time now);
  void on_answer(LookupId id, const Place& place, const wire::DnsView& view, Time now);
  void on_reply(LookupId id, const Place& place, const Reply& reply, Time now);
  [[nodiscard]] Output form(const ExchangeId& exchange, Leg& leg);
  [[nodiscard]] Answered form_answer(LookupId id, Lookup& lookup);
  [[nodiscard]] std::uint64_t draw() { return hash_words(config_.secret, {++draws_}); }

  Config config_;
  Counters counters_;
  Servers servers_;
  std::array<wire::DnsName, kSearchMax> search_{};
  std::uint8_t search_count_ = 0;
  Hosts hosts_;
  Cache cache_;
  HandleTable<Lookup> lookups_;
  Vector<LookupId> queue_;  // those with something to pull
  std::uint64_t draws_ = 0;
  std::uint32_t attempts_ = 0;
  std::uint8_t rotation_ = 0;
  // What the last output's spans lie in.
  std::array<std::byte, kQueryMax + 20> query_{};
  std::array<IpAddress, 2 * kAddressesMax> answer_{};
  Vector<std::byte> answer_message_;
};

}  // namespace strata::dns

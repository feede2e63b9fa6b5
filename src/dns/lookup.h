// SPDX-License-Identifier: Apache-2.0
// A look-up under way: a name with its candidates, and a leg for each type that is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/vector.h"
#include "dns/message.h"
#include "dns/reply.h"
#include "dns/servers.h"
#include "strata/time.h"
#include "strata/wire/dns_name.h"

namespace strata::dns {

struct Leg {
  enum class State : std::uint8_t { kIdle, kAsking, kDone };

  wire::DnsType type = wire::DnsType::kA;
  State state = State::kIdle;
  wire::DnsName candidate{};               // what the look-up is about in this round
  wire::DnsName name{};                    // asked now: the candidate, or where its aliases lead
  wire::DnsName asked{};                   // as it was sent, letters of mixed case and all
  std::uint32_t lifetime_s = 0x7fff'ffff;  // the least of the chain so far
  std::uint8_t aliases = 0;

  // The exchange under way.
  std::uint32_t attempt = 0;
  std::uint16_t id = 0;
  std::uint16_t source_port = 0;
  std::uint8_t server = 0;
  bool is_stream = false;
  bool with_edns = false;
  bool must_send = false;
  std::uint8_t strangers = 0;
  std::uint8_t redraws = 0;  // of the port, for this server
  Time deadline{};
  std::optional<std::uint32_t> ended{};  // an earlier attempt whose socket is still to be closed

  ServerSet tried = 0;
  std::uint8_t round = 0;
  bool was_answered = false;  // by some server, of no use

  // Once done.
  Failure failure = Failure::kNone;
  AddressSet addresses{};
};

struct Lookup {
  enum class Kind : std::uint8_t { kAddresses, kRecords };

  Lookup(Memory& memory, const wire::DnsName& name, Kind lookup_kind)
      : question(name), kind(lookup_kind), message(memory) {}

  wire::DnsName question;
  Kind kind;
  Family family = Family::kBoth;
  bool is_absolute = false;
  bool is_done = false;
  bool is_queued = false;
  bool is_cancelled = false;
  std::uint8_t first_server = 0;
  std::uint8_t candidate = 0;          // the next one to try
  Failure failure = Failure::kNoName;  // the most telling so far
  std::array<Leg, 2> legs{};
  std::uint8_t leg_count = 0;
  std::optional<Time> patience_ends{};  // for the second family
  Vector<std::byte> message;

  [[nodiscard]] std::span<Leg> all_legs() { return {legs.data(), leg_count}; }
  [[nodiscard]] std::span<const Leg> all_legs() const { return {legs.data(), leg_count}; }
};

}  // namespace strata::dns

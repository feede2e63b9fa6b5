// SPDX-License-Identifier: Apache-2.0
// What goes into the stub resolver and comes out of it, as values.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "base/handle_table.h"
#include "strata/address.h"
#include "strata/bytes.h"

namespace strata::dns {

using LookupId = Handle;

// One question to one server; each attempt is a new one.
struct ExchangeId {
  LookupId lookup{};
  std::uint32_t attempt = 0;
  std::uint8_t leg = 0;

  friend constexpr bool operator==(const ExchangeId&, const ExchangeId&) = default;
};

enum class Family : std::uint8_t { kBoth, kIpv4, kIpv6 };

enum class Failure : std::uint8_t {
  kNone,
  kNoName,        // there is no such name
  kNoData,        // there is, and it has none of what was asked for
  kServerFailed,  // every server that answered reported a fault or talked nonsense
  kNoAnswer,      // no server answered
  kNoServers,     // none is known
};

// Spans of all of these hold until the next call of the resolver.

// From a fresh UDP socket on `source_port`, connected to the server.
struct SendDatagram {
  ExchangeId exchange;
  Endpoint server;
  std::uint16_t source_port;
  Bytes message;
};
// Over a fresh TCP connection; the message has its length in front (RFC 1035 4.2.2).
struct SendStream {
  ExchangeId exchange;
  Endpoint server;
  Bytes message;
};
// Its socket or connection is of no more use.
struct EndExchange {
  ExchangeId exchange;
};
struct Answered {
  LookupId lookup;
  Failure failure;
  std::span<const IpAddress> addresses;  // of a look-up of addresses: IPv4 first, unordered else
  Bytes message;                         // of a question: the server's answer
};

using Output = std::variant<SendDatagram, SendStream, EndExchange, Answered>;

struct Counters {
  std::uint64_t lookups = 0;
  std::uint64_t cache_hits = 0;  // questions that needed no server
  std::uint64_t queries = 0;     // sent over UDP
  std::uint64_t streams = 0;     // sent over TCP
  std::uint64_t answers = 0;     // accepted
  std::uint64_t strangers = 0;   // refused: not an answer to what was asked
  std::uint64_t malformed = 0;   // answers that could not be read
  std::uint64_t timeouts = 0;
  std::uint64_t without_edns = 0;  // asked again without EDNS
};

}  // namespace strata::dns

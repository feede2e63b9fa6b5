// SPDX-License-Identifier: Apache-2.0
#include "icmp/error_report.h"

#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::icmp {
namespace {

using wire::Icmpv4Type;
using wire::Icmpv4UnreachableCode;
using wire::Icmpv6ParameterProblemCode;
using wire::Icmpv6Type;
using wire::Icmpv6UnreachableCode;

constexpr std::uint32_t kIpv6LinkMtuMin = 1280;  // RFC 8200 5

struct Meaning {
  Error error;
  bool is_hard;
};

// RFC 1122 3.2.2.1 and 4.2.3.9: which codes say "never" and which say "not now".
Meaning meaning_of(const wire::Icmpv4ErrorView& error) {
  switch (error.type()) {
    case Icmpv4Type::kDestinationUnreachable: break;
    case Icmpv4Type::kTimeExceeded: return {Error::kHostUnreachable, false};
    case Icmpv4Type::kParameterProblem: return {Error::kNotSupported, true};
    default: return {Error::kHostUnreachable, false};
  }
  switch (static_cast<Icmpv4UnreachableCode>(error.code())) {
    case Icmpv4UnreachableCode::kNetwork:
    case Icmpv4UnreachableCode::kNetworkUnknown:
    case Icmpv4UnreachableCode::kNetworkForTypeOfService:
    case Icmpv4UnreachableCode::kNetworkProhibited: return {Error::kNetworkUnreachable, false};
    case Icmpv4UnreachableCode::kProtocol: return {Error::kNotSupported, true};
    case Icmpv4UnreachableCode::kPort: return {Error::kPortUnreachable, true};
    case Icmpv4UnreachableCode::kFragmentationNeeded: return {Error::kMessageTooLong, false};
    // Whom a router forbids is told as one who is not there, as programs expect it. IPv6's is not.
    default: return {Error::kHostUnreachable, false};
  }
}

Meaning meaning_of(const wire::Icmpv6ErrorView& error) {
  switch (error.type()) {
    case Icmpv6Type::kDestinationUnreachable: break;
    case Icmpv6Type::kPacketTooBig: return {Error::kMessageTooLong, false};
    case Icmpv6Type::kParameterProblem:
      return {Error::kNotSupported,
              error.code() ==
                  static_cast<std::uint8_t>(Icmpv6ParameterProblemCode::kUnknownNextHeader)};
    default: return {Error::kHostUnreachable, false};
  }
  switch (static_cast<Icmpv6UnreachableCode>(error.code())) {
    case Icmpv6UnreachableCode::kNoRoute: return {Error::kNetworkUnreachable, false};
    case Icmpv6UnreachableCode::kProhibited:
    case Icmpv6UnreachableCode::kSourcePolicy:
    case Icmpv6UnreachableCode::kRejectRoute: return {Error::kNotPermitted, false};
    case Icmpv6UnreachableCode::kPort: return {Error::kPortUnreachable, true};
    default: return {Error::kHostUnreachable, false};
  }
}

// RFC 792: eight bytes of the quoted payload are sure to be there, which holds the ports.
bool read_ports(Bytes payload, ErrorReport& report) {
  if (payload.size() < 8) return false;
  report.quoted = payload;
  const bool is_echo =
      report.protocol == wire::kIpProtocolIcmpv4 || report.protocol == wire::kIpProtocolIcmpv6;
  if (is_echo) {
    report.source_port = load_big_endian<std::uint16_t>(payload.data() + 4);
    report.destination_port = load_big_endian<std::uint16_t>(payload.data() + 6);
    return true;
  }
  report.source_port = load_big_endian<std::uint16_t>(payload.data());
  report.destination_port = load_big_endian<std::uint16_t>(payload.data() + 2);
  report.tcp_sequence = load_big_endian<std::uint32_t>(payload.data() + 4);
  return true;
}

}  // namespace

std::optional<ErrorReport> read_report(const wire::Icmpv4ErrorView& error) {
  const auto quoted = wire::Ipv4View::parse_quoted(error.quoted());
  // RFC 5927 4.1: what was no first fragment names nobody.
  if (!quoted || quoted->fragment_offset() != 0) return std::nullopt;
  ErrorReport report{.source = quoted->source(),
                     .destination = quoted->destination(),
                     .protocol = quoted->protocol()};
  if (!read_ports(quoted->payload(), report)) return std::nullopt;
  const Meaning meaning = meaning_of(error);
  report.quoted_size = quoted->total_length();
  report.error = meaning.error;
  report.is_hard = meaning.is_hard;
  report.type = static_cast<std::uint8_t>(error.type());
  report.code = error.code();
  if (meaning.error == Error::kMessageTooLong) report.mtu = error.next_hop_mtu();
  return report;
}

std::optional<ErrorReport> read_report(const wire::Icmpv6ErrorView& error) {
  const auto quoted = wire::Ipv6View::parse_quoted(error.quoted());
  if (!quoted) return std::nullopt;
  if (quoted->source().is_v4() || quoted->destination().is_v4()) return std::nullopt;
  const wire::Ipv6UpperLayer upper =
      wire::find_upper_layer(quoted->next_header(), quoted->payload());
  if (upper.end != wire::Ipv6ChainEnd::kUpperLayer) return std::nullopt;
  ErrorReport report{
      .source = quoted->source(), .destination = quoted->destination(), .protocol = upper.protocol};
  if (!read_ports(upper.payload, report)) return std::nullopt;
  const bool is_too_big = error.type() == Icmpv6Type::kPacketTooBig;
  // RFC 8201 4: every link carries so much, and a message that denies it MUST be discarded.
  if (is_too_big && error.mtu() < kIpv6LinkMtuMin) return std::nullopt;
  const Meaning meaning = meaning_of(error);
  report.quoted_size = static_cast<std::uint32_t>(quoted->total_length());
  report.error = meaning.error;
  report.is_hard = meaning.is_hard;
  report.type = static_cast<std::uint8_t>(error.type());
  report.code = error.code();
  if (is_too_big) report.mtu = error.mtu();
  return report;
}

}  // namespace strata::icmp

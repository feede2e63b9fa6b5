// SPDX-License-Identifier: Apache-2.0
#include "icmp/error_policy.h"

#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"

namespace strata::icmp {
namespace {

using wire::Icmpv4Type;
using wire::Icmpv4UnreachableCode;
using wire::Icmpv6ParameterProblemCode;
using wire::Icmpv6Type;
using wire::Icmpv6UnreachableCode;

constexpr ErrorWords unreachable(Icmpv4UnreachableCode code, std::uint32_t rest = 0) {
  return {static_cast<std::uint8_t>(Icmpv4Type::kDestinationUnreachable),
          static_cast<std::uint8_t>(code), rest};
}

constexpr ErrorWords unreachable(Icmpv6UnreachableCode code) {
  return {static_cast<std::uint8_t>(Icmpv6Type::kDestinationUnreachable),
          static_cast<std::uint8_t>(code), 0};
}

constexpr ErrorWords words(Icmpv4Type type, std::uint8_t code, std::uint32_t rest = 0) {
  return {static_cast<std::uint8_t>(type), code, rest};
}

constexpr ErrorWords words(Icmpv6Type type, std::uint8_t code, std::uint32_t rest = 0) {
  return {static_cast<std::uint8_t>(type), code, rest};
}

}  // namespace

bool may_answer(const Offense& offense, const ErrorContent& content) {
  if (offense.is_icmp_error || offense.is_later_fragment) return false;
  // Its source must name one host: nobody must be made to flood a third.
  const IpAddress& source = offense.source;
  if (source.is_unspecified() || source.is_multicast() || source.is_limited_broadcast() ||
      source.is_reserved_v4() || (source.is_loopback() && !offense.is_from_ourselves)) {
    return false;
  }
  const bool to_many = offense.is_link_multicast || offense.is_directed_broadcast ||
                       offense.destination.is_multicast() ||
                       offense.destination.is_limited_broadcast();
  if (!to_many) return true;
  // RFC 4443 2.4 (e.3): path MTU discovery works for groups, and an option may demand an answer.
  return offense.destination.is_v6() &&
         (content.kind == ErrorKind::kPacketTooBig ||
          (content.kind == ErrorKind::kParameterProblem &&
           content.problem_code ==
               static_cast<std::uint8_t>(Icmpv6ParameterProblemCode::kUnknownOption)));
}

ErrorWords words_v4(const ErrorContent& content) {
  switch (content.kind) {
    case ErrorKind::kNoRoute: return unreachable(Icmpv4UnreachableCode::kNetwork);
    case ErrorKind::kHostUnreachable:
    case ErrorKind::kBeyondScope: return unreachable(Icmpv4UnreachableCode::kHost);
    case ErrorKind::kProhibited:
      return unreachable(Icmpv4UnreachableCode::kCommunicationProhibited);
    case ErrorKind::kProtocolUnreachable: return unreachable(Icmpv4UnreachableCode::kProtocol);
    case ErrorKind::kPortUnreachable: return unreachable(Icmpv4UnreachableCode::kPort);
    case ErrorKind::kPacketTooBig:
      return unreachable(Icmpv4UnreachableCode::kFragmentationNeeded, content.mtu & 0xffff);
    case ErrorKind::kSourceRouteFailed:
      return unreachable(Icmpv4UnreachableCode::kSourceRouteFailed);
    case ErrorKind::kHopLimitExceeded: return words(Icmpv4Type::kTimeExceeded, 0);
    case ErrorKind::kReassemblyTimeout: return words(Icmpv4Type::kTimeExceeded, 1);
    case ErrorKind::kParameterProblem:
      return words(Icmpv4Type::kParameterProblem, content.problem_code,
                   (content.pointer & 0xff) << 24U);
  }
  return unreachable(Icmpv4UnreachableCode::kHost);
}

ErrorWords words_v6(const ErrorContent& content) {
  switch (content.kind) {
    case ErrorKind::kNoRoute: return unreachable(Icmpv6UnreachableCode::kNoRoute);
    case ErrorKind::kSourceRouteFailed:
    case ErrorKind::kHostUnreachable: return unreachable(Icmpv6UnreachableCode::kAddress);
    case ErrorKind::kBeyondScope: return unreachable(Icmpv6UnreachableCode::kBeyondScope);
    case ErrorKind::kProhibited: return unreachable(Icmpv6UnreachableCode::kProhibited);
    case ErrorKind::kProtocolUnreachable:
      return words(Icmpv6Type::kParameterProblem,
                   static_cast<std::uint8_t>(Icmpv6ParameterProblemCode::kUnknownNextHeader),
                   content.pointer);
    case ErrorKind::kPortUnreachable: return unreachable(Icmpv6UnreachableCode::kPort);
    case ErrorKind::kPacketTooBig: return words(Icmpv6Type::kPacketTooBig, 0, content.mtu);
    case ErrorKind::kHopLimitExceeded: return words(Icmpv6Type::kTimeExceeded, 0);
    case ErrorKind::kReassemblyTimeout: return words(Icmpv6Type::kTimeExceeded, 1);
    case ErrorKind::kParameterProblem:
      return words(Icmpv6Type::kParameterProblem, content.problem_code, content.pointer);
  }
  return unreachable(Icmpv6UnreachableCode::kAddress);
}

}  // namespace strata::icmp

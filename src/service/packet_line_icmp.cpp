// SPDX-License-Identifier: Apache-2.0
// The lines of ICMP, neighbour discovery, MLD and IGMP.
#include <fmt/format.h>

#include "service/packet_line.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/igmp.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/mld.h"
#include "strata/wire/nd.h"

namespace strata::service {
namespace {

using wire::Icmpv4Type;
using wire::Icmpv6Type;

std::string text_of(const IpAddress& address) { return std::string(to_text(address).view()); }

// Whom an error is about, from the packet that it quotes.
std::string quoted_destination(Bytes quoted) {
  if (const auto v4 = wire::Ipv4View::parse_quoted(quoted)) return text_of(v4->destination());
  if (const auto v6 = wire::Ipv6View::parse_quoted(quoted)) return text_of(v6->destination());
  return "?";
}

std::string unreachable_line(const wire::Icmpv4ErrorView& error) {
  using Code = wire::Icmpv4UnreachableCode;
  const std::string whom = quoted_destination(error.quoted());
  switch (static_cast<Code>(error.code())) {
    case Code::kNetwork: return fmt::format("net {} unreachable", whom);
    case Code::kHost: return fmt::format("host {} unreachable", whom);
    case Code::kProtocol: return fmt::format("{} protocol unreachable", whom);
    case Code::kPort: return fmt::format("{} port unreachable", whom);
    case Code::kFragmentationNeeded:
      return fmt::format("{} unreachable - need to frag (mtu {})", whom, error.next_hop_mtu());
    case Code::kNetworkProhibited:
    case Code::kHostProhibited:
    case Code::kCommunicationProhibited:
      return fmt::format("host {} unreachable - admin prohibited", whom);
    default: return fmt::format("{} unreachable, code {}", whom, error.code());
  }
}

std::string error_line(const wire::Icmpv4ErrorView& error) {
  switch (error.type()) {
    case Icmpv4Type::kDestinationUnreachable: return unreachable_line(error);
    case Icmpv4Type::kTimeExceeded:
      return error.code() == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded";
    case Icmpv4Type::kParameterProblem:
      return fmt::format("parameter problem - octet {}", error.pointer());
    default:
      return fmt::format("type {}, code {}", static_cast<unsigned>(error.type()), error.code());
  }
}

std::string error_line(const wire::Icmpv6ErrorView& error) {
  const std::string whom = quoted_destination(error.quoted());
  switch (error.type()) {
    case Icmpv6Type::kDestinationUnreachable: {
      using Code = wire::Icmpv6UnreachableCode;
      switch (static_cast<Code>(error.code())) {
        case Code::kNoRoute: return fmt::format("destination unreachable, no route to {}", whom);
        case Code::kPort: return fmt::format("destination unreachable, {} port", whom);
        case Code::kProhibited: return fmt::format("destination unreachable, {} prohibited", whom);
        default: return fmt::format("destination unreachable, address {}", whom);
      }
    }
    case Icmpv6Type::kPacketTooBig: return fmt::format("packet too big, mtu {}", error.mtu());
    case Icmpv6Type::kTimeExceeded:
      return fmt::format("time exceeded {} for {}",
                         error.code() == 0 ? "in-transit" : "(reassembly)", whom);
    case Icmpv6Type::kParameterProblem:
      return fmt::format("parameter problem, octet {}", error.pointer());
    default: return fmt::format("type {}", static_cast<unsigned>(error.type()));
  }
}

std::string nd_line(Bytes message, Icmpv6Type type) {
  switch (type) {
    case Icmpv6Type::kRouterSolicitation: return "router solicitation";
    case Icmpv6Type::kRouterAdvertisement: return "router advertisement";
    case Icmpv6Type::kNeighborSolicitation: {
      const auto view = wire::NeighborSolicitationView::parse(message);
      return view ? "neighbor solicitation, who has " + text_of(view->target())
                  : "neighbor solicitation [malformed]";
    }
    case Icmpv6Type::kNeighborAdvertisement: {
      const auto view = wire::NeighborAdvertisementView::parse(message);
      return view ? "neighbor advertisement, tgt is " + text_of(view->target())
                  : "neighbor advertisement [malformed]";
    }
    default: return "redirect";
  }
}

std::string mld_line(Bytes message, Icmpv6Type type) {
  if (const auto report = wire::MldV2ReportView::parse(message)) {
    return fmt::format("multicast listener report v2, {} group record(s)",
                       report->records().size());
  }
  if (const auto query = wire::MldQueryView::parse(message)) {
    return fmt::format("multicast listener query v{}, {}", query->version(),
                       query->is_general() ? "all groups" : text_of(query->group()));
  }
  const auto view = wire::MldView::parse(message);
  if (!view) return "multicast listener message [malformed]";
  return fmt::format("multicast listener {} {}",
                     type == Icmpv6Type::kMulticastListenerDone ? "done" : "report",
                     text_of(view->group()));
}

std::string icmpv6_body(Bytes message, Icmpv6Type type) {
  if (wire::is_echo(type)) {
    const auto echo = wire::Icmpv6EchoView::parse(message);
    if (!echo) return "[|echo]";
    return fmt::format("echo {}, id {}, seq {}", echo->is_request() ? "request" : "reply",
                       echo->identifier(), echo->sequence_number());
  }
  if (wire::is_error(type)) {
    const auto error = wire::Icmpv6ErrorView::parse(message);
    return error ? error_line(*error) : "[|error]";
  }
  if (wire::is_neighbor_discovery(type)) return nd_line(message, type);
  if (wire::is_mld(type)) return mld_line(message, type);
  return fmt::format("type {}", static_cast<unsigned>(type));
}

}  // namespace

std::string line::icmpv4_message(Bytes message, std::size_t size) {
  const auto icmp = wire::Icmpv4View::parse(message);
  if (!icmp) return "[|icmp]";
  std::string body =
      fmt::format("type {}, code {}", static_cast<unsigned>(icmp->type()), icmp->code());
  if (wire::is_echo(icmp->type())) {
    if (const auto echo = wire::Icmpv4EchoView::parse(message)) {
      body = fmt::format("echo {}, id {}, seq {}", echo->is_request() ? "request" : "reply",
                         echo->identifier(), echo->sequence_number());
    }
  } else if (icmp->type() == Icmpv4Type::kRedirect) {
    if (const auto redirect = wire::Icmpv4RedirectView::parse(message)) {
      body = fmt::format("redirect {} to {}", quoted_destination(redirect->quoted()),
                         text_of(redirect->gateway()));
    }
  } else if (const auto error = wire::Icmpv4ErrorView::parse(message)) {
    body = error_line(*error);
  }
  return fmt::format("ICMP {}, length {}", body, size);
}

std::string line::icmpv6_message(Bytes message, std::size_t size) {
  const auto icmp = wire::Icmpv6View::parse(message);
  if (!icmp) return "[|icmp6]";
  return fmt::format("ICMP6, {}, length {}", icmpv6_body(message, icmp->type()), size);
}

std::string line::igmp_message(Bytes message) {
  if (const auto report = wire::IgmpV3ReportView::parse(message)) {
    return fmt::format("igmp v3 report, {} group record(s)", report->records().size());
  }
  if (const auto query = wire::IgmpQueryView::parse(message)) {
    return fmt::format("igmp query v{}{}", query->version(),
                       query->is_general() ? "" : " [gaddr " + text_of(query->group()) + "]");
  }
  const auto view = wire::IgmpView::parse(message);
  if (!view) return "[|igmp]";
  switch (view->type()) {
    case wire::IgmpType::kV2LeaveGroup: return "igmp leave " + text_of(view->group());
    case wire::IgmpType::kV1MembershipReport: return "igmp v1 report " + text_of(view->group());
    case wire::IgmpType::kV2MembershipReport: return "igmp v2 report " + text_of(view->group());
    default: return fmt::format("igmp type {:#04x}", static_cast<unsigned>(view->type()));
  }
}

}  // namespace strata::service

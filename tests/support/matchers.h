// SPDX-License-Identifier: Apache-2.0
// Matchers for frames: EXPECT_THAT(frames, Contains(IsIp(AllOf(From(a), Carries(IsUdp(1, 2))))).
// IsArpRequest and IsIp match frames; From, To, Hops and Carries match what IsIp has read; IsUdp
// and IsIcmp, which check the checksum too, match what it carries.
#pragma once

#include <gmock/gmock.h>

#include "support/frames.h"

namespace strata::support {

MATCHER_P(IsArpRequest, target, "") {
  const auto arp = decode(arg.all()).arp;
  return arp && arp->operation == wire::ArpOperation::kRequest && arp->target_ip == target;
}
MATCHER_P2(IsArpReply, sender, mac, "") {
  const auto arp = decode(arg.all()).arp;
  return arp && arp->operation == wire::ArpOperation::kReply && arp->sender_ip == sender &&
         arp->sender_mac == mac;
}

MATCHER_P(IsIp, inner, "") {
  const Decoded is = decode(arg.all());
  return is.is_ip() && testing::ExplainMatchResult(inner, is, result_listener);
}
MATCHER_P(IsIpv4, inner, "") {
  const Decoded is = decode(arg.all());
  return is.v4 && testing::ExplainMatchResult(inner, is, result_listener);
}
MATCHER_P(IsIpv6, inner, "") {
  const Decoded is = decode(arg.all());
  return is.v6 && testing::ExplainMatchResult(inner, is, result_listener);
}
// The same for what a device without a link layer sends.
MATCHER_P(IsBareIp, inner, "") {
  const Decoded is = decode_ip(arg.all());
  return is.is_ip() && testing::ExplainMatchResult(inner, is, result_listener);
}

MATCHER_P(ToMac, mac, "") { return decode(arg.all()).link.destination == mac; }
MATCHER_P(HasEthertype, type, "") { return decode(arg.all()).ethertype == type; }

MATCHER_P(From, address, "") { return arg.source == address; }
MATCHER_P(To, address, "") { return arg.destination == address; }
MATCHER_P(Hops, count, "") { return arg.hop_limit == count; }
MATCHER_P(HasTrafficClass, value, "") { return arg.traffic_class == value; }
MATCHER_P(Carries, inner, "") { return testing::ExplainMatchResult(inner, arg, result_listener); }
MATCHER(IsFragment, "") { return arg.is_fragment(); }

MATCHER_P2(IsUdp, source_port, destination_port, "") {
  if (arg.protocol != wire::kIpProtocolUdp || !arg.checksum_is_right()) return false;
  const auto view = wire::UdpView::parse(arg.upper.all());
  return view && view->source_port() == source_port && view->destination_port() == destination_port;
}
MATCHER_P(HasUdpPayload, payload, "") {
  const auto view = wire::UdpView::parse(arg.upper.all());
  return view && Frame(view->payload()) == payload;
}

// Either family: the type's C++ type says which.
MATCHER_P2(IsIcmp, type, code, "") {
  constexpr bool kIsV4 = std::is_same_v<std::remove_cvref_t<decltype(type)>, wire::Icmpv4Type>;
  const std::uint8_t protocol = kIsV4 ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6;
  if (arg.protocol != protocol || arg.upper.size() < 4 || !arg.checksum_is_right()) return false;
  return arg.upper[0] == static_cast<std::byte>(type) &&
         arg.upper[1] == static_cast<std::byte>(code);
}
// What follows an ICMP checksum.
MATCHER_P(HasRest, rest, "") {
  return arg.upper.size() >= 4 + rest.size() &&
         std::equal(rest.begin(), rest.end(), arg.upper.begin() + 4);
}

}  // namespace strata::support

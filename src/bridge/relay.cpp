// SPDX-License-Identifier: Apache-2.0
#include "bridge/relay.h"

#include <algorithm>

#include "strata/wire/ethernet.h"
#include "strata/wire/vlan.h"

namespace strata::bridge {
namespace {

constexpr PortSet bit_of(std::size_t port) { return PortSet{1} << port; }

// IEEE 802.1Q 8.6.3: 01-80-C2-00-00-00 to -0F stay on their link (spanning tree, LACP, pause).
bool is_reserved(const MacAddress& group) {
  constexpr MacAddress kFirst = MacAddress::from_value(0x0180'c200'0000);
  return group.bytes()[5] < std::byte{0x10} &&
         std::ranges::equal(group.bytes().first(5), kFirst.bytes().first(5));
}

}  // namespace

void Relay::set_up(std::size_t port, bool is_up) {
  if (is_up) {
    up_ |= bit_of(port);
    return;
  }
  up_ &= ~bit_of(port);
  table_.forget_port(port);
}

void Relay::remove(std::size_t port) {
  set_up(port, false);
  vlans_[port] = {};
}

void Relay::set_vlans(std::size_t port, const PortVlans& vlans) {
  vlans_[port] = vlans;
  knows_vlans_ = true;
  table_.clear();
}

// IEEE 802.1Q 6.9.1. kForward: the frame may go on.
Verdict Relay::classify(std::size_t port, Bytes head, Decision& decision) const {
  if (!knows_vlans_) return Verdict::kForward;
  const PortVlans& here = vlans_[port];
  decision.vlan = decision.control = here.untagged();
  if (wire::EthernetLayout::Type::get(head) == wire::kEtherTypeVlan) {
    const Bytes behind = head.subspan(wire::EthernetLayout::kSize);
    const auto tag = wire::VlanView::parse(behind);
    if (!tag) return Verdict::kMalformed;
    decision.has_tag = true;
    decision.control = wire::VlanLayout::Control::get(behind);
    if (tag->id() == wire::VlanLayout::kIdPriorityOnly) {
      decision.control = static_cast<std::uint16_t>(decision.control | here.untagged());
    } else {
      decision.vlan = here.is_tagged(tag->id()) ? tag->id() : std::uint16_t{0};
    }
  }
  return decision.vlan == 0 ? Verdict::kWrongVlan : Verdict::kForward;
}

Decision Relay::decide(std::size_t port, Bytes head, Time now) {
  Decision decision;
  const auto frame = wire::EthernetView::parse(head);
  if (!frame || frame->source().is_multicast() || frame->source().is_unspecified()) {
    return decision;
  }
  decision.verdict = classify(port, head, decision);
  if (decision.verdict != Verdict::kForward) return decision;
  if (is_reserved(frame->destination())) {
    decision.verdict = Verdict::kReserved;
    return decision;
  }
  const auto learnt = table_.learn(decision.vlan, frame->source(), port, now);
  decision.has_moved = learnt == AddressTable::Learnt::kMoved;
  decision.is_unknown = learnt == AddressTable::Learnt::kNoMemory;
  const PortSet others = members(decision.vlan) & ~bit_of(port);
  std::optional<std::size_t> out;
  if (!frame->destination().is_multicast()) {
    out = table_.find(decision.vlan, frame->destination(), now);
  }
  decision.ports = out ? others & bit_of(*out) : others;
  if (!out) {
    decision.verdict = Verdict::kFlood;
  } else if (decision.ports == 0) {
    decision.verdict = Verdict::kFiltered;
  }
  return decision;
}

PortSet Relay::members(std::uint16_t vlan) const {
  if (!knows_vlans_) return up_;
  PortSet members = 0;
  for (std::size_t port = 0; port < kPortsMax; ++port) {
    if ((up_ & bit_of(port)) != 0 && vlans_[port].carries(vlan)) members |= bit_of(port);
  }
  return members;
}

TagChange Relay::tag_change(const Decision& decision, std::size_t port) const {
  if (!knows_vlans_) return TagChange::kNone;
  const bool wants_tag = vlans_[port].untagged() != decision.vlan;
  if (!decision.has_tag) return wants_tag ? TagChange::kInsert : TagChange::kNone;
  return wants_tag ? TagChange::kRewrite : TagChange::kRemove;
}

}  // namespace strata::bridge

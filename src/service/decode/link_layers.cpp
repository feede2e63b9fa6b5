// SPDX-License-Identifier: Apache-2.0
// Ethernet II, IEEE 802.3 with LLC and SNAP, VLAN tags, ARP.
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/arp.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/llc.h"
#include "strata/wire/vlan.h"

namespace strata::service::decoding {
namespace {

// IEEE 802.3 3.2.6: one field, two meanings.
template <typename F>
std::uint16_t type_or_length(LayerWriter& writer) {
  if (writer.bytes().size() >= F::kEnd && F::get(writer.bytes()) <= wire::kEthernetLengthMax) {
    const auto length = static_cast<std::uint16_t>(writer.decimal<F>("Length"));
    writer.note("IEEE 802.3");
    return length;
  }
  const auto type = static_cast<std::uint16_t>(writer.hexadecimal<F>("Type"));
  writer.note(std::string(ethertype_name(type)));
  return type;
}

void decode_snap(Decoding& decoding, Bytes bytes) {
  using Layout = wire::SnapLayout;
  LayerWriter writer(decoding, "SNAP", bytes, Layout::kSize);
  const auto snap = wire::SnapView::parse(bytes);
  writer.add("Organization", snap ? LayerWriter::hex_text(snap->organization(), 6) : "", 0, 3);
  const auto type = static_cast<std::uint16_t>(writer.hexadecimal<Layout::Type>("Type"));
  if (!snap) return;
  const Bytes payload = snap->payload();
  if (!snap->type_is_ethertype()) return decode_data(decoding, "Data", payload);
  writer.note(std::string(ethertype_name(type)));
  decode_ethertype(decoding, type, payload);
}

void decode_llc(Decoding& decoding, Bytes bytes) {
  using Layout = wire::LlcLayout;
  LayerWriter writer(decoding, "LLC", bytes, Layout::kSize);
  writer.hexadecimal<Layout::DestinationSap>("Destination SAP");
  writer.hexadecimal<Layout::SourceSap>("Source SAP");
  writer.hexadecimal<Layout::Control>("Control");
  const auto llc = wire::LlcView::parse(bytes);
  if (!llc) return;
  if (llc->is_snap()) return decode_snap(decoding, llc->payload());
  const bool is_tree = llc->destination_sap() == Layout::kSapSpanningTree;
  decode_data(decoding, is_tree ? "Spanning tree" : "Data", llc->payload());
}

void decode_vlan(Decoding& decoding, Bytes bytes) {
  using Layout = wire::VlanLayout;
  LayerWriter writer(decoding, "VLAN tag", bytes, Layout::kSize);
  writer.decimal<Layout::Priority>("Priority");
  writer.flag<Layout::DropEligible>("Drop eligible", "may be dropped first");
  const std::uint64_t id = writer.decimal<Layout::Id>("VLAN");
  if (id == Layout::kIdPriorityOnly) writer.note("a priority and no VLAN");
  if (id == Layout::kIdReserved) writer.note("reserved");
  const std::uint16_t type = type_or_length<Layout::Type>(writer);
  if (!writer.has_stopped()) decode_ethertype(decoding, type, bytes.subspan(Layout::kSize));
}

void decode_802_3(Decoding& decoding, std::uint16_t length, Bytes payload) {
  decode_llc(decoding, payload.first(std::min<std::size_t>(length, payload.size())));
  if (payload.size() > length) decode_data(decoding, "Padding", payload.subspan(length));
}

}  // namespace

void decode_frame(Decoding& decoding, Bytes frame) {
  using Layout = wire::EthernetLayout;
  LayerWriter writer(decoding, "Ethernet", frame, Layout::kSize);
  writer.address<Layout::Destination>("Destination");
  writer.address<Layout::Source>("Source");
  const std::uint16_t type = type_or_length<Layout::Type>(writer);
  if (!writer.has_stopped()) decode_ethertype(decoding, type, frame.subspan(Layout::kSize));
}

void decode_ethertype(Decoding& decoding, std::uint16_t type, Bytes payload) {
  if (decoding.is_full()) return;
  if (type <= wire::kEthernetLengthMax) return decode_802_3(decoding, type, payload);
  if (wire::is_vlan_tpid(type)) return decode_vlan(decoding, payload);
  switch (type) {
    case wire::kEtherTypeIpv4: return decode_ipv4(decoding, payload);
    case wire::kEtherTypeIpv6: return decode_ipv6(decoding, payload);
    case wire::kEtherTypeArp: return decode_arp(decoding, payload);
    default: break;
  }
  const std::string_view name = ethertype_name(type);
  decode_data(decoding, name.empty() ? "Data" : name, payload);
}

void decode_arp(Decoding& decoding, Bytes packet) {
  using Layout = wire::ArpLayout;
  LayerWriter writer(decoding, "ARP", packet, Layout::kSize);
  const std::uint64_t hardware = writer.decimal<Layout::HardwareType>("Hardware type");
  if (hardware == Layout::kHardwareEthernet) writer.note("Ethernet");
  const std::uint64_t protocol = writer.hexadecimal<Layout::ProtocolType>("Protocol type");
  writer.note(std::string(ethertype_name(protocol)));
  writer.decimal<Layout::HardwareLength>("Hardware length");
  writer.decimal<Layout::ProtocolLength>("Protocol length");
  const std::uint64_t operation = writer.decimal<Layout::Operation>("Operation");
  if (operation == 1) writer.note("request");
  if (operation == 2) writer.note("reply");
  if (!writer.has_stopped() && packet.size() >= Layout::kSize && !wire::ArpView::parse(packet)) {
    return writer.stop(Layout::Operation::kEnd, "not between Ethernet and IPv4 addresses");
  }
  writer.address<Layout::SenderMac>("Sender MAC");
  writer.address<Layout::SenderIp>("Sender IP");
  writer.address<Layout::TargetMac>("Target MAC");
  writer.address<Layout::TargetIp>("Target IP");
  if (packet.size() > Layout::kSize) {
    decode_data(decoding, "Padding", packet.subspan(Layout::kSize));
  }
}

}  // namespace strata::service::decoding

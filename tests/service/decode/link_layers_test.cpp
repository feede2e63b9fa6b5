// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::link_layers_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"arp_request", "Ethernet", "Destination", "02:00:00:00:00:02 (locally administered)"},
    {"arp_request", "Ethernet", "Type", "0x0806 (ARP)"},
    {"arp_request", "ARP", "Operation", "1 (request)"},
    {"arp_request", "ARP", "Target IP", "10.77.0.2"},
    {"arp_reply", "ARP", "Operation", "2 (reply)"},
    {"arp_reply", "ARP", "Sender MAC", "02:00:00:00:00:01 (locally administered)"},
    {"vlan", "VLAN tag", "Priority", "5"},
    {"vlan", "VLAN tag", "VLAN", "100"},
    {"vlan", "VLAN tag", "Type", "0x0800 (IPv4)"},
    {"vlan", "Ethernet", "Type", "0x8100 (VLAN tag (802.1Q))"},
    {"qinq", "Ethernet", "Type", "0x88a8 (service VLAN tag (802.1ad))"},
    {"qinq", "VLAN tag", "VLAN", "5"},
    {"qinq", "ICMPv6", "Identifier", "1"},
    {"stp", "Ethernet", "Length", "38 (IEEE 802.3)"},
    {"stp", "LLC", "Destination SAP", "0x42"},
    {"stp", "Spanning tree", "Bytes", "35"},
    {"snap", "SNAP", "Organization", "0x000000"},
    {"snap", "SNAP", "Type", "0x0800 (IPv4)"},
    {"snap", "Data", "Bytes", "3 (abc)"},
    {"lldp", "LLDP", "Bytes", "11"},
    {"padded", "Padding", "Bytes", "17"},
};

TEST(LinkLayers, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(LinkLayers, NamesWhatIsNotToBeRead) {
  auto arp = sample("arp_request");
  arp[14 + 5] = std::byte{16};  // addresses of sixteen bytes
  EXPECT_EQ(decoded(arp, "ARP", kUnreadable), "not between Ethernet and IPv4 addresses");
  auto snap = sample("snap");
  snap.resize(20);
  EXPECT_EQ(decoded(snap, "SNAP", kUnreadable), "ends after 3 of 5 bytes");
}

}  // namespace
}  // namespace strata::service::link_layers_test

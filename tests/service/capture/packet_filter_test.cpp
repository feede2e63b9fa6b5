// SPDX-License-Identifier: Apache-2.0
#include "service/capture/packet_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/decode/samples.h"

namespace strata::service::packet_filter_test {
namespace {

using Names = PacketFilter::Names;

bool matches(const std::string& text, std::string_view name) {
  const auto filter = PacketFilter::compile(text, Medium::kEthernet);
  EXPECT_TRUE(filter) << text;
  const auto packet = sample(name);
  return filter && filter->matches(packet, packet.size());
}

TEST(PacketFilter, SpeaksTcpdumpsLanguage) {
  EXPECT_TRUE(matches("tcp port 80", "tcp_syn"));
  EXPECT_FALSE(matches("tcp port 81", "tcp_syn"));
  EXPECT_FALSE(matches("tcp port 80", "udp"));
  EXPECT_TRUE(matches("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp_syn"));
  EXPECT_FALSE(matches("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp_data"));
  EXPECT_TRUE(matches("icmp[icmptype] == icmp-echo", "icmp_echo"));
  EXPECT_TRUE(matches("host 10.77.0.2 and not arp", "udp"));
  EXPECT_TRUE(matches("net 10.77.0.0/16 && udp dst port echo", "udp"));
  EXPECT_TRUE(matches("udp portrange 1000-2000", "udp"));
  EXPECT_TRUE(matches("port http", "tcp_syn"));
  EXPECT_FALSE(matches("port domain", "tcp_syn"));
  EXPECT_TRUE(matches("ip6 and src host fd77::1", "echo6"));
  EXPECT_TRUE(matches("vlan 100", "vlan"));
  EXPECT_TRUE(matches("ether host 02:00:00:00:00:01", "arp_request"));
  EXPECT_TRUE(matches("ether proto 0x88cc", "lldp"));
  EXPECT_TRUE(matches("ip proto 47", "gre"));
  EXPECT_TRUE(matches("less 60", "arp_request"));
  EXPECT_TRUE(matches("ip[6:2] & 0x1fff != 0", "fragment_later"));
}

TEST(PacketFilter, WithoutTextTakesEverything) {
  EXPECT_TRUE(matches("", "udp"));
  EXPECT_TRUE(matches("  ", "arp_request"));
  EXPECT_TRUE(PacketFilter().matches({}, 0));
  EXPECT_TRUE(PacketFilter::compile("", Medium::kIp)->is_empty());
}

TEST(PacketFilter, KnowsPacketsWithoutAFrame) {
  const auto filter = PacketFilter::compile("icmp6", Medium::kIp);
  ASSERT_TRUE(filter);
  const auto packet = sample("echo6");
  EXPECT_TRUE(filter->matches(Bytes(packet).subspan(14), packet.size() - 14));
  const auto other = sample("udp");
  EXPECT_FALSE(filter->matches(Bytes(other).subspan(14), other.size() - 14));
}

TEST(PacketFilter, DoesNotMatchWhatWasCutOff) {
  const auto filter = PacketFilter::compile("udp port 7", Medium::kEthernet);
  ASSERT_TRUE(filter);
  const auto packet = sample("udp");
  for (std::size_t size = 0; size < 38; ++size) {
    EXPECT_FALSE(filter->matches(Bytes(packet).first(size), packet.size())) << size;
  }
  EXPECT_TRUE(filter->matches(Bytes(packet).first(38), packet.size()));
  // Of the length on the wire it is told.
  const auto longer = PacketFilter::compile("greater 1000", Medium::kEthernet);
  EXPECT_TRUE(longer->matches(packet, 1500));
  EXPECT_FALSE(longer->matches(packet, packet.size()));
}

TEST(PacketFilter, SaysWhatItDoesNotUnderstand) {
  for (const char* text :
       {"tcp prot", "tcp port 80 and", "(udp", "port 99999", "host 10.0.0.300", "tcp[", "1 + "}) {
    const auto filter = PacketFilter::compile(text, Medium::kEthernet);
    ASSERT_FALSE(filter) << text;
    EXPECT_NE(filter.error().text.find(text), std::string::npos) << filter.error().text;
  }
  EXPECT_FALSE(PacketFilter::compile(std::string(2000, 'a'), Medium::kEthernet));
  EXPECT_FALSE(PacketFilter::compile(std::string("udp\0 or tcp", 11), Medium::kEthernet));
}

TEST(PacketFilter, AsksNoServerForAName) {
  for (const char* text : {"host www.example.org", "net example", "host 10.example.org",
                           "host 10.be", "host icmp-host", "host my-host", "host 10-20",
                           "ether host printer", "gateway router", "example"}) {
    const auto filter = PacketFilter::compile(text, Medium::kEthernet, Names::kRefuse);
    ASSERT_FALSE(filter) << text;
    EXPECT_NE(filter.error().hint.find("addresses"), std::string::npos) << text;
  }
  // Who may wait may look up; this one is in no need of a server.
  const auto local = PacketFilter::compile("host localhost", Medium::kEthernet, Names::kLookUp);
  EXPECT_TRUE(local) << local.error().text;
}

TEST(PacketFilter, OfBothMediumsTakesNothingWhereItMakesNoSense) {
  const auto filters = PacketFilters::compile("arp or vlan");
  ASSERT_TRUE(filters);
  const auto arp = sample("arp_request");
  const auto udp = sample("udp");
  EXPECT_TRUE(filters->matches(Medium::kEthernet, arp, arp.size()));
  EXPECT_FALSE(filters->matches(Medium::kEthernet, udp, udp.size()));
  EXPECT_FALSE(filters->matches(Medium::kIp, Bytes(udp).subspan(14), udp.size() - 14));
  EXPECT_TRUE(PacketFilters().matches(Medium::kIp, Bytes(udp).subspan(14), udp.size() - 14));
  EXPECT_FALSE(PacketFilters::compile("arpp"));
}

// Only the optimiser sees that nothing can pass both, and of long texts it would see it too late.
TEST(PacketFilter, OptimisesShortTextsOnly) {
  std::string text = "arp and ip";
  EXPECT_FALSE(PacketFilter::compile(text, Medium::kEthernet));
  while (text.size() <= 128) text += " and ip";
  const auto filter = PacketFilter::compile(text, Medium::kEthernet);
  ASSERT_TRUE(filter);
  const auto packet = sample("udp");
  EXPECT_FALSE(filter->matches(packet, packet.size()));
}

// The longest text that is let in takes no longer than a turn may.
TEST(PacketFilter, CompilesTheLongestTextThatItTakes) {
  std::string text = "udp port 1";
  for (int port = 2; text.size() + 20 < PacketFilter::kTextMax; ++port) {
    text += " or port " + std::to_string(port);
  }
  EXPECT_TRUE(PacketFilter::compile(text, Medium::kEthernet));
}

}  // namespace
}  // namespace strata::service::packet_filter_test

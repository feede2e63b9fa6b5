// SPDX-License-Identifier: Apache-2.0
#include "service/packet_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "strata/rng.h"

namespace strata::service::packet_line_test {
namespace {

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  std::string pair;
  for (const char character : text) {
    if (character == ' ') continue;
    pair += character;
    if (pair.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(pair, nullptr, 16)));
    pair.clear();
  }
  return bytes;
}

std::string line_of(std::string_view hex, Medium medium = Medium::kEthernet) {
  const auto bytes = from_hex(hex);
  return packet_line(medium, bytes, bytes.size());
}

constexpr std::string_view kLink = "020000000002 020000000001 ";

struct Case {
  const char* name;
  std::string hex;
  std::string line;
};

// Each line stands as tcpdump -n writes it, without its time.
const Case kCases[] = {
    {"ARP request",
     std::string(kLink) + "0806 0001 0800 06 04 0001 020000000001 0a4d0001 000000000000 0a4d0002",
     "ARP, Request who-has 10.77.0.2 tell 10.77.0.1, length 28"},
    {"ARP reply",
     std::string(kLink) + "0806 0001 0800 06 04 0002 020000000001 0a4d0001 020000000002 0a4d0002",
     "ARP, Reply 10.77.0.1 is-at 02:00:00:00:00:01, length 28"},
    {"ARP probe",
     std::string(kLink) + "0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 0a4d0002",
     "ARP, Probe 10.77.0.2, length 28"},
    {"echo request",
     std::string(kLink) + "0800 4500 001c 0001 0000 40 01 0000 0a4d0001 0a4d0002"
                          "0800 0000 0007 0003",
     "IP 10.77.0.1 > 10.77.0.2: ICMP echo request, id 7, seq 3, length 8"},
    {"UDP",
     std::string(kLink) + "0800 4500 0021 0001 0000 40 11 0000 0a4d0001 0a4d0002"
                          "04d2 0007 000d 0000 68656c6c6f",
     "IP 10.77.0.1.1234 > 10.77.0.2.7: UDP, length 5"},
    {"TCP SYN",
     std::string(kLink) + "0800 4500 0028 0001 4000 40 06 0000 0a4d0001 0a4d0002"
                          "04d2 0050 00000001 00000000 5002 fff0 0000 0000",
     "IP 10.77.0.1.1234 > 10.77.0.2.80: Flags [S], seq 1, win 65520, length 0"},
    {"later fragment",
     std::string(kLink) + "0800 4500 001c 0001 00b9 40 01 0000 0a4d0001 0a4d0002 0011223344556677",
     "IP 10.77.0.1 > 10.77.0.2: icmp fragment at 1480, length 8"},
    {"time exceeded",
     std::string(kLink) + "0800 4500 0038 0001 0000 40 01 0000 0a4d0001 0a4d0002"
                          "0b00 0000 00000000"
                          "4500 001c 0001 0000 01 11 0000 0a4d0002 c0000201 04d2 829a 0008 0000",
     "IP 10.77.0.1 > 10.77.0.2: ICMP time exceeded in-transit, length 36"},
    {"neighbor solicitation",
     std::string(kLink) + "86dd 60000000 0018 3a ff fe800000000000000000000000000001"
                          "ff0200000000000000000001ff000002"
                          "8700 0000 00000000 fd770000000000000000000000000002",
     "IP6 fe80::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fd77::2, length 24"},
    {"VLAN",
     std::string(kLink) + "8100 6005 0806 0001 0800 06 04 0001 020000000001 0a4d0001"
                          "000000000000 0a4d0002",
     "vlan 5, p 3, ARP, Request who-has 10.77.0.2 tell 10.77.0.1, length 28"},
    {"unknown ethertype", std::string(kLink) + "88cc 0011",
     "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 0x88cc, length 16"},
    {"unknown protocol",
     std::string(kLink) + "0800 4500 0018 0001 0000 40 fd 0000 0a4d0001 0a4d0002 00000000",
     "IP 10.77.0.1 > 10.77.0.2: ip-proto-253 4"},
    {"cut UDP header",
     std::string(kLink) + "0800 4500 001c 0001 0000 40 11 0000 0a4d0001 0a4d0002 04d2",
     "IP 10.77.0.1 > 10.77.0.2: [|udp]"},
    {"cut frame", "0200", "[|ether] length 2"},
};

TEST(PacketLine, SpeaksAsTcpdumpDoes) {
  for (const Case& example : kCases) EXPECT_EQ(line_of(example.hex), example.line) << example.name;
}

TEST(PacketLine, ReadsPacketsWithoutALinkHeader) {
  EXPECT_EQ(
      line_of("4500 001c 0001 0000 40 01 0000 0a4d0001 0a4d0002 0000 0000 0007 0003", Medium::kIp),
      "IP 10.77.0.1 > 10.77.0.2: ICMP echo reply, id 7, seq 3, length 8");
  EXPECT_EQ(packet_line(Medium::kIp, {}, 0), "[|ip]");
}

TEST(PacketLine, EveryPrefixAndEveryFlippedByteHasALine) {
  Rng rng(7);
  for (const Case& example : kCases) {
    const auto bytes = from_hex(example.hex);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      EXPECT_FALSE(packet_line(Medium::kEthernet, Bytes(bytes).first(size), bytes.size()).empty());
    }
    for (int round = 0; round < 200; ++round) {
      auto damaged = bytes;
      damaged[rng.below(damaged.size())] = static_cast<std::byte>(rng.next());
      const std::string line = packet_line(Medium::kEthernet, damaged, damaged.size());
      EXPECT_FALSE(line.empty());
      EXPECT_EQ(line.find('\n'), std::string::npos);
    }
  }
}

// Local time for people, as tcpdump does; UTC for programs.
TEST(PacketLine, TellsTheTimeInMicroseconds) {
  const char* const zone = std::getenv("TZ");
  const std::string before = zone == nullptr ? "" : zone;
  const WallTime at(std::chrono::hours(26) + std::chrono::nanoseconds(1'234'567));
  const std::pair<const char*, const char*> clocks[] = {
      {"UTC0", "02:00:00.001234"}, {"XST-05:30", "07:30:00.001234"}, {"YST+3", "23:00:00.001234"}};
  for (const auto& [name, clock] : clocks) {
    ::setenv("TZ", name, 1);
    ::tzset();
    EXPECT_EQ(clock_text(at), clock);
    EXPECT_EQ(date_text(at), "1970-01-02T02:00:00.001234Z");
  }
  if (zone == nullptr) {
    ::unsetenv("TZ");
  } else {
    ::setenv("TZ", before.c_str(), 1);
  }
  ::tzset();
}

}  // namespace
}  // namespace strata::service::packet_line_test

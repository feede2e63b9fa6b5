// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/counter_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "attach/proc/proc_lab.h"

namespace strata::attach::counter_lines_test {
namespace {

using proc_lab::Lab;
using proc_lab::lines_of;
using testing::HasSubstr;

// As programs read it: names in one line, numbers in the next.
std::map<std::string, std::string> counts_of(const std::string& text) {
  std::map<std::string, std::string> counts;
  const auto lines = lines_of(text);
  EXPECT_EQ(lines.size() % 2, 0U);
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    std::istringstream names(lines[i]);
    std::istringstream numbers(lines[i + 1]);
    std::string group;
    std::string name;
    std::string number;
    names >> group;
    numbers >> name;
    EXPECT_EQ(group, name);
    while (names >> name) {
      EXPECT_TRUE(numbers >> number) << group << name;
      counts[group + name] = number;
    }
    EXPECT_FALSE(numbers >> number);
  }
  return counts;
}

TEST(CounterLines, WhatWasDoneIsCounted) {
  Lab lab;
  const int heard = lab.socket(AF_INET, SOCK_STREAM, 1);
  lab.bind(heard, 7000);
  ASSERT_EQ(lab.calls->listen(heard, 5, lab.now), 0);
  const int near = lab.socket(AF_INET, SOCK_STREAM, 2);
  lab.connect(near, 7000);
  const int one = lab.socket(AF_INET, SOCK_DGRAM, 3);
  lab.connect(one, 9);
  EXPECT_EQ(lab.calls->write(one, "x", 1, lab.now).answer(), 1);
  lab.settle();
  const auto counts = counts_of(counter_lines(lab.facts()));
  EXPECT_EQ(counts.at("Ip:Forwarding"), "2");
  EXPECT_EQ(counts.at("Tcp:ActiveOpens"), "1");
  EXPECT_EQ(counts.at("Tcp:PassiveOpens"), "1");
  EXPECT_EQ(counts.at("Tcp:CurrEstab"), "2");
  EXPECT_EQ(counts.at("Tcp:RtoMin"), "200");
  EXPECT_EQ(counts.at("Udp:OutDatagrams"), "1");
  EXPECT_EQ(counts.at("Udp:NoPorts"), "1");
  EXPECT_EQ(counts.at("Udp:InDatagrams"), "0");
}

// As nstat reads them: groups as in snmp, and a name and a number in each line of snmp6.
TEST(CounterLines, WhatLinuxCountsBesideTheStandardIsTold) {
  Lab lab;
  const int heard = lab.socket(AF_INET, SOCK_STREAM, 1);
  lab.bind(heard, 7000);
  ASSERT_EQ(lab.calls->listen(heard, 1, lab.now), 0);
  for (int i = 0; i < 8; ++i) lab.connect(lab.socket(AF_INET, SOCK_STREAM, 2), 7000);
  const auto counts = counts_of(more_counter_lines(lab.facts()));
  EXPECT_GT(std::stoi(counts.at("TcpExt:ListenDrops")), 0);
  EXPECT_EQ(counts.at("TcpExt:TCPAbortOnMemory"), "0");
  EXPECT_EQ(counts.at("IpExt:InCsumErrors"), "0");
  const auto lines = lines_of(counter_lines_v6(lab.facts()));
  ASSERT_EQ(lines.size(), 8U);
  EXPECT_TRUE(lines[0].starts_with("Ip6InReceives ")) << lines[0];
  for (const std::string& line : lines) EXPECT_EQ(line.find('\t'), 32U) << line;
}

TEST(CounterLines, WhatIsOpenIsCountedByFamily) {
  Lab lab;
  const int heard = lab.socket(AF_INET, SOCK_STREAM, 1);
  lab.bind(heard, 7000);
  ASSERT_EQ(lab.calls->listen(heard, 5, lab.now), 0);
  const int one = lab.socket(AF_INET, SOCK_DGRAM, 2);
  lab.bind(one, 5000);
  const std::string text = total_lines(lab.facts(), AddressFamily::kIpv4);
  EXPECT_THAT(text, HasSubstr("sockets: used 2\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 0\n"
                              "UDP: inuse 1 mem "));
  EXPECT_THAT(total_lines(lab.facts(), AddressFamily::kIpv6),
              HasSubstr("TCP6: inuse 0\nUDP6: inuse 0\n"));
}

TEST(CounterLines, BeforeTheFirstConnectionThereIsNone) {
  Lab lab;
  EXPECT_EQ(counts_of(counter_lines(lab.facts())).at("Tcp:CurrEstab"), "0");
}

}  // namespace
}  // namespace strata::attach::counter_lines_test

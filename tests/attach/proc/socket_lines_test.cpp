// SPDX-License-Identifier: Apache-2.0
// The columns are those that Linux 6.1 and 6.18 print; what stands in them is ours.
#include "attach/proc/socket_lines.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "attach/proc/proc_lab.h"

namespace strata::attach::socket_lines_test {
namespace {

using client::NetFile;
using proc_lab::Lab;
using proc_lab::lines_of;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

std::string uid() { return fmt::format("{:5d}", ::getuid()); }

TEST(SocketLines, AListenerAndItsConnectionAreToldAsByTheKernel) {
  Lab lab;
  const int heard = lab.socket(AF_INET, SOCK_STREAM, 4711);
  lab.bind(heard, 7000);
  ASSERT_EQ(lab.calls->listen(heard, 5, lab.now), 0);
  const int near = lab.socket(AF_INET, SOCK_STREAM, 4712);
  lab.bind(near, 7001);
  lab.connect(near, 7000);
  const auto lines = lines_of(lab.text(NetFile::kTcp));
  ASSERT_THAT(lines, SizeIs(4)) << "the end that nobody has accepted is a line as well";
  for (const std::string& line : lines) EXPECT_EQ(line.size(), 149U) << line;
  EXPECT_THAT(lines[0], StartsWith("  sl  local_address rem_address   st tx_queue rx_queue tr "
                                   "tm->when retrnsmt   uid  timeout inode "));
  EXPECT_THAT(lines[1],
              StartsWith("   0: 0100007F:1B58 00000000:0000 0A 00000000:00000001 00:00000000 "
                         "00000000 " +
                         uid() + "        0 4711 1 0000000000000000 100 0 0 10 0 "));
  const std::string near_line =
      "0100007F:1B59 0100007F:1B58 01 00000000:00000000 00:00000000 00000000 " + uid() +
      "        0 4712 1 0000000000000000 ";
  EXPECT_THAT(lines, testing::Contains(HasSubstr(near_line)));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("0100007F:1B58 0100007F:1B59 01 ")));
}

TEST(SocketLines, SocketsOfBothFamiliesStandWithTheirOwnKind) {
  Lab lab;
  const int heard = lab.socket(AF_INET6, SOCK_STREAM, 4711);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(7000);
  ASSERT_EQ(lab.calls->bind(heard, reinterpret_cast<sockaddr*>(&any), sizeof(any), lab.now), 0);
  ASSERT_EQ(lab.calls->listen(heard, 5, lab.now), 0);
  const int near = lab.socket(AF_INET, SOCK_STREAM, 4712);
  lab.connect(near, 7000);
  const auto far = lab.calls->accept(heard, nullptr, nullptr, SOCK_NONBLOCK, lab.now).answer();
  ASSERT_GE(far, 0);
  lab.own(static_cast<int>(far), 4713);
  const auto lines = lines_of(lab.text(NetFile::kTcp6));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[1], StartsWith("   0: 00000000000000000000000000000000:1B58 "
                                   "00000000000000000000000000000000:0000 0A "));
  EXPECT_THAT(lines[2], StartsWith("   1: 0000000000000000FFFF00000100007F:1B58 "
                                   "0000000000000000FFFF00000100007F:"));
  EXPECT_THAT(lines[2], HasSubstr(" 4713 "));
  EXPECT_THAT(lines_of(lab.text(NetFile::kTcp)), SizeIs(2)) << "the one that connected";
}

TEST(SocketLines, BytesThatNobodyHasReadOrAcknowledgedAreCounted) {
  Lab lab;
  const int heard = lab.socket(AF_INET, SOCK_STREAM, 4711);
  lab.bind(heard, 7000);
  ASSERT_EQ(lab.calls->listen(heard, 5, lab.now), 0);
  const int near = lab.socket(AF_INET, SOCK_STREAM, 4712);
  lab.connect(near, 7000);
  EXPECT_EQ(lab.calls->write(near, "12345", 5, lab.now).answer(), 5);
  lab.settle();
  EXPECT_THAT(lab.text(NetFile::kTcp), HasSubstr(" 01 00000000:00000005 "));
  lab.known[1].inward = 2;
  lab.known[1].outward = 16;
  EXPECT_THAT(lab.text(NetFile::kTcp), HasSubstr(" 01 00000010:00000002 "));
}

TEST(SocketLines, DatagramSocketsAreConnectedOrNot) {
  Lab lab;
  const int one = lab.socket(AF_INET, SOCK_DGRAM, 4711);
  EXPECT_THAT(lines_of(lab.text(NetFile::kUdp)), SizeIs(1)) << "no port, no line";
  lab.bind(one, 5000);
  const int other = lab.socket(AF_INET, SOCK_DGRAM, 4712);
  lab.bind(other, 5001);
  lab.connect(other, 5000);
  EXPECT_EQ(lab.calls->write(other, "123", 3, lab.now).answer(), 3);
  lab.settle();
  const auto lines = lines_of(lab.text(NetFile::kUdp));
  ASSERT_THAT(lines, SizeIs(3));
  for (const std::string& line : lines) EXPECT_EQ(line.size(), 127U) << line;
  EXPECT_THAT(lines[0], StartsWith("   sl  local_address rem_address   st "));
  EXPECT_THAT(lines,
              testing::Contains(HasSubstr(
                  ": 0100007F:1388 00000000:0000 07 00000000:00000003 00:00000000 00000000 " +
                  uid() + "        0 4711 2 0000000000000000 0 ")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr(": 0100007F:1389 0100007F:1388 01 ")));
  EXPECT_THAT(lab.text(NetFile::kUdp6), Not(HasSubstr("1389")));
}

TEST(SocketLines, RawSocketsHaveTheirProtocolForAPort) {
  Lab lab;
  const auto raw = static_cast<int>(lab.calls->socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  ASSERT_GE(raw, 0);
  lab.own(raw, 4711);
  const auto lines = lines_of(lab.text(NetFile::kRaw));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[1], StartsWith("   0: 00000000:0001 00000000:0000 07 "));
  EXPECT_THAT(lines[1], HasSubstr(" 4711 2 "));
}

}  // namespace
}  // namespace strata::attach::socket_lines_test

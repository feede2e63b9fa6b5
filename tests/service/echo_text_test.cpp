// SPDX-License-Identifier: Apache-2.0
#include "service/echo_text.h"

#include <gtest/gtest.h>

#include <array>

namespace strata::service::echo_text_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const EchoOptions kV4{.destination = IpAddress::v4(10, 77, 0, 1)};
const EchoOptions kV6{.destination = IpAddress::v6(0xfd77'0000'0000'0000, 1)};

TEST(EchoText, OpensAsPingDoes) {
  EXPECT_EQ(echo_opening(kV4), "PING 10.77.0.1 (10.77.0.1) 56(84) bytes of data.");
  EXPECT_EQ(echo_opening(kV6), "PING fd77::1 (fd77::1) 56 data bytes");
  EchoOptions named = kV4;
  named.name = "gateway";
  named.from = "10.77.0.2 strata0";
  EXPECT_EQ(echo_opening(named),
            "PING gateway (10.77.0.1) from 10.77.0.2 strata0: 56(84) bytes of data.");
  EXPECT_TRUE(echo_summary(named, {}).starts_with("--- gateway ping statistics ---\n"));
}

TEST(EchoText, ShowsWhatIsWrongWithAnAnswer) {
  std::array<std::byte, 40> payload{};
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(i);
  payload[2] = std::byte{0xab};
  EchoAnswer answer{.sequence_number = 1, .size = 48, .source = kV4.destination, .hop_limit = 64};
  answer.payload = payload;
  answer.wrong_byte = WrongByte{2, std::byte{2}};
  EXPECT_EQ(echo_answer_line(answer),
            "48 bytes from 10.77.0.1: icmp_seq=1 ttl=64 time=0.000 ms\n"
            "wrong data byte #2 should be 0x2 but was 0xab\n"
            "#0\t0 1 ab 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e "
            "1f \n#32\t20 21 22 23 24 25 26 27 ");
  answer.is_truncated = true;
  EXPECT_EQ(echo_answer_line(answer), "48 bytes from 10.77.0.1: icmp_seq=1 ttl=64 (truncated)");
}

TEST(EchoText, ShowsFewerDigitsTheLongerItTook) {
  EchoAnswer answer{.sequence_number = 1, .size = 64, .source = kV4.destination, .hop_limit = 64};
  const std::pair<Duration, const char*> cases[] = {{microseconds(45), "time=0.045 ms"},
                                                    {microseconds(1390), "time=1.39 ms"},
                                                    {microseconds(12'340), "time=12.3 ms"},
                                                    {milliseconds(1004), "time=1004 ms"}};
  for (const auto& [took, text] : cases) {
    answer.round_trip = took;
    EXPECT_EQ(echo_answer_line(answer),
              std::string("64 bytes from 10.77.0.1: icmp_seq=1 ttl=64 ") + text);
  }
  answer.is_duplicate = true;
  EXPECT_TRUE(echo_answer_line(answer).ends_with(" (DUP!)"));
}

TEST(EchoText, SummarisesAsPingDoes) {
  EchoStatistics totals{.sent = 3, .received = 2, .duplicates = 0, .errors = 1};
  totals.elapsed = milliseconds(2003);
  totals.shortest = microseconds(45);
  totals.mean = microseconds(50);
  totals.longest = microseconds(55);
  totals.deviation = microseconds(5);
  EXPECT_EQ(echo_summary(kV4, totals),
            "--- 10.77.0.1 ping statistics ---\n"
            "3 packets transmitted, 2 received, +1 errors, 33.3333% packet loss, time 2003ms\n"
            "rtt min/avg/max/mdev = 0.045/0.050/0.055/0.005 ms\n");
  totals.pipe = 2;
  EXPECT_TRUE(echo_summary(kV4, totals).ends_with("/0.005 ms, pipe 2\n"));
  EchoOptions flood = kV4;
  flood.flood = true;
  totals.smoothed = microseconds(48);
  EXPECT_TRUE(
      echo_summary(flood, totals).ends_with("0.005 ms, pipe 2, ipg/ewma 1001.500/0.048 ms\n"));
  totals.received = 0;
  EXPECT_TRUE(echo_summary(flood, totals).ends_with("time 2003ms\npipe 2\n"));
  totals.pipe = 1;
  // As with ping, there is an empty line when there is nothing to say about times.
  EXPECT_TRUE(echo_summary(kV4, totals).ends_with("100% packet loss, time 2003ms\n\n"));
}

TEST(EchoText, SaysWhatAnErrorMeans) {
  SocketError error{.error = Error::kHostUnreachable,
                    .destination = {kV4.destination, 7},
                    .offender = IpAddress::v4(10, 77, 0, 2)};
  EXPECT_EQ(echo_error_line(error), "From 10.77.0.2 icmp_seq=7 Destination Host Unreachable");
  error.icmp_type = 11;
  EXPECT_EQ(icmp_error_text(error), "Time to live exceeded");
  error.icmp_type = 3;
  error.icmp_code = 13;
  EXPECT_EQ(icmp_error_text(error), "Packet filtered");
  error.destination.address = kV6.destination;
  error.icmp_type = 1;
  error.icmp_code = 4;
  EXPECT_EQ(icmp_error_text(error), "Destination unreachable: Port unreachable");
  error.error = Error::kMessageTooLong;
  error.path_mtu = 1280;
  EXPECT_EQ(icmp_error_text(error), "Packet too big: mtu=1280");
}

TEST(EchoText, TheJsonHasTimesOnlyWhenThereWereAnswers) {
  EXPECT_EQ(echo_json(kV4, {.sent = 1}),
            R"({"destination":"10.77.0.1","sent":1,"received":0,"duplicates":0,"errors":0,)"
            R"("loss_percent":100,"elapsed_ms":0.000})");
  EXPECT_NE(echo_json(kV4, {.sent = 1, .received = 1}).find("rtt_ms"), std::string::npos);
}

}  // namespace
}  // namespace strata::service::echo_text_test

// SPDX-License-Identifier: Apache-2.0
#include "icmp/error_report.h"

#include <gtest/gtest.h>

#include "strata/rng.h"
#include "support/frames.h"

namespace strata::icmp::error_report_test {
namespace {

using namespace support;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 9, 0, 2);
const IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
const IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);

Frame quoted4() { return udp_packet({kOwn, 1000}, {kPeer, 53}, pattern(30)); }
Frame quoted6() { return udp_packet({kOwn6, 1000}, {kPeer6, 53}, pattern(30)); }

std::optional<ErrorReport> read4(std::uint8_t type, std::uint8_t code, const Frame& quote,
                                 std::uint32_t rest = 0) {
  const Frame message = icmp_message(kPeer, kOwn, type, code, big_endian32(rest) + quote);
  const auto view = wire::Icmpv4ErrorView::parse(message.all());
  return view ? read_report(*view) : std::nullopt;
}
std::optional<ErrorReport> read6(std::uint8_t type, std::uint8_t code, const Frame& quote,
                                 std::uint32_t rest = 0) {
  const Frame message = icmp_message(kPeer6, kOwn6, type, code, big_endian32(rest) + quote);
  const auto view = wire::Icmpv6ErrorView::parse(message.all());
  return view ? read_report(*view) : std::nullopt;
}

TEST(ErrorReport, NamesThePacketThatWasSent) {
  for (const auto& report : {read4(3, 3, quoted4()), read6(1, 4, quoted6())}) {
    ASSERT_TRUE(report);
    EXPECT_EQ(report->source_port, 1000);
    EXPECT_EQ(report->destination_port, 53);
    EXPECT_EQ(report->protocol, wire::kIpProtocolUdp);
    EXPECT_EQ(report->error, Error::kPortUnreachable);
    EXPECT_TRUE(report->is_hard);
  }
  EXPECT_EQ(read4(3, 3, quoted4())->quoted_size, quoted4().size());
  EXPECT_EQ(read6(1, 4, quoted6())->quoted_size, quoted6().size());
}

TEST(ErrorReport, AnEchoRequestIsNamedByItsIdentifier) {
  const auto four = read4(3, 1, echo_request(kOwn, kPeer, 77, 1, {}));
  const auto six = read6(1, 3, echo_request(kOwn6, kPeer6, 78, 1, {}));
  ASSERT_TRUE(four && six);
  EXPECT_EQ(four->source_port, 77);
  EXPECT_EQ(six->source_port, 78);
}

struct Meaning {
  std::uint8_t type;
  std::uint8_t code;
  Error error;
  bool is_hard;
};

TEST(ErrorReport, SaysWhatCodesOfIcmpv4Mean) {
  // RFC 1122 4.2.3.9: which are hard.
  for (const Meaning& meaning :
       {Meaning{3, 0, Error::kNetworkUnreachable, false},
        Meaning{3, 1, Error::kHostUnreachable, false}, Meaning{3, 2, Error::kNotSupported, true},
        Meaning{3, 3, Error::kPortUnreachable, true}, Meaning{3, 4, Error::kMessageTooLong, false},
        Meaning{3, 5, Error::kHostUnreachable, false},
        Meaning{3, 6, Error::kNetworkUnreachable, false},
        Meaning{3, 13, Error::kHostUnreachable, false},
        Meaning{11, 0, Error::kHostUnreachable, false},
        Meaning{12, 0, Error::kNotSupported, true}}) {
    const auto report = read4(meaning.type, meaning.code, quoted4());
    ASSERT_TRUE(report);
    EXPECT_EQ(report->error, meaning.error) << int{meaning.type} << '/' << int{meaning.code};
    EXPECT_EQ(report->is_hard, meaning.is_hard) << int{meaning.type} << '/' << int{meaning.code};
  }
}

TEST(ErrorReport, SaysWhatCodesOfIcmpv6Mean) {
  for (const Meaning& meaning :
       {Meaning{1, 0, Error::kNetworkUnreachable, false},
        Meaning{1, 1, Error::kNotPermitted, false}, Meaning{1, 3, Error::kHostUnreachable, false},
        Meaning{1, 4, Error::kPortUnreachable, true}, Meaning{1, 5, Error::kNotPermitted, false},
        Meaning{2, 0, Error::kMessageTooLong, false}, Meaning{3, 0, Error::kHostUnreachable, false},
        Meaning{4, 0, Error::kNotSupported, false}, Meaning{4, 1, Error::kNotSupported, true}}) {
    const auto report = read6(meaning.type, meaning.code, quoted6(), 1280);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->error, meaning.error) << int{meaning.type} << '/' << int{meaning.code};
    EXPECT_EQ(report->is_hard, meaning.is_hard) << int{meaning.type} << '/' << int{meaning.code};
  }
}

// RFC 8201 4 MUST: a Packet Too Big that tells less than 1280 is discarded.
TEST(ErrorReport, DiscardsWhatNoIpv6LinkMaySay) {
  EXPECT_FALSE(read6(2, 0, quoted6(), 1279));
  EXPECT_FALSE(read6(2, 0, quoted6(), 0));
  EXPECT_TRUE(read6(1, 0, quoted6(), 0));
}

TEST(ErrorReport, TellsTheMtuOfTheNextHop) {
  EXPECT_EQ(read4(3, 4, quoted4(), 1400)->mtu, 1400U);
  EXPECT_EQ(read4(3, 4, quoted4(), 0)->mtu, 0U);
  EXPECT_EQ(read6(2, 0, quoted6(), 1300)->mtu, 1300U);
  EXPECT_EQ(read6(2, 0, quoted6(), 1280)->mtu, 1280U);
  EXPECT_FALSE(read4(3, 1, quoted4(), 1400)->mtu);
}

// RFC 5927 4.1: what does not name its packet surely must not be believed.
TEST(ErrorReport, AQuoteThatNamesNobodyIsNothing) {
  Frame quote = quoted4();
  quote.resize(27);
  EXPECT_FALSE(read4(3, 3, quote));
  quote.resize(19);
  EXPECT_FALSE(read4(3, 3, quote));
  EXPECT_FALSE(read4(
      3, 3,
      ipv4_packet({.fragment_offset = 8, .source = kOwn, .destination = kPeer}, pattern(30))));
  EXPECT_FALSE(read6(1, 4, quoted4()));
  Frame quote6 = quoted6();
  quote6.resize(47);
  EXPECT_FALSE(read6(1, 4, quote6));
  EXPECT_FALSE(read6(1, 4,
                     ipv6_packet({.next_header = wire::kIpProtocolUdp,
                                  .source = IpAddress::v4(1, 2, 3, 4),
                                  .destination = kPeer6},
                                 pattern(30))));
}

TEST(ErrorReport, AnyBytesAreReadSafely) {
  Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    Frame quote = i % 2 == 0 ? quoted4() : quoted6();
    for (int change = 0; change < 3; ++change) {
      quote[rng.below(quote.size())] = static_cast<std::byte>(rng.next());
    }
    quote.resize(rng.below(quote.size() + 1));
    for (const auto& report : {read4(3, 3, quote), read6(1, 4, quote)}) {
      EXPECT_TRUE(!report || quote.size() >= 28U);
    }
  }
}

}  // namespace
}  // namespace strata::icmp::error_report_test

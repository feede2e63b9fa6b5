// SPDX-License-Identifier: Apache-2.0
#include "service/serve/udp_services.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "service/lab.h"
#include "service/serve/texts.h"

namespace strata::service::udp_services_test {
namespace {

class UdpServicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = UdpServices::open(lab.ours->stack(), lab.ours->loop(),
                                    {{Service::kEcho, 7},
                                     {Service::kDiscard, 9},
                                     {Service::kDaytime, 13},
                                     {Service::kChargen, 19}});
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    services = std::move(*opened);
  }
  // What comes back, or nothing.
  std::optional<std::string> ask(const char* address, std::uint16_t port, std::string_view text,
                                 std::uint16_t from = 0) {
    auto socket = UdpSocket::open(lab.theirs->stack());
    EXPECT_TRUE(socket.has_value());
    if (from != 0) {
      EXPECT_TRUE(socket->bind({IpAddress::any_v6(), from}).has_value());
    }
    EXPECT_TRUE(socket
                    ->send_to(std::as_bytes(std::span(text)), {*IpAddress::parse(address), port},
                              lab.loop->now())
                    .has_value());
    lab.run_for(std::chrono::milliseconds(20));
    std::array<std::byte, 2048> buffer;
    const auto got = socket->receive(buffer);
    if (!got) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(buffer.data()), got->size);
  }

  Lab lab;
  std::unique_ptr<UdpServices> services;
};

TEST_F(UdpServicesTest, EchoAnswersWithWhatItGotInBothFamilies) {
  EXPECT_EQ(ask("10.77.0.2", 7, "hello"), "hello");
  EXPECT_EQ(ask("fd77::2", 7, "hello"), "hello");
  EXPECT_EQ(ask("10.77.0.2", 7, ""), "");
}

TEST_F(UdpServicesTest, DiscardAnswersNothing) {
  EXPECT_EQ(ask("10.77.0.2", 9, "hello"), std::nullopt);
}

TEST_F(UdpServicesTest, DaytimeAnswersOneLine) {
  const auto text = ask("10.77.0.2", 13, "?");
  ASSERT_TRUE(text.has_value());
  EXPECT_TRUE(text->ends_with("-UTC\r\n")) << *text;
}

TEST_F(UdpServicesTest, ChargenAnswersWithWholeLinesOfAtMost512Bytes) {
  for (int i = 0; i < 20; ++i) {
    const auto text = ask("10.77.0.2", 19, "?");
    ASSERT_TRUE(text.has_value());
    EXPECT_LE(text->size(), 512U);
    EXPECT_EQ(text->size() % 74, 0U);
  }
}

TEST_F(UdpServicesTest, NoServiceAnswersAnother) {
  EXPECT_EQ(ask("10.77.0.2", 7, "loop", 19), std::nullopt);
  EXPECT_EQ(ask("10.77.0.2", 19, "loop", 7), std::nullopt);
}

TEST_F(UdpServicesTest, SaysWhichPortIsTaken) {
  const auto second = UdpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7}});
  ASSERT_FALSE(second.has_value());
  EXPECT_TRUE(second.error().text.starts_with("cannot serve echo on UDP port 7: "));
}

TEST(UdpServices, ChargenRotatesItsPattern) {
  EXPECT_EQ(chargen_line(0).substr(0, 5), " !\"#$");
  EXPECT_EQ(chargen_line(1).substr(0, 5), "!\"#$%");
  EXPECT_EQ(chargen_line(95), chargen_line(0));
  EXPECT_EQ(chargen_line(94)[0], '~');
  EXPECT_EQ(chargen_line(94)[1], ' ');
}

}  // namespace
}  // namespace strata::service::udp_services_test

// SPDX-License-Identifier: Apache-2.0
#include "service/serve/byte_session.h"

#include <gtest/gtest.h>

#include <string>

#include "service/client.h"
#include "service/serve/tcp_services.h"
#include "service/serve/texts.h"

namespace strata::service::byte_session_test {
namespace {

class ByteSessionTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = TcpServices::open(lab.ours->stack(), lab.ours->loop(),
                                    {{Service::kEcho, 7},
                                     {Service::kDiscard, 9},
                                     {Service::kDaytime, 13},
                                     {Service::kChargen, 19}});
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    services = std::move(*opened);
  }

  Lab lab;
  std::unique_ptr<TcpServices> services;
};

TEST_F(ByteSessionTest, EchoAnswersInBothFamilies) {
  for (const char* address : {"10.77.0.2", "fd77::2"}) {
    Client client(lab, 7, address);
    EXPECT_EQ(client.ask("hello"), "hello") << address;
    EXPECT_EQ(client.ask("again"), "again") << address;
  }
}

TEST_F(ByteSessionTest, EchoReturnsEverythingBeforeItEnds) {
  Client client(lab, 7);
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i) + ' ';
  const std::size_t sent = client.send(text);
  client.end();
  EXPECT_EQ(client.receive(), text.substr(0, sent));
  EXPECT_EQ(client.state(), Error::kClosed);
  EXPECT_EQ(services->sessions(), 0U);
}

// Who sends and never reads is stopped by windows, and nothing of it is lost.
TEST_F(ByteSessionTest, EchoHoldsBackASenderThatDoesNotRead) {
  Client client(lab, 7, "10.77.0.2", {.send_buffer = 1U << 16U, .receive_buffer = 1U << 16U});
  const std::string block(60'000, 'x');
  std::size_t sent = 0;
  std::size_t refused = 0;
  for (int i = 0; i < 2000 && refused < 20; ++i) {
    const std::size_t count = client.send(block);
    sent += count;
    refused = count == 0 ? refused + 1 : 0;
  }
  EXPECT_EQ(refused, 20U) << "it took everything";
  client.end();
  EXPECT_EQ(client.receive().size(), sent);
  EXPECT_EQ(client.state(), Error::kClosed);
}

TEST_F(ByteSessionTest, DiscardAnswersNothingAndEndsWithItsPeer) {
  Client client(lab, 9);
  EXPECT_EQ(client.ask(std::string(100'000, 'x').substr(0, 60'000)), "");
  EXPECT_EQ(client.state(), Error::kWouldBlock);
  client.end();
  EXPECT_EQ(client.state(), Error::kClosed);
  EXPECT_EQ(services->sessions(), 0U);
}

TEST_F(ByteSessionTest, DaytimeIsOneLineAndTheEnd) {
  Client client(lab, 13);
  const std::string text = client.receive();
  EXPECT_TRUE(text.ends_with("-UTC\r\n")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(client.state(), Error::kClosed);
  EXPECT_EQ(services->sessions(), 1U) << "it waits for its peer's end";
  client.end();
  EXPECT_EQ(services->sessions(), 0U);
}

// Text that nobody reads must not turn the end into a reset.
TEST_F(ByteSessionTest, DaytimeThrowsAwayWhatItIsTold) {
  Client client(lab, 13);
  client.send("what time is it?");
  EXPECT_TRUE(client.receive().ends_with("-UTC\r\n"));
  client.end();
  EXPECT_EQ(client.state(), Error::kClosed);
  EXPECT_EQ(services->sessions(), 0U);
}

TEST_F(ByteSessionTest, ChargenSendsLinesUntilItsPeerEnds) {
  Client client(lab, 19);
  const std::string text = client.receive(1'000'000);
  ASSERT_GE(text.size(), 1'000'000U);
  for (std::size_t line = 0; (line + 1) * 74 <= text.size(); ++line) {
    ASSERT_EQ(text.substr(line * 74, 74), chargen_line(line)) << line;
  }
  client.stream.abort(lab_now);
  lab.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(services->sessions(), 0U);
}

// What is not read is not made: windows fill, and the session rests.
TEST_F(ByteSessionTest, ChargenWaitsForASlowReader) {
  Client client(lab, 19, "10.77.0.2", {.receive_buffer = 1U << 14U});
  lab.run_for(std::chrono::milliseconds(500));
  const auto info = client.stream.info(lab_now);
  ASSERT_TRUE(info.has_value());
  const auto received = info->bytes_received;
  EXPECT_LE(received, 1U << 17U);
  lab.run_for(std::chrono::milliseconds(500));
  EXPECT_LE(client.stream.info(lab_now)->bytes_received, received + 100);
  EXPECT_EQ(client.receive(200'000).substr(0, 74), chargen_line(0));
}

}  // namespace
}  // namespace strata::service::byte_session_test

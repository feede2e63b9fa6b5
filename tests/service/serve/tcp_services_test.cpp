// SPDX-License-Identifier: Apache-2.0
#include "service/serve/tcp_services.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "service/client.h"

namespace strata::service::tcp_services_test {
namespace {

TEST(TcpServices, ServeManyAtATimeAndForgetThem) {
  Lab lab;
  auto services = TcpServices::open(lab.ours->stack(), lab.ours->loop(),
                                    {{Service::kEcho, 7}, {Service::kDaytime, 13}});
  ASSERT_TRUE(services.has_value());
  std::deque<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(lab, 7);
  EXPECT_EQ((*services)->sessions(), 20U);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string text = "client " + std::to_string(i);
    EXPECT_EQ(clients[i].ask(text), text);
  }
  clients.clear();
  lab.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ((*services)->sessions(), 0U);
}

TEST(TcpServices, ForgetPeersThatReset) {
  Lab lab;
  auto services = TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7}});
  ASSERT_TRUE(services.has_value());
  Client client(lab, 7);
  ASSERT_EQ((*services)->sessions(), 1U);
  client.stream.abort(lab_now);
  lab.run_for(std::chrono::milliseconds(10));
  EXPECT_EQ((*services)->sessions(), 0U);
}

TEST(TcpServices, SayWhatTheyCannotServe) {
  Lab lab;
  auto services = TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7}});
  ASSERT_TRUE(services.has_value());
  const auto taken =
      TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 7}});
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().text.find("discard on TCP port 7"), std::string::npos)
      << taken.error().text;
}

// What one of several cannot open leaves no other behind.
TEST(TcpServices, OpenAllOrNone) {
  Lab lab;
  const auto half = TcpServices::open(lab.ours->stack(), lab.ours->loop(),
                                      {{Service::kEcho, 7}, {Service::kDiscard, 7}});
  ASSERT_FALSE(half.has_value());
  EXPECT_TRUE(
      TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7}}).has_value());
}

// RFC 7413: text that comes with the SYN is answered like any other.
TEST(TcpServices, AnswerWhatCameWithTheSyn) {
  Lab lab;
  auto services = TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7}});
  ASSERT_TRUE(services.has_value());
  const Endpoint to{*IpAddress::parse("10.77.0.2"), 7};
  {
    Client first(lab, 7, "10.77.0.2", {.fast_open = true});
  }  // is given a cookie
  lab.run_for(std::chrono::milliseconds(20));
  const std::string_view text = "at once";
  auto stream = TcpStream::connect(
      lab.theirs->stack(), to,
      {.options = {.fast_open = true}, .fast_open_data = std::as_bytes(std::span(text))}, lab_now);
  ASSERT_TRUE(stream.has_value());
  lab.run_for(std::chrono::milliseconds(20));
  std::array<std::byte, 100> buffer;
  EXPECT_EQ(stream->read(buffer, lab_now).value_or(0), text.size());
  EXPECT_TRUE(stream->info(lab_now)->has_fast_open_data);
}

// Further ones, and there may be many, wait in the listener's queue until others have ended.
TEST(TcpServices, HoldABoundedNumberOfSessions) {
  constexpr std::size_t kSessionsMax = 8192;
  constexpr std::size_t kWaiting = 300;
  Lab lab;
  auto services = TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9}});
  ASSERT_TRUE(services.has_value());
  const Endpoint to{*IpAddress::parse("10.77.0.2"), 9};
  std::deque<TcpStream> streams;
  while (streams.size() < kSessionsMax + kWaiting) {
    for (int i = 0; i < 50 && streams.size() < kSessionsMax + kWaiting; ++i) {
      auto stream = TcpStream::connect(lab.theirs->stack(), to, {}, lab_now);
      ASSERT_TRUE(stream.has_value());
      streams.push_back(std::move(*stream));
    }
    lab.run_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ((*services)->sessions(), kSessionsMax);
  for (std::size_t ended = 0; ended < kWaiting; ended += 50) {
    for (int i = 0; i < 50; ++i) streams.pop_front();
    lab.run_for(std::chrono::milliseconds(10));
    EXPECT_EQ((*services)->sessions(), kSessionsMax) << "those that waited have come in";
  }
  for (int i = 0; i < 16; ++i) streams.pop_front();
  lab.run_for(std::chrono::milliseconds(10));
  EXPECT_EQ((*services)->sessions(), kSessionsMax - 16);
}

}  // namespace
}  // namespace strata::service::tcp_services_test

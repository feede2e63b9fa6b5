// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/live_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/web/web_services.h"

namespace strata::service::live_session_test {
namespace {

using nlohmann::json;
using testing::StartsWith;

constexpr std::string_view kUpgrade =
    "GET /api/live HTTP/1.1\r\nHost: 10.77.0.2\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// RFC 6455 5.2: a frame of a client, masked with zeros.
std::string frame(std::string_view text, unsigned opcode = 1) {
  std::string bytes(1, static_cast<char>(0x80U | opcode));
  if (text.size() < 126) {
    bytes += static_cast<char>(0x80U | text.size());
  } else {
    bytes += static_cast<char>(0xfe);
    bytes += static_cast<char>(text.size() >> 8U);
    bytes += static_cast<char>(text.size() & 0xffU);
  }
  return bytes + std::string(4, '\0') + std::string(text);
}

// The payloads of all text frames in these bytes.
std::vector<json> messages_in(std::string_view bytes) {
  std::vector<json> messages;
  while (bytes.size() >= 2) {
    const unsigned opcode = static_cast<unsigned char>(bytes[0]) & 15U;
    std::size_t size = static_cast<unsigned char>(bytes[1]) & 127U;
    std::size_t head = 2;
    const std::size_t wide = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (wide != 0) {
      size = 0;
      for (std::size_t i = 0; i < wide; ++i) {
        size = size << 8U | static_cast<unsigned char>(bytes[head + i]);
      }
      head += wide;
    }
    if (opcode == 1) messages.push_back(json::parse(bytes.substr(head, size)));
    bytes.remove_prefix(std::min(head + size, bytes.size()));
  }
  return messages;
}

class LiveSessionTest : public testing::Test {
 protected:
  LiveSessionTest() {
    web = *WebServices::open(
        {.cores = {lab.ours.get()}, .watched = {lab.ours.get(), lab.theirs.get()}, .version = "1"},
        {.serve = {}});
  }
  void open(Client& client) {
    const std::string answer = client.ask(kUpgrade);
    ASSERT_THAT(answer, StartsWith("HTTP/1.1 101 "));
    EXPECT_THAT(answer, testing::HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  }

  Lab lab;
  std::unique_ptr<WebServices> web;
};

TEST_F(LiveSessionTest, TellsItsStatusAsOftenAsIsWished) {
  Client client(lab, 80);
  open(client);
  client.send(frame(R"({"watch":"status","every_ms":100,"parts":"memory"})"));
  lab.run_for(std::chrono::milliseconds(450));
  const auto told = messages_in(client.receive());
  ASSERT_GE(told.size(), 4U);
  EXPECT_LE(told.size(), 8U);
  for (const json& one : told) {
    EXPECT_EQ(one["type"], "status");
    EXPECT_TRUE(one["stacks"][0].contains("memory"));
  }
  client.send(frame(R"({"unwatch":"status"})"));
  (void)client.receive();
  lab.run_for(std::chrono::milliseconds(500));
  EXPECT_TRUE(messages_in(client.receive()).empty());
}

TEST_F(LiveSessionTest, ShowsPacketsAndConnections) {
  Client client(lab, 80);
  open(client);
  client.send(frame(R"({"watch":"packets"})"));
  const Client other(lab, 80);
  lab.run_for(std::chrono::milliseconds(300));
  const auto packets = messages_in(client.receive());
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(packets[0]["type"], "packets");
  client.send(frame(R"({"unwatch":"packets"})"));
  (void)client.receive();
  client.send(frame(R"({"watch":"connections","filter":":80","sort":"-age"})"));
  const auto lists = messages_in(client.receive());
  ASSERT_FALSE(lists.empty());
  EXPECT_EQ(lists[0]["matched"], 2) << "itself and the other";
  client.send(frame(R"({"unwatch":"connections"})"));
  const std::string id = lists[0]["connections"][0]["id"];
  client.send(frame(R"({"watch":"connection","id":")" + id + "\"}"));
  lab.run_for(std::chrono::milliseconds(450));
  bool has_info = false;
  bool has_segments = false;
  for (const json& one : messages_in(client.receive())) {
    has_info = has_info || (one["type"] == "connection" && one["info"]["id"] == id);
    has_segments = has_segments || (one["type"] == "segments" && !one["segments"].empty());
  }
  EXPECT_TRUE(has_info && has_segments);
}

TEST_F(LiveSessionTest, TellsOfTheStackThatIsNamed) {
  Client client(lab, 80);
  open(client);
  const auto first = [&](std::string_view wish) {
    client.send(frame(wish));
    const auto told = messages_in(client.receive());
    return told.empty() ? json() : told[0];
  };
  const json ours = first(R"({"watch":"connections"})");
  ASSERT_EQ(ours["connections"].size(), 1U);
  const json theirs = first(R"({"watch":"connections","stack":1})");
  ASSERT_EQ(theirs["connections"].size(), 1U);
  EXPECT_EQ(theirs["connections"][0]["remote"], ours["connections"][0]["local"]);
  EXPECT_EQ(first(R"({"watch":"connections","stack":2})")["error"], "there is no such stack");
  EXPECT_EQ(first(R"({"watch":"packets","stack":1})")["type"], "error");
  const std::string id = theirs["connections"][0]["id"];
  client.send(frame(R"({"watch":"connection","stack":1,"id":")" + id + "\"}"));
  lab.run_for(std::chrono::milliseconds(450));
  const auto told = messages_in(client.receive());
  ASSERT_FALSE(told.empty());
  for (const json& one : told) {
    EXPECT_EQ(one["type"], "connection") << "no segments of the first stack's connections";
    EXPECT_EQ(one["info"]["remote"], theirs["connections"][0]["remote"]);
  }
}

TEST_F(LiveSessionTest, HasOneQuestionOfASubjectHoweverOftenItWishesAnew) {
  Client client(lab, 80), other(lab, 80);
  open(client);
  constexpr std::array kParts = {"addresses", "routes", "neighbors", "leases",
                                 "drops",     "memory", "timers"};
  std::string wishes;
  for (unsigned which = 1; which < 1U << kParts.size(); ++which) {
    std::string parts = "interfaces";
    for (std::size_t i = 0; i < kParts.size(); ++i) {
      if ((which >> i & 1U) != 0) parts += std::string(",") + kParts[i];
    }
    wishes += frame(R"({"watch":"status","parts":")" + parts + "\"}");
  }
  ASSERT_EQ(client.stream.write(std::as_bytes(std::span(wishes)), lab_now).value_or(0),
            wishes.size());
  lab.settle();
  EXPECT_THAT(other.ask("GET /metrics HTTP/1.1\r\nHost: 10.77.0.2\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(LiveSessionTest, AnswersNonsenseInWords) {
  Client client(lab, 80);
  open(client);
  for (const char* const wrong : {"", "{", R"({"watch":"x"})"}) {
    const auto told = messages_in(client.ask(frame(wrong)));
    ASSERT_EQ(told.size(), 1U) << wrong;
    EXPECT_EQ(told[0]["type"], "error") << wrong;
  }
  EXPECT_EQ(web->connections(), 1U);
}

TEST_F(LiveSessionTest, EndsWithItsPeer) {
  {
    Client client(lab, 80);
    open(client);
    client.send(frame(R"({"watch":"status"})"));
    client.stream.abort(lab_now);
  }
  lab.run_for(std::chrono::milliseconds(100));
  EXPECT_EQ(web->connections(), 0U);
  Client polite(lab, 80);
  open(polite);
  EXPECT_EQ(polite.ask(frame("\x03\xe8", 8)), std::string("\x88\x02\x03\xe8", 4));
  EXPECT_EQ(polite.state(), Error::kClosed);
  EXPECT_EQ(web->connections(), 0U);
}

TEST_F(LiveSessionTest, GivesUpAPeerThatAnswersNoPing) {
  Client client(lab, 80);
  open(client);
  lab.run_for(std::chrono::seconds(85));
  EXPECT_EQ(web->connections(), 0U);
}

TEST_F(LiveSessionTest, PingsOnceAtATimeWhileAPeerReadsNothing) {
  Client client(lab, 80, "10.77.0.2", {.receive_buffer = 4096});
  open(client);
  client.send(frame(R"({"watch":"status","every_ms":100})"));
  lab.run_for(std::chrono::seconds(65));
  EXPECT_EQ(web->connections(), 1U);
  lab.run_for(std::chrono::seconds(20));
  EXPECT_EQ(web->connections(), 0U);
}

TEST_F(LiveSessionTest, GivesUpAPeerThatTalksAndTakesNothing) {
  Client client(lab, 80, "10.77.0.2", {.receive_buffer = 4096});
  open(client);
  client.send(frame(R"({"watch":"status","every_ms":100})"));
  constexpr unsigned kPong = 10;
  for (int pongs = 0; pongs < 11; ++pongs) {
    lab.run_for(std::chrono::seconds(10));
    client.send(frame("", kPong));
  }
  EXPECT_EQ(web->connections(), 0U);
}

TEST_F(LiveSessionTest, EndsForWhoSaysTooMuch) {
  Client client(lab, 80);
  open(client);
  std::string many;
  for (int i = 0; i <= WebSocket::kMessagesMax; ++i) many += frame("x");
  client.send(many);
  lab.run_for(std::chrono::seconds(6));
  EXPECT_EQ(client.state(), Error::kClosed);
  Client other(lab, 80);
  open(other);
  other.send(frame(std::string(WebSocket::kMessageMax + 1, 'x')));
  EXPECT_EQ(other.state(), Error::kClosed);
}

TEST_F(LiveSessionTest, OutlivesNothingItLeansOn) {
  Client client(lab, 80);
  open(client);
  client.send(frame(R"({"watch":"packets"})"));
  client.send(frame(R"({"watch":"status","every_ms":100})"));
  web.reset();
  lab.run_for(std::chrono::milliseconds(300));
  EXPECT_NE(client.state(), Error::kWouldBlock);
}

}  // namespace
}  // namespace strata::service::live_session_test

// SPDX-License-Identifier: Apache-2.0
#include "service/web/face_pages.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/serve/tcp_services.h"

namespace strata::service::face_pages_test {
namespace {

using nlohmann::json;

class FacePagesTest : public testing::Test {
 protected:
  FacePagesTest() : cores({lab.ours.get()}, nullptr), pages(cores) {}
  json ask(const FaceQuery& query) {
    std::optional<FaceAnswer> answer;
    pages.ask(query, [&](FaceAnswer told) { answer = std::move(told); });
    for (int turns = 0; !answer && turns < 1000; ++turns) lab.settle();
    EXPECT_TRUE(answer && answer->status == 200);
    return json::parse(answer.value_or(FaceAnswer{}).text, nullptr, false);
  }

  Lab lab;
  StackCores cores;
  FacePages pages;
};

TEST_F(FacePagesTest, OneIsPutTogetherAfterTheOther) {
  auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  // More than one slice, so that a walk takes a turn.
  constexpr std::size_t kMany = ConnectionWalk::kSliceConnections + 50;
  std::deque<TcpStream> streams;
  while (streams.size() < kMany) {
    for (int i = 0; i < 50; ++i) {
      auto stream =
          TcpStream::connect(lab.theirs->stack(), {*IpAddress::parse("10.77.0.2"), 9}, {}, lab_now);
      ASSERT_TRUE(stream.has_value());
      streams.push_back(std::move(*stream));
    }
    lab.run_for(std::chrono::milliseconds(2));
  }
  int answers = 0;
  int refusals = 0;
  for (std::size_t i = 0; i < FacePages::kWaitingMax + 3; ++i) {
    pages.ask({.kind = FaceQuery::Kind::kConnections,
               .connections = {.offset = 1, .limit = 3, .order = ConnectionOrder::kAge}},
              [&](const FaceAnswer& told) {
                if (told.status != 200) {
                  ++refusals;
                  return;
                }
                ++answers;
                EXPECT_EQ(json::parse(told.text)["connections"].size(), 3U);
                EXPECT_EQ(json::parse(told.text)["total"], streams.size());
              });
  }
  lab.run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(refusals, 3) << "so many do not wait";
  EXPECT_EQ(answers + refusals, static_cast<int>(FacePages::kWaitingMax + 3));
}

TEST_F(FacePagesTest, PagesOfConnectionsAreTheWholeInPieces) {
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  std::deque<Client> clients;
  for (std::size_t i = 0; i < 20; ++i) {
    clients.emplace_back(lab, 9);
    clients.back().send(std::string(i * 7 % 20 + 1, 'x'));
  }
  std::vector<int> received;
  for (std::size_t offset = 0; offset < 25; offset += 8) {
    const json page = ask({.kind = FaceQuery::Kind::kConnections,
                           .connections = {.offset = offset,
                                           .limit = 8,
                                           .order = ConnectionOrder::kReceived,
                                           .is_descending = true}});
    EXPECT_EQ(page["total"], 20);
    EXPECT_EQ(page["matched"], 20);
    for (const json& one : page["connections"]) {
      received.push_back(one["bytes_received"].get<int>());
    }
  }
  ASSERT_EQ(received.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(received[static_cast<std::size_t>(i)], 20 - i);
}

TEST_F(FacePagesTest, ListsSockets) {
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  const Client client(lab, 9);
  const FaceQuery query{.kind = FaceQuery::Kind::kList,
                        .list = SnapshotPart::kSockets,
                        .window = {.offset = 1, .limit = 1}};
  const json page = ask(query);
  EXPECT_GE(page["total"], 2);
  ASSERT_EQ(page["sockets"].size(), 1U);
  EXPECT_EQ(page["sockets"][0], snapshot(*lab.ours)["sockets"][1]);
}

}  // namespace
}  // namespace strata::service::face_pages_test

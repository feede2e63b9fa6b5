// SPDX-License-Identifier: Apache-2.0
#include "service/web/face.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "strata/udp_socket.h"

namespace strata::service::face_test {
namespace {

using nlohmann::json;

class FaceTest : public testing::Test {
 protected:
  FaceTest() : face({lab.ours.get(), lab.theirs.get()}, nullptr, "9.9") {}
  FaceAnswer ask(const FaceQuery& query) {
    std::optional<FaceAnswer> answer;
    face.ask(*lab.loop, query, [&](FaceAnswer told) { answer = std::move(told); });
    for (int ms = 0; !answer && ms < 1000; ++ms) lab.run_for(std::chrono::milliseconds(1));
    return answer.value_or(FaceAnswer{});
  }
  json told(const FaceQuery& query) {
    const FaceAnswer answer = ask(query);
    EXPECT_EQ(answer.status, 200U) << answer.text;
    return json::parse(answer.text);
  }

  Lab lab;
  Face face;
};

TEST_F(FaceTest, TellsWhatTheControlSocketTells) {
  SnapshotParts parts;
  parts.add(SnapshotPart::kAddresses);
  const json status = told({.parts = parts});
  EXPECT_EQ(status["version"], "9.9");
  ASSERT_EQ(status["stacks"].size(), 2U);
  EXPECT_EQ(status["stacks"][0]["addresses"], snapshot(*lab.ours)["addresses"]);
  EXPECT_FALSE(status["stacks"][0].contains("routes"));
}

TEST_F(FaceTest, ListsAPageWithItsTotal) {
  const json all = told({.kind = FaceQuery::Kind::kList, .list = SnapshotPart::kRoutes});
  ASSERT_GE(all["total"], 2);
  EXPECT_EQ(all["routes"].size(), all["total"]);
  const json page = told({.kind = FaceQuery::Kind::kList,
                          .list = SnapshotPart::kRoutes,
                          .window = {.offset = 1, .limit = 1}});
  EXPECT_EQ(page["total"], all["total"]);
  ASSERT_EQ(page["routes"].size(), 1U);
  EXPECT_EQ(page["routes"][0], all["routes"][1]);
  const json behind = told({.kind = FaceQuery::Kind::kList,
                            .list = SnapshotPart::kRoutes,
                            .window = {.offset = 99, .limit = 1}});
  EXPECT_TRUE(behind["routes"].empty());
  EXPECT_EQ(behind["total"], all["total"]);
}

TEST_F(FaceTest, CutsTheListsOfAStatus) {
  std::vector<UdpSocket> sockets;
  for (std::size_t i = 0; i < Face::kStatusListed + 5; ++i) {
    sockets.push_back(*UdpSocket::open(lab.ours->stack()));
    ASSERT_TRUE(sockets.back().bind({IpAddress::any_v6(), 0}).has_value());
  }
  SnapshotParts parts;
  parts.add(SnapshotPart::kSockets);
  const json stack = told({.parts = parts})["stacks"][0];
  EXPECT_EQ(stack["sockets"].size(), Face::kStatusListed);
  EXPECT_GE(stack["sockets_total"], sockets.size());
  const json list = told({.kind = FaceQuery::Kind::kList,
                          .list = SnapshotPart::kSockets,
                          .window = {.offset = 0, .limit = 1000}});
  EXPECT_EQ(list["total"], stack["sockets_total"]);
  EXPECT_EQ(list["sockets"].size(), list["total"]);
}

TEST_F(FaceTest, KnowsWhatIsNotThere) {
  EXPECT_EQ(ask({.stack = 2}).status, 404U);
  EXPECT_EQ(ask({.kind = FaceQuery::Kind::kConnection, .id = {0, {7, 7}}}).status, 404U);
  EXPECT_EQ(ask({.kind = FaceQuery::Kind::kConnection, .id = {3, {7, 7}}}).status, 404U);
}

TEST_F(FaceTest, AnswersAnotherCoreWhileItLives) {
  const auto other = *Loop::create({.policy = LoopPolicy::kSpin, .clock = [] { return lab_now; }});
  std::optional<Face> brief;
  brief.emplace(std::vector{lab.ours.get()}, nullptr, "1");
  int answers = 0;
  const auto ask_from_there = [&] {
    brief->ask(*other, {}, [&](const FaceAnswer& told) {
      EXPECT_EQ(told.status, 200U);
      ++answers;
    });
  };
  const auto settle = [&] {
    lab.settle();
    while (other->run_once(Duration::zero())) {
    }
    lab.run_for(std::chrono::seconds(1));
    while (other->run_once(Duration::zero())) {
    }
  };
  ask_from_there();
  settle();
  EXPECT_EQ(answers, 1);
  ask_from_there();
  brief.reset();
  settle();
  EXPECT_EQ(answers, 1) << "what was on its way has found nobody";
}

TEST_F(FaceTest, WritesMetrics) {
  const FaceAnswer answer = ask({.kind = FaceQuery::Kind::kMetrics});
  EXPECT_NE(answer.text.find("strata_uptime_seconds{stack=\"ours\"}"), std::string::npos);
}

}  // namespace
}  // namespace strata::service::face_test

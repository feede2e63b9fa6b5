// SPDX-License-Identifier: Apache-2.0
#include "service/web/face.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/serve/tcp_services.h"

namespace strata::service::face_test {
namespace {

using nlohmann::json;

class FaceTest : public testing::Test {
 protected:
  FaceTest() : face({lab.ours.get(), lab.theirs.get()}, nullptr, "9.9") {}
  FaceAnswer ask(const FaceQuery& query) {
    std::optional<FaceAnswer> answer;
    face.ask(*lab.loop, query, [&](FaceAnswer told) { answer = std::move(told); });
    for (int turns = 0; !answer && turns < 1000; ++turns) lab.settle();
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

TEST_F(FaceTest, PagesConnectionsOneAskerAfterTheOther) {
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
  for (std::size_t i = 0; i < Face::kWalksWaitingMax + 3; ++i) {
    face.ask(*lab.loop,
             {.kind = FaceQuery::Kind::kConnections, .connections = {.offset = 1, .limit = 3}},
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
  EXPECT_EQ(answers + refusals, static_cast<int>(Face::kWalksWaitingMax + 3));
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

// SPDX-License-Identifier: Apache-2.0
#include "service/control/long_list.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/control/answers.h"
#include "service/serve/tcp_services.h"

namespace strata::service::long_list_test {
namespace {

using nlohmann::json;

SnapshotParts only(std::string_view name) { return *SnapshotParts::parse(name); }

TEST(LongList, IsOneOfConnectionsOrSocketsAlone) {
  EXPECT_TRUE(is_long_list(only("connections")));
  EXPECT_TRUE(is_long_list(only("sockets")));
  EXPECT_FALSE(is_long_list(only("routes")));
  EXPECT_FALSE(is_long_list(only("routes,sockets")));
  EXPECT_FALSE(is_long_list(SnapshotParts::all()));
}

class LongListTest : public testing::Test {
 protected:
  std::string tell(std::string_view list, const ListWindow& window) {
    std::string line;
    tell_long_list(cores, pages, only(list), window, [&](std::string told) { line = told; });
    for (int turns = 0; line.empty() && turns < 1000; ++turns) lab.settle();
    return line;
  }

  Lab lab;
  StackCores cores{{lab.ours.get(), lab.theirs.get()}, nullptr};
  Pages pages{cores};
};

TEST_F(LongListTest, HasAPageOfEachStack) {
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  const Client client(lab, 9);
  for (const std::string list : {"sockets", "connections"}) {
    const std::string line = tell(list, {.limit = 1});
    EXPECT_TRUE(line.ends_with("\n"));
    const json stacks = json::parse(line)["stacks"];
    ASSERT_EQ(stacks.size(), 2U) << line;
    EXPECT_EQ(stacks[0]["name"], "ours");
    EXPECT_EQ(stacks[1]["name"], "theirs");
    for (std::size_t i = 0; i < 2; ++i) {
      const json whole = snapshot(i == 0 ? *lab.ours : *lab.theirs)[list];
      ASSERT_EQ(stacks[i][list].size(), 1U) << list;
      EXPECT_EQ(stacks[i][list][0], whole[0]);
      EXPECT_EQ(stacks[i].contains(list + "_total"), whole.size() > 1);
      EXPECT_EQ(stacks[i].value(list + "_total", whole.size()), whole.size());
    }
    const auto text = render_status(line, false, list);
    ASSERT_TRUE(text.has_value()) << text.error().text;
  }
}

TEST_F(LongListTest, BehindItsEndThereIsNothing) {
  const json stacks = json::parse(tell("connections", {.offset = 5, .limit = 5}))["stacks"];
  ASSERT_EQ(stacks.size(), 2U);
  EXPECT_TRUE(stacks[0]["connections"].empty());
  EXPECT_FALSE(stacks[0].contains("connections_total"));
}

}  // namespace
}  // namespace strata::service::long_list_test

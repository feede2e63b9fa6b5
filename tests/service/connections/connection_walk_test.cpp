// SPDX-License-Identifier: Apache-2.0
#include "service/connections/connection_walk.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/serve/tcp_services.h"
#include "stack/core.h"

namespace strata::service::connection_walk_test {
namespace {

class ConnectionWalkTest : public testing::Test {
 protected:
  ConnectionWalkTest() {
    services = *TcpServices::open(lab.ours->stack(), lab.ours->loop(),
                                  {{Service::kEcho, 7, {}}, {Service::kDiscard, 9, {}}});
  }
  struct Found {
    std::size_t total = 0;
    std::size_t matched = 0;
    std::vector<ConnectionRow> rows;  // of the page
  };
  Found walk(const ConnectionQuery& query) {
    std::optional<ConnectionRows> found;
    ConnectionWalk::start(*lab.ours, 0, query,
                          [&](ConnectionRows rows) { found = std::move(rows); });
    for (int turns = 0; !found && turns < 1000; ++turns) lab.settle();
    EXPECT_TRUE(found.has_value());
    return {found->total, found->matched, std::move(found->rows).page()};
  }
  std::uint64_t received(const ConnectionRow& row) {
    return lab.ours->stack().core().tcp->info(row.id.handle, lab_now)->bytes_received;
  }

  Lab lab;
  std::unique_ptr<TcpServices> services;
};

TEST_F(ConnectionWalkTest, FindsNothingWhereThereIsNothing) {
  const Found rows = walk({});
  EXPECT_EQ(rows.total, 0U);
  EXPECT_TRUE(rows.rows.empty());
}

TEST_F(ConnectionWalkTest, PutsPagesInOrder) {
  std::deque<Client> clients;
  for (std::size_t i = 0; i < 30; ++i) {
    clients.emplace_back(lab, 9);
    clients.back().send(std::string((i * 7) % 30 + 1, 'x'));
  }
  std::vector<std::uint64_t> seen;
  for (std::size_t offset = 0; offset < 30; offset += 10) {
    const Found page = walk({.offset = offset,
                             .limit = 10,
                             .order = ConnectionOrder::kReceived,
                             .is_descending = true});
    EXPECT_EQ(page.total, 30U);
    ASSERT_EQ(page.rows.size(), 10U);
    for (const ConnectionRow& row : page.rows) seen.push_back(received(row));
  }
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 30 - i);
}

TEST_F(ConnectionWalkTest, KeepsThoseThatMatch) {
  std::deque<Client> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(lab, 9);
  for (int i = 0; i < 3; ++i) clients.emplace_back(lab, 7, "fd77::2");
  EXPECT_EQ(walk({.filter = "10.77.0.2:9"}).matched, 5U);
  EXPECT_EQ(walk({.filter = "fd77::1"}).matched, 3U);
  EXPECT_EQ(walk({.filter = "Established"}).matched, 8U);
  EXPECT_EQ(walk({.filter = "nobody"}).matched, 0U);
  EXPECT_EQ(walk({.filter = "nobody"}).total, 8U);
  clients.clear();
  lab.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(walk({}).total, 0U);
}

// A slice a turn: the stack has turns in between.
TEST_F(ConnectionWalkTest, TakesManyATurnAtATime) {
  constexpr std::size_t kMany = 3 * ConnectionWalk::kSliceConnections + 10;
  std::deque<TcpStream> streams;
  const Endpoint to{*IpAddress::parse("10.77.0.2"), 9};
  while (streams.size() < kMany) {
    for (int i = 0; i < 50; ++i) {
      auto stream = TcpStream::connect(lab.theirs->stack(), to, {}, lab_now);
      ASSERT_TRUE(stream.has_value());
      streams.push_back(std::move(*stream));
    }
    lab.run_for(std::chrono::milliseconds(2));
  }
  std::optional<ConnectionRows> found;
  ConnectionWalk::start(*lab.ours, 0, {.order = ConnectionOrder::kRemote},
                        [&](ConnectionRows rows) { found = std::move(rows); });
  int turns = 0;
  while (!found && turns < 100) {
    lab.loop->run_once(Duration::zero());
    ++turns;
  }
  EXPECT_GE(turns, 3);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->total, streams.size());
  EXPECT_EQ(found->rows.size(), ConnectionQuery{}.limit) << "no more is kept than the page needs";
  found.reset();
  ConnectionWalk::start(*lab.ours, 0, {.offset = 2, .limit = 3},
                        [&](ConnectionRows rows) { found = std::move(rows); });
  ASSERT_TRUE(found.has_value()) << "as they lie, none behind the page is looked at";
  EXPECT_EQ(found->total, streams.size());
  EXPECT_EQ(found->matched, streams.size());
  EXPECT_EQ(std::move(found->rows).page().size(), 3U);
}

TEST(ParseConnectionOrder, KnowsItsNames) {
  ConnectionQuery query;
  EXPECT_TRUE(parse_connection_order("rtt", query));
  EXPECT_EQ(query.order, ConnectionOrder::kRtt);
  EXPECT_FALSE(query.is_descending);
  EXPECT_TRUE(parse_connection_order("-age", query));
  EXPECT_EQ(query.order, ConnectionOrder::kAge);
  EXPECT_TRUE(query.is_descending);
  for (const char* const wrong : {"", "-", "--age", "beauty", "AGE"}) {
    EXPECT_FALSE(parse_connection_order(wrong, query)) << wrong;
  }
}

TEST(ConnectionIdText, IsReadAsItIsWritten) {
  const ConnectionId id{3, {17, 4'294'967'295}};
  const auto read = parse_connection_id(to_text(id));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->core, id.core);
  EXPECT_EQ(read->handle, id.handle);
  for (const char* const wrong : {"", "1", "1-2", "1-2-", "-1-2-3", "1-2-3x", "1 2 3", "1--2-3",
                                  "70000-1-1", "1-2-4294967296"}) {
    EXPECT_FALSE(parse_connection_id(wrong).has_value()) << wrong;
  }
}

TEST_F(ConnectionWalkTest, TellsAllOfOneConnection) {
  Client client(lab, 7);
  client.ask("hello");
  const Found rows = walk({});
  ASSERT_EQ(rows.rows.size(), 1U);
  const tcp::Transport& tcp = *lab.ours->stack().core().tcp;
  const auto line = connection_json(tcp, rows.rows[0].id, lab_now);
  EXPECT_EQ(line["state"], "established");
  EXPECT_EQ(line["bytes_received"], 5);
  const auto all = connection_details(tcp, rows.rows[0].id, lab_now);
  EXPECT_EQ(all["id"], line["id"]);
  EXPECT_EQ(all["segments_received"].is_number(), true);
  EXPECT_EQ(all["advice"][0]["sentence"], line["limited_by"]);
  EXPECT_TRUE(connection_details(tcp, {0, {77, 77}}, lab_now).is_null());
}

}  // namespace
}  // namespace strata::service::connection_walk_test

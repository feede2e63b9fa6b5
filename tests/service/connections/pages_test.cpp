// SPDX-License-Identifier: Apache-2.0
#include "service/connections/pages.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/serve/tcp_services.h"

namespace strata::service::pages_test {
namespace {

using nlohmann::json;

class PagesTest : public testing::Test {
 protected:
  PagesTest() : cores({lab.ours.get()}, nullptr), pages(cores) {}
  Page ask(const PageQuery& query) {
    std::optional<Page> page;
    pages.ask(query, [&](std::optional<Page> told) { page = std::move(told); });
    for (int turns = 0; !page && turns < 1000; ++turns) lab.settle();
    EXPECT_TRUE(page.has_value());
    return page.value_or(Page{});
  }

  Lab lab;
  StackCores cores;
  Pages pages;
};

TEST_F(PagesTest, OneIsPutTogetherAfterTheOther) {
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
  for (std::size_t i = 0; i < Pages::kWaitingMax + 3; ++i) {
    pages.ask({.connections = {.offset = 1, .limit = 3, .order = ConnectionOrder::kAge}},
              [&](const std::optional<Page>& page) {
                if (!page) {
                  ++refusals;
                  return;
                }
                ++answers;
                EXPECT_EQ(page->entries.size(), 3U);
                EXPECT_EQ(page->total, streams.size());
              });
  }
  lab.run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(refusals, 3) << "so many do not wait";
  EXPECT_EQ(answers + refusals, static_cast<int>(Pages::kWaitingMax + 3));
}

TEST_F(PagesTest, PagesOfConnectionsAreTheWholeInPieces) {
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  std::deque<Client> clients;
  for (std::size_t i = 0; i < 20; ++i) {
    clients.emplace_back(lab, 9);
    clients.back().send(std::string(i * 7 % 20 + 1, 'x'));
  }
  std::vector<int> received;
  for (std::size_t offset = 0; offset < 25; offset += 8) {
    const Page page = ask({.connections = {.offset = offset,
                                           .limit = 8,
                                           .order = ConnectionOrder::kReceived,
                                           .is_descending = true}});
    EXPECT_EQ(page.total, 20U);
    EXPECT_EQ(page.matched, 20U);
    for (const std::string& one : page.entries) {
      received.push_back(json::parse(one)["bytes_received"].get<int>());
    }
  }
  ASSERT_EQ(received.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(received[static_cast<std::size_t>(i)], 20 - i);
}

TEST_F(PagesTest, ListsSockets) {
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  const Client client(lab, 9);
  const Page page = ask({.kind = PageQuery::Kind::kSockets, .window = {.offset = 1, .limit = 1}});
  EXPECT_GE(page.total, 2U);
  ASSERT_EQ(page.entries.size(), 1U);
  EXPECT_EQ(json::parse(page.entries[0]), snapshot(*lab.ours)["sockets"][1]);
  EXPECT_EQ(entries_text(page), page.entries[0]);
}

}  // namespace
}  // namespace strata::service::pages_test

// SPDX-License-Identifier: Apache-2.0
#include "service/connections/connection_lines.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/serve/tcp_services.h"
#include "stack/core.h"

namespace strata::service::connection_lines_test {
namespace {

using nlohmann::json;

TEST(ConnectionLines, TellsOfItsOwnASliceATurn) {
  Lab lab;
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  std::deque<Client> clients;
  for (std::size_t i = 0; i <= 2 * ConnectionLines::kSliceTold; ++i) clients.emplace_back(lab, 9);
  const tcp::Transport& tcp = *lab.ours->stack().core().tcp;
  std::vector<ConnectionRow> rows;
  for (Handle handle = tcp.handle_at(0); handle; handle = tcp.handle_at(handle.index + 1)) {
    rows.push_back({.key = {}, .id = {0, handle}});
  }
  ASSERT_EQ(rows.size(), clients.size());
  rows.push_back({.key = {}, .id = {1, rows[0].id.handle}});
  rows.push_back({.key = {}, .id = {0, {77'777, 1}}});
  std::optional<std::vector<std::string>> told;
  ConnectionLines::start(*lab.ours, 0, false, rows,
                         [&](std::vector<std::string> lines) { told = std::move(lines); });
  int turns = 0;
  for (; !told && turns < 100; ++turns) lab.loop->run_once(Duration::zero());
  EXPECT_EQ(turns, 2);
  ASSERT_TRUE(told.has_value());
  ASSERT_EQ(told->size(), rows.size());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(json::parse((*told)[i]), connection_json(tcp, rows[i].id, lab_now));
  }
  EXPECT_EQ((*told)[clients.size()], "") << "another core's";
  EXPECT_EQ(told->back(), "") << "there is no such connection";
}

TEST(ConnectionLines, NamesTheCoreWhereThereAreSeveral) {
  Lab lab;
  const auto services =
      *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
  const Client client(lab, 9);
  const tcp::Transport& tcp = *lab.ours->stack().core().tcp;
  const ConnectionId id{3, tcp.handle_at(0)};
  const std::vector<ConnectionRow> rows{{.key = {}, .id = id}};
  for (const bool names_core : {false, true}) {
    std::vector<std::string> told;
    ConnectionLines::start(*lab.ours, 3, names_core, rows,
                           [&](std::vector<std::string> lines) { told = std::move(lines); });
    ASSERT_EQ(told.size(), 1U);
    json wanted = connection_json(tcp, id, lab_now);
    if (names_core) wanted["core"] = 3;
    EXPECT_EQ(json::parse(told[0]), wanted);
  }
}

}  // namespace
}  // namespace strata::service::connection_lines_test

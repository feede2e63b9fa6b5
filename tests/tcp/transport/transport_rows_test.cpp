// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tcp/support/programs.h"

namespace strata::tcp::transport_rows_test {
namespace {

using namespace testing;
using std::chrono::seconds;

void keep(void* rows, const SocketRow& row) {
  static_cast<std::vector<SocketRow>*>(rows)->push_back(row);
}

std::vector<SocketRow> rows_of(const Transport& transport, std::uint32_t slice) {
  std::vector<SocketRow> rows;
  RowPlace from;
  while (transport.visit_rows(from, slice, keep, &rows)) {
  }
  return rows;
}

std::vector<TcpState> states_of(const std::vector<SocketRow>& rows) {
  std::vector<TcpState> states;
  for (const SocketRow& row : rows) states.push_back(row.state);
  return states;
}

// Slices of any size show each row once, and in all tables.
TEST(TransportRows, AreTheSameInSlices) {
  Wire wire;
  const Ends first = establish(wire);
  wire.client.transport.close(first.client, wire.now);
  wire.server.transport.close(first.server, wire.now);
  wire.run_for(seconds(2));
  const auto idle = wire.client.transport.connect({.flow = {.local_address = kClientAddress,
                                                            .remote_address = kServerAddress,
                                                            .local_port = 7777,
                                                            .remote_port = 9}},
                                                  wire.now);
  ASSERT_TRUE(idle.has_value());
  for (const Transport* const transport : {&wire.client.transport, &wire.server.transport}) {
    std::vector<SocketRow> whole;
    transport->for_each_row(keep, &whole);
    EXPECT_EQ(whole.size(), transport->rows());
    for (const std::uint32_t slice : {1U, 2U, 100U}) {
      const auto rows = rows_of(*transport, slice);
      EXPECT_EQ(states_of(rows), states_of(whole)) << slice;
    }
  }
  const auto ours = states_of(rows_of(wire.client.transport, 1));
  EXPECT_EQ(std::ranges::count(ours, TcpState::kSynSent), 1);
  const auto theirs = states_of(rows_of(wire.server.transport, 1));
  EXPECT_EQ(std::ranges::count(ours, TcpState::kTimeWait) +
                std::ranges::count(theirs, TcpState::kTimeWait),
            wire.client.transport.time_waits() + wire.server.transport.time_waits());
}

TEST(TransportRows, GoOnWhereTheyStood) {
  Wire wire;
  const Ends ends = establish(wire);
  std::vector<SocketRow> rows;
  RowPlace from;
  EXPECT_TRUE(wire.server.transport.visit_rows(from, 1, keep, &rows));
  EXPECT_TRUE(wire.server.transport.visit_rows(from, 0, keep, &rows));
  EXPECT_EQ(rows.size(), 1U);
  EXPECT_FALSE(wire.server.transport.visit_rows(from, 100, keep, &rows));
  EXPECT_EQ(rows.size(), wire.server.transport.rows());
  EXPECT_FALSE(wire.server.transport.visit_rows(from, 1, keep, &rows)) << "there are no more";
  EXPECT_EQ(wire.server.transport.state(ends.server), TcpState::kEstablished);
}

}  // namespace
}  // namespace strata::tcp::transport_rows_test

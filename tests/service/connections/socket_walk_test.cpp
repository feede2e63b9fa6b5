// SPDX-License-Identifier: Apache-2.0
#include "service/connections/socket_walk.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/client.h"
#include "service/serve/tcp_services.h"
#include "strata/udp_socket.h"

namespace strata::service::socket_walk_test {
namespace {

using nlohmann::json;

class SocketWalkTest : public testing::Test {
 protected:
  SocketWalkTest() {
    services =
        *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kDiscard, 9, {}}});
    socket.emplace(*UdpSocket::open(lab.ours->stack()));
    EXPECT_TRUE(socket->bind({IpAddress::any_v6(), 7}).has_value());
  }
  SocketPage walk(const ListWindow& window, std::optional<std::uint16_t> core = std::nullopt) {
    std::optional<SocketPage> found;
    SocketWalk::start(*lab.ours, core, window, [&](SocketPage page) { found = std::move(page); });
    for (turns = 0; !found && turns < 1000; ++turns) lab.loop->run_once(Duration::zero());
    EXPECT_TRUE(found.has_value());
    return *std::move(found);
  }

  Lab lab;
  int turns = 0;  // that the last walk took
  std::unique_ptr<TcpServices> services;
  std::optional<UdpSocket> socket;
};

TEST_F(SocketWalkTest, PagesAreTheWholeInPieces) {
  std::deque<Client> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(lab, 9);
  const json whole = snapshot(*lab.ours)["sockets"];
  const SocketPage all = walk({});
  EXPECT_EQ(all.total, whole.size());
  ASSERT_EQ(all.entries.size(), whole.size());
  std::vector<std::string> pieces;
  for (std::size_t offset = 0; offset < whole.size(); offset += 2) {
    const SocketPage page = walk({.offset = offset, .limit = 2});
    EXPECT_EQ(page.total, whole.size());
    pieces.insert(pieces.end(), page.entries.begin(), page.entries.end());
  }
  EXPECT_EQ(pieces, all.entries);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(json::parse(pieces[i]), whole[i]);
  EXPECT_TRUE(walk({.offset = whole.size(), .limit = 2}).entries.empty());
  EXPECT_EQ(json::parse(walk({}, 3).entries[0])["core"], 3);
}

// What lies before the page is passed in slices; how many there are costs nothing.
TEST_F(SocketWalkTest, ReachesAPageFarInOverManyTurns) {
  constexpr std::size_t kMany = SocketWalk::kSliceRows + 100;
  const std::size_t before = walk({}).total;
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
  lab.run_for(std::chrono::milliseconds(20));
  const std::size_t total = streams.size() + before;
  const SocketPage first = walk({.offset = 0, .limit = 10});
  EXPECT_EQ(first.entries.size(), 10U);
  EXPECT_EQ(first.total, total);
  // The listener is in front of all of them, and what is no TCP behind.
  const SocketPage last = walk({.offset = streams.size(), .limit = 2});
  EXPECT_GE(turns, 2) << "a slice a turn";
  ASSERT_EQ(last.entries.size(), 2U);
  EXPECT_EQ(last.total, total);
  EXPECT_EQ(json::parse(last.entries[0])["kind"], "tcp");
  EXPECT_NE(json::parse(last.entries[1])["kind"], "tcp");
  EXPECT_EQ(walk({.offset = 0, .limit = 1000}).entries.size(), 1000U);
  EXPECT_GE(turns, static_cast<int>(1000 / SocketWalk::kSliceTold)) << "as the telling is";
}

TEST_F(SocketWalkTest, TellsThoseOfOtherKindsInSlicesToo) {
  constexpr std::size_t kMany = 2 * SocketWalk::kSliceTold + 10;
  std::deque<UdpSocket> sockets;
  while (sockets.size() < kMany) {
    sockets.push_back(*UdpSocket::open(lab.ours->stack()));
    EXPECT_TRUE(sockets.back().bind({IpAddress::any_v6(), 0}).has_value());
  }
  const json whole = snapshot(*lab.ours)["sockets"];
  const SocketPage all = walk({});
  EXPECT_GE(turns, 2);
  EXPECT_EQ(all.total, whole.size());
  ASSERT_EQ(all.entries.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(json::parse(all.entries[i]), whole[i]);
  const std::size_t offset = whole.size() - SocketWalk::kSliceTold - 5;
  const SocketPage some = walk({.offset = offset, .limit = SocketWalk::kSliceTold + 1});
  EXPECT_EQ(some.total, whole.size());
  ASSERT_EQ(some.entries.size(), SocketWalk::kSliceTold + 1);
  EXPECT_EQ(some.entries.back(), all.entries[offset + SocketWalk::kSliceTold]);
}

}  // namespace
}  // namespace strata::service::socket_walk_test

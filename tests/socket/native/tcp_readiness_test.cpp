// SPDX-License-Identifier: Apache-2.0
// When a stream says that it can be read or written, and who is told of room.
#include "strata/tcp_stream.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "socket/native/tcp_pair.h"

namespace strata::tcp_readiness_test {
namespace {

using namespace support;

class TcpReadiness : public testing::Test {
 protected:
  Time now() const { return pair.ours.now; }
  TcpPair pair;
};

TEST_F(TcpReadiness, TellsItsProgramWhatItCanDo) {
  auto [client, server] = pair.open();
  Readiness news;
  int calls = 0;
  ASSERT_TRUE(server.on_ready([&](Readiness told) {
    news = news | told;
    ++calls;
  }));
  pair.settle();
  news = {};
  ASSERT_TRUE(pair.write(client, text("x")));
  pair.settle();
  EXPECT_TRUE(news.readable);
  EXPECT_TRUE(server.readiness()->readable);
  EXPECT_EQ(pair.read(server), text("x"));
  EXPECT_FALSE(server.readiness()->readable);
  ASSERT_TRUE(server.on_ready(nullptr));
  const int before = calls;
  ASSERT_TRUE(pair.write(client, text("y")));
  client.close(now());
  pair.settle();
  EXPECT_EQ(calls, before) << "the callback was taken away";
  EXPECT_TRUE(server.readiness()->closed);
}

TEST_F(TcpReadiness, IsWritableAgainOnceThereIsRoom) {
  auto [client, server] = pair.open({.options = {.send_buffer = 8192}});
  const Frame block = pattern(1U << 20U);
  ASSERT_LT(client.write(block.all(), now()).value_or(0), block.size());
  EXPECT_EQ(client.write(block.all(), now()).error(), Error::kWouldBlock);
  bool is_writable = false;
  ASSERT_TRUE(client.on_ready([&](Readiness told) { is_writable |= told.writable; }));
  pair.settle();
  EXPECT_TRUE(is_writable);
  EXPECT_TRUE(client.write(block.all(), now()));
}

TEST_F(TcpReadiness, MayBeClosedFromItsOwnCallback) {
  auto [client, server] = pair.open();
  std::optional<TcpStream> held(std::move(server));
  ASSERT_TRUE(held->on_ready([&](Readiness) { held.reset(); }));
  ASSERT_TRUE(pair.write(client, text("x")));
  pair.settle();
  EXPECT_FALSE(held);
  pair.settle();
  EXPECT_TRUE(client.readiness()->closed || client.readiness()->error);
}

// No acknowledgement is due that could tell of room.
TEST_F(TcpReadiness, IsToldOfRoomOnceMemoryIsThereAgain) {
  auto [client, server] = pair.open();
  int told = 0;
  ASSERT_TRUE(client.on_ready([&told](Readiness news) { told += news.writable ? 1 : 0; }));
  pair.run_for(1s);
  told = 0;
  std::vector<PacketPtr> taken;
  while (PacketPtr packet = pair.ours.pool.allocate()) taken.push_back(std::move(packet));
  const auto refused = client.write(text("late"), now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Error::kWouldBlock);
  taken.clear();
  pair.run_for(1s);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(pair.write(client, text("late")));
  pair.settle();
  EXPECT_EQ(pair.read(server), text("late"));
}

TEST(ManyStreams, LeaveAPoolsLastBuffersToWhatArrives) {
  TcpPair pair({}, {.pool = {.small_buffers = 64,
                             .large_buffers = 0,
                             .external_buffers = 0,
                             .extra_descriptors = 512}});
  constexpr int kStreams = 100;
  std::vector<TcpPair::Streams> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(pair.open());
  // All at once, before anything can be acknowledged; who finds no room tries again.
  std::vector<TcpPair::Streams*> waiting;
  for (auto& each : streams) waiting.push_back(&each);
  std::size_t arrived = 0;
  for (int round = 0; round < 20; ++round) {
    std::erase_if(waiting, [&](TcpPair::Streams* each) {
      return each->client.write(text("one buffer each"), pair.ours.now).has_value();
    });
    pair.run_for(100ms);
    for (auto& each : streams) arrived += pair.read(each.server) == text("one buffer each") ? 1 : 0;
  }
  EXPECT_TRUE(waiting.empty());
  EXPECT_EQ(arrived, streams.size());
}

}  // namespace
}  // namespace strata::tcp_readiness_test

// SPDX-License-Identifier: Apache-2.0
// How a stream ends: one direction or both, with its text or without, at once or lingering.
#include "strata/tcp_stream.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "socket/native/tcp_pair.h"

namespace strata::tcp_ending_test {
namespace {

using namespace support;

class TcpEnding : public testing::Test {
 protected:
  Time now() const { return pair.ours.now; }
  TcpPair pair;
};

TEST_F(TcpEnding, EndsOneDirectionAtATime) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(pair.write(client, text("last")));
  ASSERT_TRUE(client.shut_down(TcpShutdown::kWrite, now()));
  EXPECT_EQ(client.write(text("x").all(), now()).error(), Error::kClosed);
  pair.settle();
  EXPECT_EQ(pair.read(server), text("last"));
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
  EXPECT_EQ(server.state(), TcpState::kCloseWait);
  EXPECT_EQ(client.state(), TcpState::kFinWait2);
  ASSERT_TRUE(pair.write(server, text("answer")));
  pair.settle();
  EXPECT_EQ(pair.read(client), text("answer"));
  ASSERT_TRUE(server.shut_down(TcpShutdown::kBoth, now()));
  pair.settle();
  EXPECT_EQ(pair.end_of(client), Error::kClosed);
  EXPECT_EQ(server.state(), TcpState::kClosed);
}

TEST_F(TcpEnding, ThrowsAwayWhatComesAfterShuttingReadingDown) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(server.shut_down(TcpShutdown::kRead, now()));
  ASSERT_TRUE(pair.write(client, text("nobody listens")));
  pair.settle();
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
  ASSERT_TRUE(pair.write(server, text("still here")));
  pair.settle();
  EXPECT_EQ(pair.read(client), text("still here"));
}

TEST_F(TcpEnding, DeliversWhatWasWrittenBeforeItWasClosed) {
  auto [client, server] = pair.open();
  const Frame payload = pattern(50'000);
  ASSERT_TRUE(pair.write(client, payload));
  client.close(now());
  pair.run_for(1s);
  EXPECT_EQ(pair.read(server), payload);
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
}

TEST_F(TcpEnding, ClosesWhenItsHandleDies) {
  std::optional<TcpPair::Streams> streams = pair.open();
  TcpStream server = std::move(streams->server);
  streams.reset();
  pair.settle();
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
}

// RFC 2525 2.17: text nobody has read must not look delivered.
TEST_F(TcpEnding, ResetsWhenClosedWithTextUnread) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(pair.write(client, text("unread")));
  pair.settle();
  server.close(now());
  pair.settle();
  EXPECT_EQ(failure_of(client), std::optional(Error::kConnectionReset));
}

TEST_F(TcpEnding, AbortsAtOnce) {
  auto [client, server] = pair.open();
  client.abort(now());
  pair.settle();
  EXPECT_TRUE(server.readiness()->error && server.readiness()->closed);
  EXPECT_EQ(pair.end_of(server), Error::kConnectionReset);
  EXPECT_EQ(pair.end_of(server), Error::kClosed) << "the error is told once";
  EXPECT_EQ(client.state().error(), Error::kInvalidHandle);
}

TEST_F(TcpEnding, LingersUntilAllIsAcknowledged) {
  auto [client, server] = pair.open({.options = {.linger = Duration(10s)}});
  std::vector<Readiness> news;
  ASSERT_TRUE(client.on_ready([&](Readiness told) { news.push_back(told); }));
  pair.settle();
  news.clear();
  ASSERT_TRUE(pair.write(client, text("to the last")));
  ASSERT_TRUE(client.close_lingering(now()));
  EXPECT_TRUE(news.empty());
  pair.run_for(100ms);
  ASSERT_FALSE(news.empty());
  EXPECT_TRUE(news.back().closed);
  client.close(now());
  EXPECT_EQ(pair.read(server), text("to the last"));
}

}  // namespace
}  // namespace strata::tcp_ending_test

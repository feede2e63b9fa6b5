// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "socket/native/tcp_pair.h"

namespace strata::tcp_stream_test {
namespace {

using namespace support;

class Stream : public testing::Test {
 protected:
  Time now() const { return pair.ours.now; }
  TcpPair pair;
};

TEST_F(Stream, CarriesTextBothWays) {
  auto [client, server] = pair.open();
  EXPECT_TRUE(pair.write(client, text("hello")));
  EXPECT_TRUE(pair.write(server, text("welcome")));
  pair.settle();
  EXPECT_EQ(pair.read(server), text("hello"));
  EXPECT_EQ(pair.read(client), text("welcome"));
  EXPECT_EQ(pair.end_of(client), Error::kWouldBlock);
  EXPECT_EQ(client.remote(), (Endpoint{pair.ours.peer4, kServerPort}));
  EXPECT_EQ(client.local(), server.remote());
  EXPECT_EQ(client.state(), TcpState::kEstablished);
}

TEST_F(Stream, CarriesMoreThanAWindow) {
  auto [client, server] = pair.open();
  const Frame all = pattern(400'000);
  Frame got;
  std::size_t sent = 0;
  for (int turn = 0; turn < 1000 && got.size() < all.size(); ++turn) {
    const auto count = client.write(all.all().subspan(sent), now());
    if (count) sent += *count;
    EXPECT_TRUE(count || sent == all.size() || count.error() == Error::kWouldBlock);
    pair.run_for(1ms);
    got = got + pair.read(server);
  }
  EXPECT_EQ(got, all);
}

TEST_F(Stream, TalksToItself) {
  Bench& host = pair.ours;
  auto listener = TcpListener::listen(host.stack, {IpAddress::any_v6(), 81}, {});
  ASSERT_TRUE(listener);
  for (const IpAddress& to : {address("127.0.0.1"), address("::1"), pair.ours.own4,
                              IpAddress::any_v4(), IpAddress::any_v6()}) {
    auto client = TcpStream::connect(host.stack, {to, 81}, {}, now());
    ASSERT_TRUE(client) << to_text(client.error());
    pair.settle();
    auto server = listener->accept(now());
    ASSERT_TRUE(server);
    EXPECT_TRUE(pair.write(*client, text("me")));
    pair.settle();
    EXPECT_EQ(pair.read(*server), text("me"));
  }
}

TEST_F(Stream, AnswersBeforeItStands) {
  TcpStream client = pair.connect();
  EXPECT_EQ(client.state(), TcpState::kSynSent);
  EXPECT_FALSE(client.readiness()->writable);
  EXPECT_FALSE(client.readiness()->readable);
  EXPECT_NE(client.local()->port, 0);
  pair.settle();
  EXPECT_EQ(client.state(), TcpState::kEstablished);
  EXPECT_TRUE(client.readiness()->writable);
}

TEST_F(Stream, SaysWhyItCannotBeMade) {
  struct Row {
    const char* what;
    Endpoint to;
    Endpoint from;
    Error error;
  };
  for (const Row& row : {
           Row{"port 0", {pair.ours.peer4, 0}, {}, Error::kInvalidArgument},
           Row{"no route", {address("192.0.2.1"), 80}, {}, Error::kNetworkUnreachable},
           Row{"a group", {address("224.0.0.1"), 80}, {}, Error::kInvalidArgument},
           Row{"a group of IPv6", {address("ff02::1"), 80}, {}, Error::kInvalidArgument},
           Row{"a broadcast", {address("10.0.0.255"), 80}, {}, Error::kInvalidArgument},
           Row{"not ours",
               {pair.ours.peer4, 80},
               {address("10.0.0.99"), 0},
               Error::kAddressNotAvailable},
       }) {
    const auto made = TcpStream::connect(pair.ours.stack, row.to, {.local = row.from}, now());
    ASSERT_FALSE(made) << row.what;
    EXPECT_EQ(made.error(), row.error) << row.what << ": " << to_text(made.error());
  }
}

TEST_F(Stream, BeginsWhereItIsTold) {
  TcpStream client = pair.connect({.local = {pair.ours.own4, 5000}});
  EXPECT_EQ(client.local(), (Endpoint{pair.ours.own4, 5000}));
  const auto again = TcpStream::connect(pair.ours.stack, {pair.ours.peer4, kServerPort},
                                        {.local = {pair.ours.own4, 5000}}, now());
  ASSERT_FALSE(again) << "that flow is taken";
  EXPECT_TRUE(again.error() == Error::kAddressInUse ||
              again.error() == Error::kAddressNotAvailable);
}

TEST_F(Stream, HearsARefusal) {
  auto client = TcpStream::connect(pair.ours.stack, {pair.ours.peer4, 99}, {}, now());
  ASSERT_TRUE(client);
  std::optional<Readiness> news;
  ASSERT_TRUE(client->on_ready([&](Readiness told) { news = told; }));
  pair.settle();
  ASSERT_TRUE(news);
  EXPECT_TRUE(news->error && news->closed);
  EXPECT_EQ(failure_of(*client), std::optional(Error::kConnectionRefused));
  EXPECT_EQ(failure_of(*client), std::optional<Error>{}) << "told once";
  EXPECT_EQ(client->state(), TcpState::kClosed);
}

TEST_F(Stream, GivesUpOnSilence) {
  pair.their_device.is_plugged = false;
  auto client = TcpStream::connect(pair.ours.stack, {pair.ours.peer4, 80},
                                   {.options = {.syn_retries = 2}}, now());
  ASSERT_TRUE(client);
  pair.ours.run_for(60s);
  EXPECT_EQ(failure_of(*client), std::optional(Error::kTimedOut));
}

// RFC 5461 4: as on Linux an attempt ends with the search for its next hop, and the next one, while
// that is not looked for again, at once.
TEST_F(Stream, GivesUpOnANeighbourWhoIsNotThere) {
  const Endpoint nobody{address("10.0.0.77"), 80};
  auto client = TcpStream::connect(pair.ours.stack, nobody, {}, now());
  ASSERT_TRUE(client);
  pair.ours.run_for(2s);
  EXPECT_EQ(client->state(), TcpState::kSynSent);
  pair.ours.run_for(1500ms);
  EXPECT_EQ(client->state(), TcpState::kClosed);
  EXPECT_EQ(failure_of(*client), std::optional(Error::kHostUnreachable));
  auto again = TcpStream::connect(pair.ours.stack, nobody, {}, now());
  ASSERT_TRUE(again);
  pair.ours.settle();
  EXPECT_EQ(again->state(), TcpState::kSynSent) << "whoever was silent just now may be back";
  pair.ours.run_for(10s);
  EXPECT_EQ(failure_of(*again), std::optional(Error::kHostUnreachable));
}

TEST_F(Stream, ShowsItsInside) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(pair.write(client, pattern(5000)));
  pair.settle();
  const auto info = client.info(now());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->state, TcpState::kEstablished);
  EXPECT_EQ(info->bytes_acknowledged, 5000U);
  EXPECT_EQ(info->send_mss, 1448U);
  EXPECT_TRUE(info->has_timestamps && info->has_sack && info->has_window_scaling && info->has_ecn);
  EXPECT_EQ(info->remote, client.remote());
  const auto other = server.info(now());
  EXPECT_EQ(other->bytes_received, 5000U);
  EXPECT_EQ(other->receive_queue, 5000U);
}

TEST_F(Stream, KeepsItsOptions) {
  auto [client, server] = pair.open({.options = {.no_delay = true, .traffic_class = 0x20}});
  EXPECT_TRUE(client.options()->no_delay);
  TcpSocketOptions options = *client.options();
  options.keepalive = true;
  options.user_timeout = 5s;
  ASSERT_TRUE(client.set_options(options, now()));
  EXPECT_EQ(client.options(), options);
  options.congestion = {.characters = {'n', 'o', 'n', 'e'}, .length = 4};
  EXPECT_FALSE(client.set_options(options, now())) << "there is no such control";
  EXPECT_TRUE(client.options()->congestion != options.congestion);
}

// RFC 7413: with a cookie from an earlier connection text goes with the SYN.
TEST(FastOpenStream, SendsTextWithTheSyn) {
  TcpPair pair({.options = {.fast_open = true}});
  {
    auto first = pair.open({.options = {.fast_open = true}});
  }
  pair.run_for(100ms);
  const Frame early = text("early");
  auto [client, server] =
      pair.open({.options = {.fast_open = true}, .fast_open_data = early.all()});
  EXPECT_EQ(pair.read(server), early);
  EXPECT_TRUE(client.info(pair.ours.now)->has_fast_open_data);
}

// Every call through a handle that names nothing answers so, and harms nobody.
void expect_no_stream(TcpStream& stream, TcpPair& pair) {
  const Time now = pair.ours.now;
  std::array<std::byte, 4> buffer{};
  PacketPtr packet = pair.ours.pool.allocate();
  const auto gone = Error::kInvalidHandle;
  EXPECT_EQ(stream.write(buffer, now).error(), gone);
  EXPECT_EQ(stream.write_packet(packet, now).error(), gone);
  EXPECT_NE(packet, nullptr);
  EXPECT_EQ(stream.write_urgent(buffer, now).error(), gone);
  EXPECT_EQ(stream.read(buffer, now).error(), gone);
  EXPECT_EQ(stream.peek(0, buffer).error(), gone);
  EXPECT_EQ(stream.read_packet(4, now).error(), gone);
  EXPECT_EQ(stream.read_urgent().error(), gone);
  EXPECT_EQ(stream.at_urgent_mark().error(), gone);
  EXPECT_EQ(stream.shut_down(TcpShutdown::kBoth, now).error(), gone);
  EXPECT_EQ(stream.close_lingering(now).error(), gone);
  EXPECT_EQ(stream.readiness().error(), gone);
  EXPECT_EQ(stream.on_ready(nullptr).error(), gone);
  EXPECT_EQ(stream.take_error().error(), gone);
  EXPECT_EQ(stream.local().error(), gone);
  EXPECT_EQ(stream.remote().error(), gone);
  EXPECT_EQ(stream.state().error(), gone);
  EXPECT_EQ(stream.info(now).error(), gone);
  EXPECT_EQ(stream.options().error(), gone);
  EXPECT_EQ(stream.set_options({}, now).error(), gone);
  stream.abort(now);
  stream.close(now);
}

TEST_F(Stream, AnswersInvalidHandleOnceItIsClosed) {
  auto [client, server] = pair.open();
  client.close(now());
  expect_no_stream(client, pair);
}

TEST_F(Stream, MovesAndLeavesAnEmptyHandle) {
  auto [client, server] = pair.open();
  TcpStream moved(std::move(client));
  expect_no_stream(client, pair);
  EXPECT_TRUE(pair.write(moved, text("moved")));
  auto [other, other_server] = pair.open();
  const SocketId id = moved.id();
  other = std::move(moved);
  EXPECT_EQ(other.id(), id);
  EXPECT_TRUE(pair.write(other, text(" twice")));
  pair.settle();
  EXPECT_EQ(pair.read(server), text("moved twice"));
}

// What was here is closed, and nothing of it lives on in the other.
TEST_F(Stream, IsClosedWhenAnotherIsAssigned) {
  auto [first, first_server] = pair.open();
  auto [second, second_server] = pair.open();
  first = std::move(second);
  expect_no_stream(second, pair);
  pair.settle();
  EXPECT_EQ(pair.end_of(first_server), Error::kClosed);
  EXPECT_EQ(first.state(), TcpState::kEstablished);
  EXPECT_EQ(second_server.state(), TcpState::kEstablished);
}

// As with [self = shared_from_this()].
TEST_F(Stream, MayBeOwnedByItsCallback) {
  for (const int how : {0, 1, 2}) {
    auto [client, server] = pair.open();
    auto owner = std::make_shared<TcpStream>(std::move(client));
    TcpStream& stream = *owner;
    const std::weak_ptr<TcpStream> seen = owner;
    ASSERT_TRUE(stream.on_ready([self = std::move(owner)](Readiness) {}));
    switch (how) {
      case 0: stream.close(now()); break;
      case 1: stream.abort(now()); break;
      default: EXPECT_TRUE(stream.on_ready(nullptr));
    }
    EXPECT_TRUE(seen.expired());
    pair.settle();
    EXPECT_TRUE(server.readiness()->closed);
  }
}

}  // namespace
}  // namespace strata::tcp_stream_test

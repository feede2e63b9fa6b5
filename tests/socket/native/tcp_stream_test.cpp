// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

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

TEST_F(Stream, GathersParts) {
  auto [client, server] = pair.open();
  const Frame first = text("one");
  const Frame last = text("two");
  const std::array<Bytes, 4> parts{first.all(), Bytes{}, last.all(), Bytes{}};
  EXPECT_EQ(client.write(parts, now()), 6U);
  pair.settle();
  EXPECT_EQ(pair.read(server), text("onetwo"));
  EXPECT_EQ(client.write(std::span<const Bytes>{}, now()), 0U);
}

TEST_F(Stream, HoldsBackWhatMoreWillFollow) {
  auto [client, server] = pair.open();
  EXPECT_TRUE(client.write(text("first ").all(), now(), true));
  pair.settle();
  EXPECT_EQ(pair.end_of(server), Error::kWouldBlock);
  EXPECT_TRUE(client.write(text("second").all(), now()));
  pair.settle();
  EXPECT_EQ(pair.read(server), text("first second"));
}

TEST_F(Stream, TakesAndGivesPacketsWithoutACopy) {
  auto [client, server] = pair.open();
  const Frame payload = pattern(1000);
  PacketPtr packet = pair.ours.pool.allocate_for(payload.size());
  copy_bytes(payload.all(), packet->append(payload.size()));
  ASSERT_TRUE(client.write_packet(packet, now()));
  EXPECT_EQ(packet, nullptr) << "it is the stream's now";
  EXPECT_EQ(client.write_packet(packet, now()).error(), Error::kInvalidArgument);
  pair.settle();
  Frame got;
  for (auto slices = server.read_packet(300, now()); slices;
       slices = server.read_packet(300, now())) {
    EXPECT_LE((*slices)->size(), 300U);
    Frame part((*slices)->size());
    (*slices)->copy_out(0, part.writable());
    got = got + part;
  }
  EXPECT_EQ(got, payload);
  EXPECT_EQ(server.read_packet(300, now()).error(), Error::kWouldBlock);
}

// All or nothing: what does not fit is still the caller's.
TEST_F(Stream, LeavesAPacketItHasNoRoomFor) {
  auto [client, server] = pair.open({.options = {.send_buffer = 8192}});
  bool was_refused = false;
  for (int i = 0; i < 1000 && !was_refused; ++i) {
    PacketPtr packet = pair.ours.pool.allocate_for(1000);
    ASSERT_NE(packet, nullptr);
    (void)packet->append(1000);
    const auto took = client.write_packet(packet, now());
    was_refused = !took;
    if (took) continue;
    EXPECT_EQ(took.error(), Error::kWouldBlock);
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(packet->size(), 1000U);
  }
  EXPECT_TRUE(was_refused);
  EXPECT_FALSE(client.readiness()->writable);
}

TEST_F(Stream, PeeksWithoutTaking) {
  auto [client, server] = pair.open();
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(server.peek(0, buffer).error(), Error::kWouldBlock);
  ASSERT_TRUE(pair.write(client, text("abcdef")));
  pair.settle();
  EXPECT_EQ(server.peek(0, buffer), 3U);
  EXPECT_EQ(Frame(Bytes(buffer)), text("abc"));
  EXPECT_EQ(server.peek(4, buffer), 2U);
  EXPECT_EQ(Frame(Bytes(buffer).first(2)), text("ef"));
  EXPECT_EQ(server.peek(6, buffer).error(), Error::kWouldBlock);
  EXPECT_EQ(pair.read(server), text("abcdef"));
}

// RFC 6093: the one urgent byte stands beside the stream, and the mark shows where it was.
TEST_F(Stream, TakesTheUrgentByteAside) {
  auto [client, server] = pair.open();
  EXPECT_EQ(server.read_urgent().error(), Error::kInvalidArgument);
  ASSERT_TRUE(pair.write(client, text("ab")));
  EXPECT_EQ(client.write_urgent(text("c!").all(), now()), 2U);
  ASSERT_TRUE(pair.write(client, text("de")));
  pair.settle();
  EXPECT_EQ(server.read_urgent(), std::byte{'!'});
  EXPECT_EQ(server.at_urgent_mark(), false);
  EXPECT_EQ(pair.read(server), text("abc")) << "reading stops at the mark";
  EXPECT_EQ(server.at_urgent_mark(), true);
  EXPECT_EQ(pair.read(server), text("de"));
  EXPECT_EQ(server.at_urgent_mark(), false);
}

TEST_F(Stream, KeepsTheUrgentByteInlineWhenAsked) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(server.set_options({.urgent_inline = true}, now()));
  EXPECT_EQ(client.write_urgent(text("a!").all(), now()), 2U);
  pair.settle();
  EXPECT_EQ(server.read_urgent().error(), Error::kInvalidArgument);
  Frame all;
  for (Frame part = pair.read(server); !part.empty(); part = pair.read(server)) all = all + part;
  EXPECT_EQ(all, text("a!"));
}

TEST_F(Stream, EndsOneDirectionAtATime) {
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

TEST_F(Stream, ThrowsAwayWhatComesAfterShuttingReadingDown) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(server.shut_down(TcpShutdown::kRead, now()));
  ASSERT_TRUE(pair.write(client, text("nobody listens")));
  pair.settle();
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
  ASSERT_TRUE(pair.write(server, text("still here")));
  pair.settle();
  EXPECT_EQ(pair.read(client), text("still here"));
}

TEST_F(Stream, DeliversWhatWasWrittenBeforeItWasClosed) {
  auto [client, server] = pair.open();
  const Frame payload = pattern(50'000);
  ASSERT_TRUE(pair.write(client, payload));
  client.close(now());
  pair.run_for(1s);
  EXPECT_EQ(pair.read(server), payload);
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
}

TEST_F(Stream, ClosesWhenItsHandleDies) {
  std::optional<TcpPair::Streams> streams = pair.open();
  TcpStream server = std::move(streams->server);
  streams.reset();
  pair.settle();
  EXPECT_EQ(pair.end_of(server), Error::kClosed);
}

// RFC 2525 2.17: text nobody has read must not look delivered.
TEST_F(Stream, ResetsWhenClosedWithTextUnread) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(pair.write(client, text("unread")));
  pair.settle();
  server.close(now());
  pair.settle();
  EXPECT_EQ(failure_of(client), std::optional(Error::kConnectionReset));
}

TEST_F(Stream, AbortsAtOnce) {
  auto [client, server] = pair.open();
  client.abort(now());
  pair.settle();
  EXPECT_TRUE(server.readiness()->error && server.readiness()->closed);
  EXPECT_EQ(pair.end_of(server), Error::kConnectionReset);
  EXPECT_EQ(pair.end_of(server), Error::kClosed) << "the error is told once";
  EXPECT_EQ(client.state().error(), Error::kInvalidHandle);
}

TEST_F(Stream, LingersUntilAllIsAcknowledged) {
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

TEST_F(Stream, TellsItsProgramWhatItCanDo) {
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

TEST_F(Stream, IsWritableAgainOnceThereIsRoom) {
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

TEST_F(Stream, MayBeClosedFromItsOwnCallback) {
  auto [client, server] = pair.open();
  std::optional<TcpStream> held(std::move(server));
  ASSERT_TRUE(held->on_ready([&](Readiness) { held.reset(); }));
  ASSERT_TRUE(pair.write(client, text("x")));
  pair.settle();
  EXPECT_FALSE(held);
  pair.settle();
  EXPECT_TRUE(client.readiness()->closed || client.readiness()->error);
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

// No acknowledgement is due that could tell of room.
TEST_F(Stream, IsToldOfRoomOnceMemoryIsThereAgain) {
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
}  // namespace strata::tcp_stream_test

// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/tcp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "socket/coro/lab.h"

namespace strata::coro::tcp_test {
namespace {

Task<> ask(Net net, std::string question, std::string& answer) {
  auto stream = co_await connect(net, Endpoint{kServer, 7});
  if (!stream) co_return;
  if (!co_await stream->write_all(bytes_of(question))) co_return;
  std::vector<std::byte> buffer(question.size());
  if (!co_await stream->read_all(buffer)) co_return;
  answer = text_of(buffer);
}

TEST(CoroTcp, AnEchoComesBack) {
  Lab lab;
  std::string answer;
  lab.spawn(serve_echo(lab.server()));
  lab.spawn(ask(lab.client(), "hello, strata", answer));
  lab.world.run_for(1s);
  EXPECT_EQ(answer, "hello, strata");
  EXPECT_EQ(lab.tasks.size(), 1);  // the server
}

Task<> exchange(Net net, Bytes sent, std::vector<std::byte>& received) {
  auto stream = co_await connect(net, Endpoint{kServer, 7});
  if (!stream) co_return;
  TaskGroup writer;
  writer.spawn([](TcpStream& to, Bytes bytes) -> Task<> {
    EXPECT_TRUE(co_await to.write_all(bytes));
    EXPECT_TRUE(to.shut_down(TcpShutdown::kWrite));
  }(*stream, sent));
  std::array<std::byte, 1000> buffer;
  while (auto count = co_await stream->read(buffer)) {
    received.insert(received.end(), buffer.begin(),
                    buffer.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  co_await writer.join(net.executor);
}

TEST(CoroTcp, BytesPassALossyLinkInBothDirectionsAtOnce) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Lab lab(seed, {.bits_per_second = 50'000'000, .delay = 5ms, .loss = {1, 50}});
    const std::vector<std::byte> sent = numbered_bytes(200'000);
    std::vector<std::byte> received;
    lab.spawn(serve_echo(lab.server()));
    lab.spawn(exchange(lab.client(), sent, received));
    ASSERT_TRUE(lab.world.run_until_true([&] { return lab.tasks.size() == 1; }, 600s)) << seed;
    EXPECT_TRUE(received == sent) << "seed " << seed;
  }
}

TEST(CoroTcp, TheSameSeedGivesTheSameFrames) {
  const auto run = [](std::uint64_t seed) {
    Lab lab(seed, {.bits_per_second = 50'000'000, .delay = 5ms, .loss = {1, 20}});
    const std::vector<std::byte> sent = numbered_bytes(50'000);
    std::vector<std::byte> received;
    lab.spawn(serve_echo(lab.server()));
    lab.spawn(exchange(lab.client(), sent, received));
    lab.world.run_for(100s);
    EXPECT_EQ(received.size(), sent.size());
    return lab.world.packet_hash();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

Task<> read_until(Net net, Until until, Result<std::size_t>& result) {
  auto stream = co_await connect(net, Endpoint{kServer, 7});
  if (!stream) co_return;
  std::array<std::byte, 16> buffer;
  result = co_await stream->read(buffer, until);
}

TEST(CoroTcp, AReadGivesUpAtItsDeadline) {
  Lab lab;
  Result<std::size_t> result = 0;
  const Time begin = lab.world.now();
  lab.spawn(serve_echo(lab.server()));
  lab.spawn(read_until(lab.client(), {.deadline = begin + 3s}, result));
  ASSERT_TRUE(lab.world.run_until_true([&] { return lab.tasks.size() == 1; }, 10s));
  EXPECT_EQ(result, Result<std::size_t>(std::unexpected(Error::kTimedOut)));
  EXPECT_EQ(lab.world.now(), begin + 3s);
}

TEST(CoroTcp, AReadEndsWhenItIsCancelled) {
  Lab lab;
  Cancellation cancellation;
  Result<std::size_t> result = 0;
  lab.spawn(serve_echo(lab.server()));
  lab.spawn(read_until(lab.client(), {.cancellation = &cancellation}, result));
  lab.world.run_for(1s);
  EXPECT_EQ(lab.tasks.size(), 2);
  cancellation.cancel();
  EXPECT_EQ(lab.tasks.size(), 2);  // not from inside the call
  lab.world.run_for(1ms);
  EXPECT_EQ(lab.tasks.size(), 1);
  EXPECT_EQ(result, Result<std::size_t>(std::unexpected(Error::kCancelled)));
}

TEST(CoroTcp, AnOperationIsRefusedAtOnceOnceItsSwitchIsOn) {
  Lab lab;
  Cancellation cancellation;
  cancellation.cancel();
  Result<void> result;
  lab.spawn([](Net net, Until until, Result<void>& out) -> Task<> {
    auto stream = co_await connect(net, Endpoint{kServer, 7}, {}, until);
    out = stream ? Result<void>() : std::unexpected(stream.error());
  }(lab.client(), {.cancellation = &cancellation}, result));
  EXPECT_TRUE(lab.tasks.empty());
  EXPECT_EQ(result, Result<void>(std::unexpected(Error::kCancelled)));
}

TEST(CoroTcp, AnAcceptEndsAtItsDeadline) {
  Lab lab;
  Error error = Error::kIo;
  lab.spawn([](Net net, Error& out) -> Task<> {
    auto listener = TcpListener::listen(net, {kServer, 7});
    auto stream = co_await listener->accept({.deadline = net.executor.now() + 1s});
    if (!stream) out = stream.error();
  }(lab.server(), error));
  lab.world.run_for(2s);
  EXPECT_EQ(error, Error::kTimedOut);
  EXPECT_TRUE(lab.tasks.empty());
}

TEST(CoroTcp, AResetReachesTheReader) {
  Lab lab;
  Result<std::size_t> result = 0;
  lab.spawn([](Net net) -> Task<> {
    auto listener = TcpListener::listen(net, {kServer, 7});
    auto stream = co_await listener->accept();
    stream->abort();
  }(lab.server()));
  lab.spawn(read_until(lab.client(), {}, result));
  lab.world.run_for(2s);
  EXPECT_TRUE(lab.tasks.empty());
  EXPECT_EQ(result, Result<std::size_t>(std::unexpected(Error::kConnectionReset)));
}

TEST(CoroTcp, NobodyListening) {
  Lab lab;
  Error error = Error::kIo;
  lab.spawn([](Net net, Error& out) -> Task<> {
    auto stream = co_await connect(net, Endpoint{kServer, 9});
    if (!stream) out = stream.error();
  }(lab.client(), error));
  lab.world.run_for(2s);
  EXPECT_EQ(error, Error::kConnectionRefused);
}

// What a task held is gone with it, wherever it stood.
TEST(CoroTcp, DestroyedTasksLeaveNothingBehind) {
  for (int turns = 0; turns < 40; turns += 3) {
    Lab lab;
    const std::vector<std::byte> sent = numbered_bytes(100'000);
    std::vector<std::byte> received;
    lab.spawn(serve_echo(lab.server()));
    lab.spawn(exchange(lab.client(), sent, received));
    for (int i = 0; i < turns; ++i) lab.world.step();
    lab.tasks.cancel();
    lab.world.run_for(600s);
    EXPECT_EQ(lab.world.leaked_packets(), 0) << turns;
    std::size_t sockets = 0;
    lab.server_host.stack().for_each_socket([&](const SocketEntry&) { ++sockets; });
    lab.client_host.stack().for_each_socket([&](const SocketEntry&) { ++sockets; });
    EXPECT_EQ(sockets, 0) << turns;
  }
}

}  // namespace
}  // namespace strata::coro::tcp_test

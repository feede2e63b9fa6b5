// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/socket.h"

#include <gtest/gtest.h>

#include <string>

#include "socket/coro/lab.h"

namespace strata::coro::socket_test {
namespace {

TEST(CoroSocket, ClosingEndsWhoWaits) {
  Lab lab;
  Result<std::size_t> result = 0;
  lab.spawn(serve_echo(lab.server()));
  lab.spawn([](Net net, Result<std::size_t>& out) -> Task<> {
    auto stream = co_await connect(net, Endpoint{kServer, 7});
    TaskGroup reader;
    reader.spawn([](TcpStream& from, Result<std::size_t>& read) -> Task<> {
      std::array<std::byte, 16> buffer;
      read = co_await from.read(buffer);
    }(*stream, out));
    co_await sleep_for(net.executor, 1s);
    stream->abort();
    co_await reader.join(net.executor);
  }(lab.client(), result));
  lab.world.run_for(2s);
  EXPECT_EQ(lab.tasks.size(), 1);
  EXPECT_EQ(result, Result<std::size_t>(std::unexpected(Error::kConnectionAborted)));
}

TEST(CoroSocket, AStreamCanBeMovedBetweenReads) {
  Lab lab;
  std::string answer;
  lab.spawn(serve_echo(lab.server()));
  lab.spawn([](Net net, std::string& out) -> Task<> {
    auto stream = co_await connect(net, Endpoint{kServer, 7});
    std::array<std::byte, 3> buffer;
    EXPECT_TRUE(co_await stream->write_all(bytes_of("onetwo")));
    EXPECT_TRUE(co_await stream->read_all(buffer));
    out += text_of(buffer);
    TcpStream moved = *std::move(stream);
    EXPECT_TRUE(co_await moved.read_all(buffer));
    out += text_of(buffer);
    EXPECT_TRUE(co_await moved.write_all(bytes_of("end")));
    TcpStream assigned = std::move(moved);
    moved = std::move(assigned);
    EXPECT_TRUE(co_await moved.read_all(buffer));
    out += text_of(buffer);
  }(lab.client(), answer));
  lab.world.run_for(2s);
  EXPECT_EQ(answer, "onetwoend");
}

// What was here is closed, and nothing of it lives on in the other.
TEST(CoroSocket, IsClosedWhenAnotherIsAssigned) {
  Lab lab;
  Result<std::size_t> end = 0;
  lab.spawn([](Net net, Result<std::size_t>& out) -> Task<> {
    auto listener = TcpListener::listen(net, {kServer, 7});
    auto stream = co_await listener->accept();
    auto second = co_await listener->accept();
    std::array<std::byte, 1> buffer;
    out = co_await stream->read(buffer, {.deadline = net.executor.now() + 5s});
  }(lab.server(), end));
  lab.spawn([](Net net) -> Task<> {
    auto first = co_await connect(net, Endpoint{kServer, 7});
    auto second = co_await connect(net, Endpoint{kServer, 7});
    TcpStream& left = *second;
    *first = std::move(left);
    EXPECT_EQ(second->native().state().error(), Error::kInvalidHandle);
    co_await sleep_for(net.executor, 10s);
  }(lab.client()));
  lab.world.run_for(8s);
  EXPECT_EQ(end, Result<std::size_t>(std::unexpected(Error::kClosed)));
}

// Both sides have news in one flush: each coroutine gets its own.
TEST(CoroSocket, AReaderAndAWriterMayWaitTogether) {
  Lab lab(1, {.bits_per_second = 100'000'000, .delay = 5ms});
  const std::vector<std::byte> sent = numbered_bytes(3'000'000);
  std::size_t received = 0;
  lab.spawn(serve_echo(lab.server()));
  lab.spawn([](Net net, Bytes bytes, std::size_t& count) -> Task<> {
    auto stream = co_await connect(net, Endpoint{kServer, 7});
    TaskGroup writer;
    writer.spawn([](TcpStream& to, Bytes all) -> Task<> {
      EXPECT_TRUE(co_await to.write_all(all));
    }(*stream, bytes));
    std::array<std::byte, 4096> buffer;
    while (count < bytes.size()) {
      const auto got = co_await stream->read(buffer, {.deadline = net.executor.now() + 10s});
      if (!got) co_return;
      EXPECT_TRUE(std::ranges::equal(Bytes(buffer).first(*got), bytes.subspan(count, *got)));
      count += *got;
    }
  }(lab.client(), sent, received));
  lab.world.run_for(60s);
  EXPECT_EQ(received, sent.size());
}

TEST(CoroSocketDeathTest, TwoReadersOfOneSocketAreAMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Lab lab;
        auto listener = TcpListener::listen(lab.server(), {kServer, 7});
        const auto accept = [](TcpListener& from) -> Task<> { (void)co_await from.accept(); };
        lab.spawn(accept(*listener));
        lab.spawn(accept(*listener));
      },
      "");
}

}  // namespace
}  // namespace strata::coro::socket_test

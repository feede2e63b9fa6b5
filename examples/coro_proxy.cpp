// SPDX-License-Identifier: Apache-2.0
// A TCP proxy on the real loop: bytes of both directions, half-closed streams, an idle limit. The
// server, the proxy and a client are three stacks in this process, joined by memory links.
#include <array>
#include <cstdio>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/coro/when.h"
#include "strata/host.h"

using namespace strata;
using namespace std::chrono_literals;

// ── The proxy ───────────────────────────────────────────────────────────────────────────────────

coro::Task<> pump(coro::TcpStream& from, coro::TcpStream& to) {
  std::array<std::byte, 16384> buffer;
  for (;;) {
    const coro::Until idle{.deadline = from.executor().now() + 60s};
    const auto count = co_await from.read(buffer, idle);
    if (!count || !co_await to.write_all(Bytes(buffer).first(*count), idle)) {
      const bool has_ended = !count && count.error() == Error::kClosed;
      if (has_ended) (void)to.shut_down(TcpShutdown::kWrite);
      if (!has_ended) to.abort();
      co_return;
    }
  }
}
coro::Task<> relay(coro::TcpStream client, coro::Net net, Endpoint server) {
  auto upstream = co_await coro::connect(net, server, {}, {net.executor.now() + 10s});
  if (!upstream) co_return client.abort();
  co_await coro::when_all(pump(client, *upstream), pump(*upstream, client));
}
coro::Task<> proxy(coro::Net net, std::uint16_t port, Endpoint server) {
  auto listener = coro::TcpListener::listen(net, {IpAddress::any_v6(), port}).value();
  coro::TaskGroup relays;
  while (auto client = co_await listener.accept()) {
    relays.spawn(relay(*std::move(client), net, server));
  }
}

// ── Somebody to serve ───────────────────────────────────────────────────────────────────────────

coro::Task<> answer_one(coro::Net net) {
  auto listener = coro::TcpListener::listen(net, {IpAddress::any_v6(), 80}).value();
  auto stream = co_await listener.accept();
  std::array<std::byte, 100> request;
  std::size_t received = 0;
  while (auto count = co_await stream->read(request)) received += *count;
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "you sent %zu bytes", received);
  (void)co_await stream->write_all(
      std::as_bytes(std::span(text)).first(static_cast<std::size_t>(size)));
}
coro::Task<> ask(coro::Net net, Endpoint proxy, Loop& loop, bool& is_right) {
  auto stream = co_await coro::connect(net, proxy);
  if (stream && co_await stream->write_all(std::array<std::byte, 5000>{})) {
    (void)stream->shut_down(TcpShutdown::kWrite);
    std::array<char, 64> text{};
    std::size_t have = 0;
    while (auto count =
               co_await stream->read(std::as_writable_bytes(std::span(text).subspan(have))))
      have += *count;
    std::printf("%s\n", text.data());
    is_right = std::string_view(text.data(), have) == "you sent 5000 bytes";
  }
  loop.stop();
}

int main() {
  const auto loop = *Loop::create();
  const auto server = *Host::create(*loop, {.name = "server"});
  const auto middle = *Host::create(*loop, {.name = "proxy"});
  const auto client = *Host::create(*loop, {.name = "client"});
  (void)Host::join(*server, "10.1.0.1/24", *middle, "10.1.0.2/24");
  (void)Host::join(*middle, "10.2.0.1/24", *client, "10.2.0.2/24");

  bool is_right = false;
  coro::TaskGroup tasks;
  tasks.spawn(answer_one({server->stack(), *loop}));
  tasks.spawn(proxy({middle->stack(), *loop}, 8080, {IpAddress::v4(10, 1, 0, 1), 80}));
  tasks.spawn(ask({client->stack(), *loop}, {IpAddress::v4(10, 2, 0, 1), 8080}, *loop, is_right));
  loop->run();
  return is_right ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// A web server by coroutine, and an HTTP client that asks it:
//   web_server tap:x,host=10.77.0.1/24 10.77.0.2/24         then: curl http://10.77.0.2/
//   web_server                                              asks itself, over two stacks
// A study in streams; what a server needs beside them is in examples/beast_http.cpp.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/host.h"

using namespace strata;
using namespace std::chrono_literals;

constexpr std::size_t kHeadBytesMax = 8192;

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string answer_to(std::string_view request) {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  const bool is_get = line.starts_with("GET ") && line.ends_with(" HTTP/1.1");
  const std::string body = is_get ? "You asked for " + std::string(line.substr(4, line.size() - 13))
                                  : "I understand GET only";
  return std::string("HTTP/1.1 ") + (is_get ? "200 OK" : "501 Not Implemented") +
         "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size() + 1) +
         "\r\n\r\n" + body + "\n";
}

// One request after the other, as they come; thirty seconds for each.
coro::Task<> serve_one(coro::TcpStream stream) {
  std::string text;
  std::array<std::byte, 4096> buffer;
  for (;;) {
    const coro::Until patience{.deadline = stream.executor().now() + 30s};
    std::size_t end = text.find("\r\n\r\n");
    while (end == std::string::npos) {
      const auto count = co_await stream.read(buffer, patience);
      if (!count || text.size() > kHeadBytesMax) co_return;
      text.append(reinterpret_cast<const char*>(buffer.data()), *count);
      end = text.find("\r\n\r\n");
    }
    if (!co_await stream.write_all(bytes_of(answer_to(text)), patience)) co_return;
    text.erase(0, end + 4);
  }
}
coro::Task<> serve(coro::Net net) {
  auto listener = coro::TcpListener::listen(net, {IpAddress::any_v6(), 80}).value();
  coro::TaskGroup clients;
  while (auto stream = co_await listener.accept()) clients.spawn(serve_one(*std::move(stream)));
}

// The whole answer; what went wrong instead of it.
coro::Task<std::string> get(coro::Net net, std::string host, std::string path) {
  const coro::Until patience{.deadline = net.executor.now() + 10s};
  auto stream = co_await coro::connect(net, host, 80, {}, patience);
  if (!stream) co_return std::string(to_text(stream.error()));
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  if (!co_await stream->write_all(bytes_of(request), patience)) co_return "the server hung up";
  (void)stream->shut_down(TcpShutdown::kWrite);  // the server ends when we do
  std::string answer;
  std::array<std::byte, 4096> buffer;
  while (auto count = co_await stream->read(buffer, patience)) {
    answer.append(reinterpret_cast<const char*>(buffer.data()), *count);
  }
  co_return answer;
}
coro::Task<> ask(Host& client, bool& is_right) {
  const coro::Net net{client.stack(), client.loop(), &client.names()};
  const std::string answer = co_await get(net, "10.0.0.1", "/a/page");
  std::printf("%s", answer.c_str());
  is_right = answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("for /a/page\n");
  client.loop().stop();
}

int serve_on(const char* device, const char* address) {
  const auto loop = *Loop::create();
  const auto host = *Host::create(*loop);
  if (const auto added = host->add_device(device, {address}); !added) {
    std::fprintf(stderr, "%s\n%s\n", added.error().text.c_str(), added.error().hint.c_str());
    return 1;
  }
  coro::TaskGroup tasks;
  tasks.spawn(serve({host->stack(), *loop}));
  loop->run();
  return 0;
}

int main(int count, char** words) {
  if (count == 3) return serve_on(words[1], words[2]);
  const auto loop = *Loop::create();
  const auto server = *Host::create(*loop, {.name = "server"});
  const auto client = *Host::create(*loop, {.name = "client"});
  (void)Host::join(*server, "10.0.0.1/24", *client, "10.0.0.2/24");
  bool is_right = false;
  coro::TaskGroup tasks;
  tasks.spawn(serve({server->stack(), *loop}));
  tasks.spawn(ask(*client, is_right));
  loop->run();
  return is_right ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// A chat: what one guest says, all others read.
//   chat tap:x,host=10.77.0.1/24 10.77.0.2/24       then, twice: socat - TCP:10.77.0.2:5000
//   chat                                            two guests in this process
#include <array>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/coro/when.h"
#include "strata/host.h"

using namespace strata;
using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 5000;
constexpr std::size_t kLineMax = 1000;
constexpr std::size_t kUnreadMax = 64'000;  // whoever does not read misses what is said

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Guest;
using Room = std::set<Guest*>;

struct Guest {
  Guest(Room& all, coro::TcpStream own)
      : room(all), stream(std::move(own)), news(stream.executor()) {
    room.insert(this);
  }
  ~Guest() { room.erase(this); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  void hear(std::string_view line) {
    if (unread.size() + line.size() > kUnreadMax) return;
    unread += line;
    news.set();
  }

  Room& room;
  coro::TcpStream stream;
  coro::Event news;
  std::string unread{};
};

coro::Task<> listen_to(Guest& guest) {
  std::string said;
  std::array<char, 1000> text;
  while (auto count = co_await guest.stream.read(std::as_writable_bytes(std::span(text)))) {
    said.append(text.data(), *count);
    for (std::size_t end = said.find('\n'); end != std::string::npos; end = said.find('\n')) {
      for (Guest* const other : guest.room) {
        if (other != &guest) other->hear(std::string_view(said).substr(0, end + 1));
      }
      said.erase(0, end + 1);
    }
    if (said.size() > kLineMax) co_return;
  }
}
coro::Task<> tell(Guest& guest) {
  while (co_await guest.news.wait()) {
    const std::string lines = std::exchange(guest.unread, {});
    if (!co_await guest.stream.write_all(bytes_of(lines))) co_return;
  }
}
// Until the guest leaves, or cannot be told any more.
coro::Task<> entertain(Room& room, coro::TcpStream stream) {
  Guest guest(room, std::move(stream));
  guest.hear("welcome\n");
  co_await coro::when_any(listen_to(guest), tell(guest));
}
coro::Task<> serve(coro::Net net) {
  auto listener = coro::TcpListener::listen(net, {IpAddress::any_v6(), kPort}).value();
  Room room;
  coro::TaskGroup guests;
  while (auto stream = co_await listener.accept())
    guests.spawn(entertain(room, *std::move(stream)));
}

// ── Two guests ──────────────────────────────────────────────────────────────────────────────────

coro::Task<std::string> read_line(coro::TcpStream& stream) {
  std::string line;
  std::array<std::byte, 1> one;
  while (!line.ends_with('\n')) {
    if (!co_await stream.read_all(one, {.deadline = stream.executor().now() + 10s})) break;
    line += static_cast<char>(one[0]);
  }
  co_return line;
}
coro::Task<> talk(coro::Net net, Loop& loop, std::string& heard) {
  auto alice = co_await coro::connect(net, "10.0.0.1", kPort);
  auto bob = co_await coro::connect(net, "10.0.0.1", kPort);
  if (alice && bob && co_await read_line(*alice) == co_await read_line(*bob)) {
    (void)co_await alice->write_all(bytes_of("hello, bob\n"));
    heard = co_await read_line(*bob);
  }
  loop.stop();
}

int main(int count, char** words) {
  const auto loop = *Loop::create();
  const auto server = *Host::create(*loop, {.name = "server"});
  const auto client = *Host::create(*loop, {.name = "client"});
  std::string heard;
  coro::TaskGroup tasks;
  tasks.spawn(serve({server->stack(), *loop}));
  if (count != 3) {
    (void)Host::join(*server, "10.0.0.1/24", *client, "10.0.0.2/24");
    tasks.spawn(talk({client->stack(), *loop}, *loop, heard));
  } else if (const auto device = server->add_device(words[1], {words[2]}); !device) {
    return std::fprintf(stderr, "%s\n", device.error().text.c_str()), 1;
  }
  loop->run();
  std::printf("%s", heard.c_str());
  return heard == "hello, bob\n" ? 0 : 1;
}

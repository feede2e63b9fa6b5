// SPDX-License-Identifier: Apache-2.0
// A TCP echo server on any device, with sockets and callbacks:
//   tcp_echo xdp:eth0,address=192.0.2.7 192.0.2.7/24     serves on port 7 until Ctrl-C
//   tcp_echo                                             two hosts in this process, and a client
#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "strata/host.h"
#include "strata/tcp_listener.h"

using namespace strata;
using namespace std::chrono_literals;

// What a peer does not read is not read from it either: `waiting` is all that is held for it.
class Echo {
 public:
  Echo(Host& host, std::uint16_t port)
      : host_(host),
        listener_(TcpListener::listen(host.stack(), {IpAddress::any_v6(), port}, {}).value()) {
    (void)listener_.on_ready([this](Readiness) { accept(); });
  }

 private:
  struct Peer {
    TcpStream stream;
    std::array<std::byte, 16384> buffer{};
    Bytes waiting{};
  };

  void accept() {
    while (auto stream = listener_.accept(host_.loop().now())) {
      const SocketId id = stream->id();
      Peer& peer = peers_.emplace(id.index, Peer{*std::move(stream)}).first->second;
      (void)peer.stream.on_ready([this, id](Readiness) { serve(id.index); });
      serve(id.index);
    }
  }
  void serve(std::uint32_t id) {
    Peer& peer = peers_.at(id);
    const Time now = host_.loop().now();
    for (;;) {
      if (peer.waiting.empty()) {
        const auto count = peer.stream.read(peer.buffer, now);
        if (!count && count.error() == Error::kWouldBlock) return;
        if (!count) return end_later(id);
        peer.waiting = Bytes(peer.buffer).first(*count);
      }
      const auto taken = peer.stream.write(peer.waiting, now);
      if (!taken && taken.error() == Error::kWouldBlock) return;
      if (!taken) return end_later(id);
      peer.waiting = peer.waiting.subspan(*taken);
    }
  }
  // A socket is not destroyed from inside its own callback.
  void end_later(std::uint32_t id) {
    (void)peers_.at(id).stream.on_ready(nullptr);
    host_.loop().post([this, id] { peers_.erase(id); });
  }

  Host& host_;
  TcpListener listener_;
  std::map<std::uint32_t, Peer> peers_;
};

int try_it_out(Loop& loop) {
  const auto server = *Host::create(loop, {.name = "server"});
  const auto client = *Host::create(loop, {.name = "client"});
  (void)Host::join(*server, "10.0.0.1/24", *client, "10.0.0.2/24");
  const Echo echo(*server, 7);
  auto stream =
      TcpStream::connect(client->stack(), {IpAddress::v4(10, 0, 0, 1), 7}, {}, loop.now()).value();
  std::string answer;
  (void)stream.on_ready([&, has_asked = false](Readiness news) mutable {
    if (news.writable && !std::exchange(has_asked, true)) {
      (void)stream.write(std::as_bytes(std::span("hello, strata")), loop.now());
    }
    std::array<char, 64> text{};
    while (auto count = stream.read(std::as_writable_bytes(std::span(text)), loop.now())) {
      answer.append(text.data(), *count);
    }
    if (answer.size() >= sizeof("hello, strata")) loop.stop();
  });
  loop.start_timer(loop.now() + 10s, [&] { loop.stop(); });
  loop.run();
  std::printf("%s\n", answer.c_str());
  return answer.starts_with("hello, strata") ? 0 : 1;
}

int main(int count, char** words) {
  const auto loop = *Loop::create();
  if (count != 3) return try_it_out(*loop);
  const auto host = *Host::create(*loop);
  if (const auto device = host->add_device(words[1], {words[2]}); !device) {
    std::fprintf(stderr, "%s\n%s\n", device.error().text.c_str(), device.error().hint.c_str());
    return 1;
  }
  const Echo echo(*host, 7);
  (void)loop->stop_on_signals({SIGINT, SIGTERM});
  std::printf("echo on port 7 of %s\n", words[2]);
  loop->run();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Hooks: a monitor that reads requests as they pass, and a rule that drops some. It sits in a
// router between two hosts of a simulated world.
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "strata/hooks.h"
#include "strata/sim.h"
#include "strata/tcp_listener.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/tcp.h"

using namespace strata;
using namespace std::chrono_literals;

// Sees packets that are about to be forwarded, where they lie. What it finds out must not depend on
// how the bytes were cut: a real monitor puts streams together first.
class Monitor final : public Hook {
 public:
  void on_packets(HookPoint /*point*/, std::span<Packet* const> packets,
                  std::span<Verdict> verdicts, Time /*now*/) override {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (packets[i] != nullptr) verdicts[i] = judge(packets[i]->bytes());
    }
  }
  std::size_t seen = 0;
  std::size_t dropped = 0;

 private:
  Verdict judge(Bytes bytes) {
    const auto ip = wire::Ipv4View::parse(bytes);
    if (!ip || ip->protocol() != wire::kIpProtocolTcp) return Verdict::accept();
    const auto tcp = wire::TcpView::parse(ip->payload());
    if (!tcp || tcp->destination_port() != 80 || tcp->payload().empty()) return Verdict::accept();
    const std::string_view text(reinterpret_cast<const char*>(tcp->payload().data()),
                                tcp->payload().size());
    const std::string line(text.substr(0, text.find('\r')));
    ++seen;
    const bool is_secret = line.find("/secret") != std::string::npos;
    dropped += is_secret ? 1 : 0;
    std::printf("%s %s\n", is_secret ? "dropped" : "passed ", line.c_str());
    return is_secret ? Verdict::drop() : Verdict::accept();
  }
};

// Answers every request with a line, and remembers how many came.
struct Server {
  explicit Server(sim::Host& host)
      : world_host(host),
        listener(TcpListener::listen(host.stack(), {IpAddress::any_v6(), 80}, {}).value()) {
    (void)listener.on_ready([this](Readiness) {
      while (auto stream = listener.accept(world_host.executor().now())) {
        streams.push_back(std::make_unique<TcpStream>(*std::move(stream)));
        (void)streams.back()->on_ready([this, one = streams.back().get()](Readiness) {
          std::array<std::byte, 1500> buffer;
          if (one->read(buffer, world_host.executor().now())) ++requests;
        });
      }
    });
  }
  sim::Host& world_host;
  TcpListener listener;
  std::vector<std::unique_ptr<TcpStream>> streams{};
  int requests = 0;
};

void ask(sim::World& world, sim::Host& client, const std::string& path) {
  auto stream =
      TcpStream::connect(client.stack(), {IpAddress::v4(10, 2, 0, 1), 80}, {}, world.now()).value();
  const std::string request = "GET " + path + " HTTP/1.1\r\n\r\n";
  (void)stream.on_ready([&, has_asked = false](Readiness news) mutable {
    if (!news.writable || std::exchange(has_asked, true)) return;
    (void)stream.write(std::as_bytes(std::span(request)), world.now());
  });
  client.wake();
  world.run_for(500ms);
  stream.abort(world.now());  // a dropped request would be sent again and again
  client.wake();
  world.run_for(500ms);
}

int main() {
  sim::World world(1);
  sim::Host& client = world.add_host("client");
  sim::Host& router = world.add_host("router", {.forward_ipv4 = true});
  sim::Host& server_host = world.add_host("server");
  world.connect(client, router);
  world.connect(router, server_host);
  client.add_address("10.1.0.2/24");
  router.add_address("10.1.0.1/24");
  router.add_address("10.2.0.2/24", 1);
  server_host.add_address("10.2.0.1/24");
  client.add_gateway("10.1.0.1");
  server_host.add_gateway("10.2.0.2");
  world.run_for(10s);  // by then nobody has claimed the addresses

  Monitor monitor;
  (void)router.stack().add_hook(HookPoint::kForward, monitor);
  Server server(server_host);
  for (const char* path : {"/", "/page", "/secret"}) ask(world, client, path);
  router.stack().remove_hook(HookPoint::kForward, monitor);
  std::printf("%zu requests seen, %d arrived\n", monitor.seen, server.requests);
  return server.requests == 2 && monitor.dropped > 0 ? 0 : 1;
}

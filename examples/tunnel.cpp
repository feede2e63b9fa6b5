// SPDX-License-Identifier: Apache-2.0
// A tunnel: IP packets of one network travel as UDP datagrams through another, as a VPN carries
// them (this one does not encrypt).
//   tunnel tun:t0,host=10.8.0.1/24 packet:eth0 192.0.2.11/24 192.0.2.12
//       one end: what this machine sends into t0 goes to 192.0.2.12, port 4789, and back
//   tunnel
//       both ends and two hosts behind them, in this process
#include <array>
#include <cstdio>
#include <memory>

#include "strata/coro/task_group.h"
#include "strata/coro/wait.h"
#include "strata/host.h"
#include "strata/icmp_socket.h"
#include "strata/packet_pool.h"
#include "strata/udp_socket.h"

using namespace strata;
using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 4789;
constexpr std::size_t kInnerMtu = 1400;  // leaves room for the outer headers

class TunnelEnd final : public Pollable {
 public:
  // `inside` carries IP packets; `outside` reaches the peer. Both outlive the end.
  TunnelEnd(Device& inside, Host& outside, IpAddress peer)
      : inside_(inside),
        outside_(outside),
        peer_{peer, kPort},
        socket_(UdpSocket::open(outside.stack()).value()) {
    descriptor_[0] = inside.descriptor();
    (void)socket_.bind({IpAddress::any_v6(), kPort});
    (void)outside.loop().add(*this);
  }
  ~TunnelEnd() override { outside_.loop().remove(*this); }
  TunnelEnd(const TunnelEnd&) = delete;
  TunnelEnd& operator=(const TunnelEnd&) = delete;

  bool turn(Time now) override {
    PacketBatch out;
    inside_.receive(outside_.stack().pool(), out);
    for (Packet* const packet : out.packets()) (void)socket_.send_to(packet->bytes(), peer_, now);
    PacketBatch in;
    while (in.room() > 0) {
      auto datagram = socket_.receive_packet();
      if (!datagram) break;
      const bool is_peer = datagram->info.source.address == peer_.address;
      if (is_peer) in.push(std::move(datagram->packet));
    }
    const bool has_worked = !out.empty() || !in.empty();
    inside_.transmit(in);
    return has_worked;
  }
  std::optional<Time> next_deadline() const override { return std::nullopt; }
  std::span<const int> descriptors() const override { return descriptor_; }
  bool prepare_to_sleep() override { return inside_.prepare_to_sleep(); }

 private:
  Device& inside_;
  Host& outside_;
  Endpoint peer_;
  UdpSocket socket_;
  std::array<int, 1> descriptor_;
};

coro::Task<> ping(Host& host, IpAddress target, bool& is_answered) {
  auto socket = IcmpSocket::open(host.stack(), AddressFamily::kIpv4).value();
  (void)socket.connect(target);
  coro::Event news(host.loop());
  (void)socket.on_ready([&](Readiness) { news.set(); });
  (void)socket.send_echo(std::as_bytes(std::span("through the tunnel")), 1, {}, host.loop().now());
  (void)co_await news.wait({.deadline = host.loop().now() + 5s});
  std::array<std::byte, 64> buffer;
  is_answered = socket.receive(buffer).has_value();
  std::printf(is_answered ? "answered through the tunnel\n" : "no answer\n");
  host.loop().stop();
}

void plug_in(Host& host, Device& device, std::string_view address) {
  const PortOptions port{.detect_duplicates = false, .is_fed_by_this_loop = true};
  (void)host.attach(device, "tunnel", {address}, port);
}

int try_it_out(Loop& loop) {
  const MemoryLinkOptions plain{
      .medium = Medium::kIp, .mtu = kInnerMtu, .vouches_for_bytes = false};
  MemoryLink left(plain), right(plain);
  const auto alice = *Host::create(loop, {.name = "alice"});
  const auto bob = *Host::create(loop, {.name = "bob"});
  const auto here = *Host::create(loop, {.name = "here"});
  const auto there = *Host::create(loop, {.name = "there"});
  plug_in(*alice, left.end(0), "10.8.0.1/24");
  plug_in(*bob, right.end(0), "10.8.0.2/24");
  (void)Host::join(*here, "192.0.2.1/24", *there, "192.0.2.2/24");
  const TunnelEnd one(left.end(1), *here, IpAddress::v4(192, 0, 2, 2));
  const TunnelEnd other(right.end(1), *there, IpAddress::v4(192, 0, 2, 1));

  bool is_answered = false;
  coro::TaskGroup tasks;
  tasks.spawn(ping(*alice, IpAddress::v4(10, 8, 0, 2), is_answered));
  loop.run();
  left.clear();
  right.clear();
  return is_answered ? 0 : 1;
}

int main(int count, char** words) {
  const auto loop = *Loop::create();
  if (count != 5) return try_it_out(*loop);
  const auto host = *Host::create(*loop);
  const auto inside = open_device(words[1]);
  const auto outside = host->add_device(words[2], {words[3]});
  const auto peer = IpAddress::parse(words[4]);
  if (!inside || !outside || !peer) return std::fprintf(stderr, "see the top of tunnel.cpp\n"), 1;
  const TunnelEnd end(**inside, *host, *peer);
  loop->run();
  return 0;
}

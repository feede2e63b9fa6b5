// SPDX-License-Identifier: Apache-2.0
// What every core serves, and who asks for it: bytes and datagrams that come back.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "service/cores/many_cores.h"
#include "strata/tcp_listener.h"
#include "strata/udp_socket.h"

namespace strata::service::many_cores {

// Sends back what it reads, and ends when the other side ends.
class Echo {
 public:
  Echo(TcpStream stream, sim::World& world) : world_(world), stream_(std::move(stream)) {
    static_cast<void>(stream_.on_ready([this](Readiness) { work(); }));
    work();
  }
  void work() {
    while (true) {
      while (sent_ < got_) {
        const auto count = stream_.write(Bytes(buffer_).subspan(sent_, got_ - sent_), world_.now());
        if (!count) return;
        sent_ += *count;
      }
      const auto count = stream_.read(buffer_, world_.now());
      sent_ = 0;
      got_ = count.value_or(0);
      if (count) continue;
      if (count.error() == Error::kClosed) {
        static_cast<void>(stream_.shut_down(TcpShutdown::kWrite, world_.now()));
      }
      return;
    }
  }

 private:
  sim::World& world_;
  TcpStream stream_;
  std::array<std::byte, 4096> buffer_{};
  std::size_t got_ = 0;
  std::size_t sent_ = 0;
};

// What every core serves.
class EchoServer {
 public:
  EchoServer(HostOfCores& host, sim::World& world) : world_(world) {
    for (std::uint16_t core = 0; core < host.count(); ++core) {
      auto listener = TcpListener::listen(host.stack(core), {IpAddress::any_v6(), kPort}, {});
      EXPECT_TRUE(listener.has_value());
      servers_.push_back(std::make_unique<Server>(std::move(*listener), host.stack(core)));
      Server& server = *servers_.back();
      EXPECT_TRUE(server.udp.bind({IpAddress::any_v6(), kPort}));
      static_cast<void>(server.listener.on_ready([this, &server](Readiness) {
        while (auto stream = server.listener.accept(world_.now())) {
          ++server.accepted;
          sessions_.push_back(std::make_unique<Echo>(std::move(*stream), world_));
        }
      }));
      static_cast<void>(server.udp.on_ready([this, &server](Readiness) { answer(server); }));
    }
  }
  [[nodiscard]] std::vector<int> accepted() const {
    std::vector<int> counts;
    counts.reserve(servers_.size());
    for (const auto& server : servers_) counts.push_back(server->accepted);
    return counts;
  }

 private:
  struct Server {
    Server(TcpListener listens, Stack& stack)
        : listener(std::move(listens)), udp(*UdpSocket::open(stack, AddressFamily::kIpv6)) {}
    TcpListener listener;
    UdpSocket udp;
    int accepted = 0;
  };

  void answer(Server& server) {
    std::vector<std::byte> buffer(70'000);
    while (const auto got = server.udp.receive(buffer)) {
      static_cast<void>(
          server.udp.send_to(Bytes(buffer).first(got->size), got->source, world_.now()));
    }
  }

  sim::World& world_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<Echo>> sessions_;
};

// A client that writes so many bytes and wants them back.
class Client {
 public:
  Client(sim::Host& host, sim::World& world, const IpAddress& to, std::size_t bytes, unsigned seed)
      : world_(world), out_(bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      out_[i] = static_cast<std::byte>(i * 31 + i / 253 + seed);
    }
    auto stream = TcpStream::connect(host.stack(), {to, kPort}, {}, world.now());
    EXPECT_TRUE(stream.has_value());
    stream_.emplace(std::move(*stream));
    static_cast<void>(stream_->on_ready([this](Readiness) { work(); }));
  }
  [[nodiscard]] bool is_good() const { return is_over_ && in_ == out_; }
  [[nodiscard]] bool is_over() const { return is_over_ || has_failed_; }

 private:
  void work() {
    while (written_ < out_.size()) {
      const auto count = stream_->write(Bytes(out_).subspan(written_), world_.now());
      if (!count && count.error() != Error::kWouldBlock) has_failed_ = true;
      if (!count) break;
      written_ += *count;
      if (written_ == out_.size()) {
        static_cast<void>(stream_->shut_down(TcpShutdown::kWrite, world_.now()));
      }
    }
    std::array<std::byte, 8192> buffer;
    while (!is_over_ && !has_failed_) {
      const auto count = stream_->read(buffer, world_.now());
      if (count) {
        in_.insert(in_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count));
        continue;
      }
      if (count.error() == Error::kClosed)
        is_over_ = true;
      else if (count.error() != Error::kWouldBlock)
        has_failed_ = true;
      return;
    }
  }

  sim::World& world_;
  std::vector<std::byte> out_, in_;
  std::optional<TcpStream> stream_;
  std::size_t written_ = 0;
  bool is_over_ = false;
  bool has_failed_ = false;
};

inline void echo_over_tcp(Lab& lab, int clients, std::size_t bytes, bool may_fail = false) {
  std::vector<std::unique_ptr<Client>> all;
  all.reserve(static_cast<std::size_t>(clients));
  for (int i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<Client>(lab.peer, lab.world, i % 2 == 0 ? kUs4 : kUs6, bytes,
                                           static_cast<unsigned>(i)));
  }
  lab.peer.wake();
  lab.world.run_until_true(
      [&] { return std::ranges::all_of(all, [](const auto& one) { return one->is_over(); }); },
      std::chrono::seconds(600));
  for (const auto& client : all) EXPECT_TRUE(may_fail || client->is_good());
}

}  // namespace strata::service::many_cores

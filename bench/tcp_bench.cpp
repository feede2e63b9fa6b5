// SPDX-License-Identifier: Apache-2.0
// Claims: one core carries 50 Gbit/s of TCP between two stacks at an MTU of 1500, twice that in
// super-segments, 2 million requests and answers a second, and 400,000 whole connections.
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/stack_pair.h"
#include "bench/harness/timing.h"
#include "bench/peers/kernel_tcp.h"
#include "bench/peers/lwip_tcp.h"
#include "strata/check.h"
#include "strata/tcp_listener.h"

namespace strata::bench {
namespace {

constexpr std::uint16_t kPort = 5001;

// Two stacks with one connection between their programs.
class Pair {
 public:
  explicit Pair(const MemoryLinkOptions& link)
      : pair_(link),
        listener_(listen(pair_[1])),
        client_(connect(pair_[0])),
        server_(accept_one()) {}

  [[nodiscard]] Stack& stack(std::size_t which) { return pair_[which].stack(); }
  [[nodiscard]] TcpStream& client() { return client_; }
  [[nodiscard]] TcpStream& server() { return server_; }
  [[nodiscard]] std::uint64_t allocations() const { return pair_.allocations(); }
  void turn(Time now) {
    pair_[0].turn(now);
    pair_[1].turn(now);
  }

 private:
  static TcpListener listen(Host& host) {
    auto made = TcpListener::listen(host.stack(), {IpAddress::any_v4(), kPort}, {});
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }
  static TcpStream connect(Host& host) {
    auto made =
        TcpStream::connect(host.stack(), {kPairAddresses[1], kPort},
                           {.options = {.no_delay = true, .send_buffer = 256U << 10U}}, now());
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }
  TcpStream accept_one() {
    for (int i = 0; i < 100; ++i) {
      turn(now());
      if (auto accepted = listener_.accept(now())) return std::move(*accepted);
    }
    STRATA_CHECK(false);
    __builtin_unreachable();
  }

  StackPair pair_;
  TcpListener listener_;
  TcpStream client_, server_;
};

// One program writes whenever it may, the other reads what there is; both copy every byte.
class Bulk final : public Contestant {
 public:
  explicit Bulk(const MemoryLinkOptions& link) : pair_(link), out_(kWrite), in_(kRead) {
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i] = static_cast<std::byte>(i * 7);
  }

  double measure(Seconds duration) override {
    const std::uint64_t heap_before = heap_allocations();
    const std::uint64_t memory_before = pair_.allocations();
    const Throughput done = run_for(duration, [this] { return turn(); });
    const double mebibytes = static_cast<double>(done.count) / 0x1p20;
    heap_ = static_cast<double>(heap_allocations() - heap_before) / mebibytes;
    memory_ = static_cast<double>(pair_.allocations() - memory_before) / mebibytes;
    return done.per_second() * 8 / 1e9;
  }
  std::vector<Detail> details() const override {
    return {{"heap allocations/MiB", heap_}, {"Memory allocations/MiB", memory_}};
  }

  // Answers how many bytes arrived.
  std::uint64_t turn() {
    const Time time = now();
    while (pair_.client().write(out_, time)) {
    }
    pair_.turn(time);
    std::uint64_t arrived = 0;
    while (const auto count = pair_.server().read(in_, time)) arrived += *count;
    return arrived;
  }

 private:
  static constexpr std::size_t kWrite = 16U << 10U;
  static constexpr std::size_t kRead = 16U << 10U;

  Pair pair_;
  std::vector<std::byte> out_, in_;
  double heap_ = 0, memory_ = 0;
};

// A request of 64 bytes and an answer of as many, one at a time.
class RequestResponse final : public Contestant {
 public:
  RequestResponse() : pair_(MemoryLinkOptions{.vouches_for_bytes = false}) {}

  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).per_second() / 1e6;
  }

  std::uint64_t turn() {
    const Time time = now();
    for (int i = 0; i < kRequests; ++i) one(time);
    return kRequests;
  }

 private:
  static constexpr int kRequests = 16;

  void one(Time time) {
    STRATA_CHECK(pair_.client().write(Bytes(message_), time) == message_.size());
    pair_.stack(0).flush(time);
    pair_.stack(1).poll(time);
    STRATA_CHECK(pair_.server().read(message_, time) == message_.size());
    STRATA_CHECK(pair_.server().write(Bytes(message_), time) == message_.size());
    pair_.stack(1).flush(time);
    pair_.stack(0).poll(time);
    STRATA_CHECK(pair_.client().read(message_, time) == message_.size());
  }

  Pair pair_;
  std::array<std::byte, 64> message_{};
};

// The same over many connections at once, as a server sees it: all requests wait when it polls, and
// both programs are called when there is something to read.
class ManyRequests final : public Contestant {
 public:
  ManyRequests() : listener_(TcpListener::listen(pair_[1].stack(), kServer, {}).value()) {
    open(0);  // one alone first: few SYNs may wait until the neighbours know each other
    for (std::size_t i = 1; i < kConnections; ++i) open(i);
  }

  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).per_second() / 1e6;
  }

  // A request and an answer on each connection. Answers how many came back.
  std::uint64_t turn() {
    answers_ = 0;
    time_ = now();
    for (TcpStream& client : clients_) {
      STRATA_CHECK(client.write(Bytes(message_), time_) == message_.size());
    }
    pair_[0].stack().flush(time_);
    take_in(1);
    take_in(0);
    STRATA_CHECK(answers_ == kConnections);
    return answers_;
  }

 private:
  static constexpr std::size_t kConnections = 64;
  static constexpr Endpoint kServer{kPairAddresses[1], kPort};

  void open(std::size_t which) {
    auto client =
        TcpStream::connect(pair_[0].stack(), kServer, {.options = {.no_delay = true}}, now());
    STRATA_CHECK(client.has_value());
    clients_.push_back(std::move(*client));
    for (int i = 0; i < 10 && servers_.size() == which; ++i) {
      pair_[0].turn(now());
      pair_[1].turn(now());
      auto server = listener_.accept(now());
      if (server) servers_.push_back(std::move(*server));
    }
    STRATA_CHECK(servers_.size() == which + 1);
    pair_[0].turn(now());
    STRATA_CHECK(servers_[which].on_ready([this, which](Readiness) { answer(which); }).has_value());
    STRATA_CHECK(
        clients_[which].on_ready([this, which](Readiness) { collect(which); }).has_value());
  }

  // An ACK that was due may stand among what fills a batch.
  void take_in(std::size_t which) {
    while (pair_[which].stack().poll(time_)) {
    }
    pair_[which].stack().flush(time_);
  }
  void answer(std::size_t which) {
    while (servers_[which].read(message_, time_) == message_.size()) {
      STRATA_CHECK(servers_[which].write(Bytes(message_), time_) == message_.size());
    }
  }
  void collect(std::size_t which) {
    while (clients_[which].read(message_, time_) == message_.size()) ++answers_;
  }

  StackPair pair_{MemoryLinkOptions{.vouches_for_bytes = false}};
  TcpListener listener_;
  std::vector<TcpStream> clients_, servers_;
  std::array<std::byte, 64> message_{};
  std::uint64_t answers_ = 0;
  Time time_{};
};

// Whole connections, a few at a time: connect, 64 bytes there and back, close. The server closes
// first, so that its table fills with TIME-WAITs and every port comes round again within them: the
// next SYN's timestamp is what lets it in (RFC 6191).
class Connections final : public Contestant {
 public:
  // One alone first: few SYNs may wait until the neighbours know each other.
  Connections() : listener_(listen(pair_[1])) { run(std::span(clients_).first(1), kFirstRounds); }

  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).per_second() / 1e3;
  }

  std::uint64_t turn() {
    run(clients_, kRounds);
    return kAtOnce;
  }

 private:
  static constexpr std::size_t kAtOnce = 32;
  static constexpr int kRounds = 2;
  static constexpr int kFirstRounds = 10;

  void run(std::span<std::optional<TcpStream>> clients, int rounds) {
    for (auto& client : clients) {
      auto made = TcpStream::connect(pair_[0].stack(), {kPairAddresses[1], kPort}, {}, now());
      STRATA_CHECK(made.has_value());
      client = std::move(*made);
    }
    exchange(rounds);
    for (auto& client : clients) {
      STRATA_CHECK(client->write(Bytes(message_), now()) == message_.size());
    }
    exchange(rounds);
    answer(clients.size());
    exchange(rounds);
    for (auto& client : clients) {
      STRATA_CHECK(client->read(message_, now()) == message_.size());
      client->close(now());
    }
    exchange(rounds);
  }

  static TcpListener listen(Host& host) {
    auto made = TcpListener::listen(host.stack(), {IpAddress::any_v4(), kPort}, {});
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }

  void answer(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto server = listener_.accept(now());
      STRATA_CHECK(server.has_value());
      STRATA_CHECK(server->read(message_, now()) == message_.size());
      STRATA_CHECK(server->write(Bytes(message_), now()) == message_.size());
      server->close(now());
    }
  }

  // There, and back with what that caused: more packets than a poll takes in at once.
  void exchange(int rounds) {
    const Time time = now();
    for (int i = 0; i < rounds; ++i) {
      for (std::size_t which = 0; which < 2; ++which) {
        while (pair_[which].stack().poll(time)) {
        }
        pair_[which].stack().flush(time);
      }
    }
  }

  StackPair pair_{MemoryLinkOptions{.vouches_for_bytes = false}};
  TcpListener listener_;
  std::array<std::optional<TcpStream>, kAtOnce> clients_;
  std::array<std::byte, 64> message_{};
};

MemoryLinkOptions plain_link() { return {.ring_packets = 128, .vouches_for_bytes = false}; }
MemoryLinkOptions cutting_link() {
  return {.ring_packets = 1024,
          .vouches_for_bytes = false,
          .completes_checksums = true,
          .tcp_segment_bytes_max = 65535};
}

void add_all() {
  add({.name = "tcp/bulk",
       .unit = "Gbit/s",
       .claim = "one TCP connection between two stacks on one core over a memory link that copies "
                "each frame and vouches for nothing, MTU 1500, programs copy in and out",
       .contestants = {{"strata", [] { return std::make_unique<Bulk>(plain_link()); }},
                       {"lwIP 2.1.3 (Debian)", [] { return lwip_tcp_bulk(); }}},
       .goal = 50.0,
       .ratio_goal = 3.0});
  add({.name = "tcp/bulk-super",
       .unit = "Gbit/s",
       .claim = "the same over a link that carries super-segments of 64 KB",
       .contestants = {{"strata", [] { return std::make_unique<Bulk>(cutting_link()); }},
                       {"kernel loopback, one core",
                        [] { return kernel_tcp_loopback_bulk(LoopbackCores::kOne); }}},
       .goal = 100.0,
       .ratio_goal = 5.0});
  add({.name = "tcp/request-response",
       .unit = "million/s",
       .claim = "64 bytes there and 64 bytes back, one at a time, over the same plain link",
       .contestants = {{"strata", [] { return std::make_unique<RequestResponse>(); }}},
       .goal = 2.0});
  add({.name = "tcp/request-response-64",
       .unit = "million/s",
       .claim = "the same over 64 connections at once, programs called back through readiness",
       .contestants = {{"strata", [] { return std::make_unique<ManyRequests>(); }}},
       .goal = 2.0});
  add({.name = "tcp/connections",
       .unit = "thousand/s",
       .claim = "connect, 64 bytes there and back, close, 32 at a time; TIME-WAITs last 60 s",
       .contestants = {{"strata", [] { return std::make_unique<Connections>(); }}},
       .goal = 400.0});
  add_work("tcp/bulk", [](std::uint64_t count) {
    Bulk bulk(plain_link());
    for (std::uint64_t done = 0; done < count;) done += bulk.turn();
  });
  add_work("tcp/connections", [](std::uint64_t count) {
    Connections connections;
    for (std::uint64_t done = 0; done < count;) done += connections.turn();
  });
  add_work("tcp/request-response-64", [](std::uint64_t count) {
    ManyRequests requests;
    for (std::uint64_t done = 0; done < count;) done += requests.turn();
  });
  add_work("tcp/request-response", [](std::uint64_t count) {
    RequestResponse exchange;
    for (std::uint64_t done = 0; done < count;) done += exchange.turn();
  });
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench

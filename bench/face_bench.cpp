// SPDX-License-Identifier: Apache-2.0
// Claims: a page of 100,000 connections, sorted by what any of them does, is made within 50 ms, and
// packets wait for no more than a slice of it.
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/timing.h"
#include "service/hosted_stack.h"
#include "service/web/face.h"
#include "strata/check.h"
#include "strata/devices.h"
#include "strata/loop.h"
#include "strata/tcp_listener.h"

namespace strata::bench {
namespace {

using service::ConnectionOrder;
using service::Face;
using service::FaceAnswer;
using service::FaceQuery;
using service::HostedStack;

constexpr std::size_t kConnections = 100'000;
constexpr std::uint16_t kFirstPort = 5001;
// As many connections to one port of the server: fewer than there are ephemeral ports.
constexpr std::size_t kPerPort = 10'000;
constexpr std::array<const char*, 2> kAddresses{"10.9.0.1", "10.9.0.2"};

// Two hosted stacks on one loop, and connections between them.
class Hosts {
 public:
  explicit Hosts(std::size_t count) {
    for (std::size_t i = 0; i < count; i += kPerPort) listen();
    streams_.reserve(2 * count);
    for (std::size_t i = 0; i < count; ++i) open(i / kPerPort);
  }
  ~Hosts() {
    streams_.clear();
    listeners_.clear();
    link_.clear();
  }
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  [[nodiscard]] HostedStack& server() { return *hosts_[1]; }
  [[nodiscard]] Loop& loop() { return *loop_; }
  void turn() { loop_->run_once(Duration::zero()); }

 private:
  static std::unique_ptr<Loop> make_loop() {
    auto made = Loop::create({.policy = LoopPolicy::kSpin});
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }
  std::unique_ptr<HostedStack> make_host(std::size_t which) {
    const service::Port port{.name = "link",
                             .device = &link_.end(which),
                             .feeding = service::Feeding::kSameLoop,
                             .addresses = {*Prefix::parse(std::string(kAddresses[which]) + "/24")},
                             .detect_duplicates = false};
    auto made = HostedStack::create(*loop_, {.name = "bench", .seed = which + 1}, {&port, 1});
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }
  void listen() {
    const auto port = static_cast<std::uint16_t>(kFirstPort + listeners_.size());
    auto made = TcpListener::listen(server().stack(), {IpAddress::any_v4(), port}, {});
    STRATA_CHECK(made.has_value());
    listeners_.push_back(std::move(*made));
  }
  void open(std::size_t listener) {
    const Endpoint server{*IpAddress::parse(kAddresses[1]),
                          static_cast<std::uint16_t>(kFirstPort + listener)};
    auto client = TcpStream::connect(hosts_[0]->stack(), server, {}, loop_->now());
    STRATA_CHECK(client.has_value());
    streams_.push_back(std::move(*client));
    for (int turns = 0; turns < 1000; ++turns) {
      turn();
      if (auto accepted = listeners_[listener].accept(loop_->now())) {
        streams_.push_back(std::move(*accepted));
        return;
      }
    }
    STRATA_CHECK(false);
  }

  MemoryLink link_;
  std::unique_ptr<Loop> loop_ = make_loop();
  std::array<std::unique_ptr<HostedStack>, 2> hosts_{make_host(0), make_host(1)};
  std::vector<TcpListener> listeners_;
  std::vector<TcpStream> streams_;
};

enum class What : std::uint8_t { kWholePage, kLongestTurn };

class Pages final : public Contestant {
 public:
  Pages(ConnectionOrder order, What what) : what_(what) {
    query_.kind = FaceQuery::Kind::kConnections;
    query_.connections = {.limit = 100, .order = order, .is_descending = true};
  }

  // Milliseconds: the shortest page of the round, or the longest turn of its best page, for a turn
  // that the machine took away from us says nothing of either.
  double measure(Seconds duration) override {
    const auto end = Clock::now() + duration;
    double best = 1e9;
    do {
      const auto [page, turn] = make_page();
      best = std::min(best, what_ == What::kWholePage ? page : turn);
    } while (Clock::now() < end);
    return best;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;

  std::pair<double, double> make_page() {
    std::optional<FaceAnswer> answer;
    const auto begin = Clock::now();
    face_.ask(hosts_.loop(), query_, [&](FaceAnswer told) { answer = std::move(told); });
    auto before = Clock::now();
    Milliseconds longest = before - begin;
    while (!answer) {
      hosts_.turn();
      const auto after = Clock::now();
      longest = std::max<Milliseconds>(longest, after - before);
      before = after;
    }
    STRATA_CHECK(answer->text.contains(std::to_string(kConnections)));
    return {Milliseconds(before - begin).count(), longest.count()};
  }

  What what_;
  Hosts hosts_{kConnections};
  Face face_{{&hosts_.server()}, nullptr, "bench"};
  FaceQuery query_;
};

void add_all() {
  add({.name = "face/page-100000",
       .unit = "ms",
       .better = Better::kLower,
       .claim = "100 of 100,000 connections, those with the highest rate, as JSON",
       .contestants = {{"strata",
                        []() -> Entry {
                          return std::make_unique<Pages>(ConnectionOrder::kRate, What::kWholePage);
                        }}},
       .goal = 50});
  add({.name = "face/pause-100000",
       .unit = "ms",
       .better = Better::kLower,
       .claim = "the longest turn of the loop meanwhile, for which packets wait",
       .contestants = {{"strata",
                        []() -> Entry {
                          return std::make_unique<Pages>(ConnectionOrder::kRate,
                                                         What::kLongestTurn);
                        }}},
       .goal = 1});
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench

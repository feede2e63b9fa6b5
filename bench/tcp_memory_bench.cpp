// SPDX-License-Identifier: Apache-2.0
// Claims: a connection that moved 64 KB with a loss and went idle takes no more than 512 bytes at
// either end, tables and timers counted; idle ones do not slow an active one down; and segments of
// connections at random cost no more than twice those of one.
// 20,000 connections by default, a million with --full.
#include <array>
#include <string_view>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/stack_pair.h"
#include "bench/harness/timing.h"
#include "strata/check.h"
#include "strata/rng.h"
#include "strata/tcp_listener.h"

namespace strata::bench {
namespace {

constexpr std::uint16_t kFirstPort = 5001;
// As many connections to one port of the server: fewer than there are ephemeral ports.
constexpr std::size_t kPerPort = 10'000;
constexpr std::size_t kAtOnce = 32;
constexpr std::size_t kMoved = 64U << 10U;

std::size_t connection_count = 20'000;

// Drops one full frame of each transfer, in its middle, so that the rest tells of the hole.
class OneLoss final : public Hook {
 public:
  void arm() { frames_until_loss_ = kInTheMiddle; }
  void on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time) override {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (packets[i] == nullptr || packets[i]->size() < kFull || frames_until_loss_ == 0) continue;
      if (--frames_until_loss_ == 0) {
        verdicts[i] = Verdict::drop();
        ++lost_;
      }
    }
  }
  [[nodiscard]] std::size_t lost() const { return lost_; }

 private:
  static constexpr std::size_t kInTheMiddle = 20;
  static constexpr std::size_t kFull = 1400;

  std::size_t frames_until_loss_ = 0;
  std::size_t lost_ = 0;
};

struct Ends {
  TcpStream client, server;
};

// Two stacks with connections that have done something.
class Crowd {
 public:
  explicit Crowd(std::size_t count) : text_(kMoved, std::byte{0x5a}), buffer_(kMoved) {
    CHECK(pair_[1].stack().add_hook(HookPoint::kFrameIn, loss_).has_value());
    for (std::size_t i = 0; i <= count; i += kPerPort) listen(port_of(i));
    // What stacks keep for good is there before anything is counted.
    open(port_of(0));
    move_with_loss(streams_.back());
    before_ = {pair_[0].memory().bytes_used(), pair_[1].memory().bytes_used()};
    for (std::size_t i = 0; i < count; ++i) {
      open(port_of(i));
      move_with_loss(streams_.back());
    }
    CHECK(loss_.lost() == count + 1);
    settle();
    pair_[1].stack().remove_hook(HookPoint::kFrameIn, loss_);
  }

  [[nodiscard]] double bytes_each(std::size_t which) {
    const std::size_t now_used = pair_[which].memory().bytes_used();
    return static_cast<double>(now_used - before_[which]) /
           static_cast<double>(streams_.size() - 1);
  }
  [[nodiscard]] std::size_t size() const { return streams_.size(); }
  [[nodiscard]] Ends& operator[](std::size_t i) { return streams_[i]; }
  void turn() {
    time_ += std::chrono::microseconds(1);
    pair_[0].turn(time_);
    pair_[1].turn(time_);
  }
  [[nodiscard]] Time time() const { return time_; }

 private:
  static std::uint16_t port_of(std::size_t i) {
    return static_cast<std::uint16_t>(kFirstPort + i / kPerPort);
  }

  void listen(std::uint16_t port) {
    auto made = TcpListener::listen(pair_[1].stack(), {IpAddress::any_v4(), port}, {});
    CHECK(made.has_value());
    listeners_.push_back(std::move(*made));
  }

  void open(std::uint16_t port) {
    auto client = TcpStream::connect(pair_[0].stack(), {kPairAddresses[1], port}, {}, time_);
    CHECK(client.has_value());
    for (int i = 0; i < 100; ++i) {
      turn();
      if (auto server = listeners_[port - kFirstPort].accept(time_)) {
        streams_.push_back({std::move(*client), std::move(*server)});
        return;
      }
    }
    CHECK(false);
  }

  void move_with_loss(Ends& ends) {
    loss_.arm();
    std::size_t sent = 0, arrived = 0;
    for (int turns = 0; arrived < kMoved; ++turns) {
      CHECK(turns < 100'000);
      if (const auto count = ends.client.write(Bytes(text_).subspan(sent), time_)) sent += *count;
      turn();
      while (const auto count = ends.server.read(buffer_, time_)) arrived += *count;
    }
    turn();
    turn();
  }

  // Until what is delayed, ACKs above all, has left.
  void settle() {
    for (int i = 0; i < 1000; ++i) {
      time_ += std::chrono::milliseconds(10);
      turn();
    }
  }

  StackPair pair_{MemoryLinkOptions{.ring_packets = 128, .vouches_for_bytes = false}};
  OneLoss loss_;
  Time time_ = now();
  std::vector<std::byte> text_, buffer_;
  std::vector<TcpListener> listeners_;
  std::vector<Ends> streams_;
  std::array<std::size_t, 2> before_{};
};

class IdleBytes final : public Contestant {
 public:
  explicit IdleBytes(std::size_t which) : which_(which) {}
  double measure(Seconds) override {
    if (bytes_ == 0) bytes_ = Crowd(connection_count).bytes_each(which_);
    return bytes_;
  }

 private:
  std::size_t which_;
  double bytes_ = 0;
};

// Full segments over one of the connections, or over any of them, one at a time.
class Exchange final : public Contestant {
 public:
  Exchange(std::size_t idle, bool at_random) : crowd_(idle), at_random_(at_random) {}
  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).nanoseconds_each();
  }

 private:
  std::uint64_t turn() {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      chosen_[i] = at_random_ ? static_cast<std::size_t>(rng_.below(crowd_.size())) : 0;
      CHECK(crowd_[chosen_[i]].client.write(message_, crowd_.time()).has_value());
    }
    crowd_.turn();
    crowd_.turn();
    std::uint64_t arrived = 0;
    for (const std::size_t i : chosen_) {
      while (const auto count = crowd_[i].server.read(buffer_, crowd_.time())) arrived += *count;
    }
    return arrived / message_.size();
  }

  Crowd crowd_;
  bool at_random_;
  Rng rng_{7};
  std::array<std::size_t, kAtOnce> chosen_{};
  std::array<std::byte, 1024> message_{};
  std::array<std::byte, 64U << 10U> buffer_{};
};

template <typename Made, typename... Args>
ContestantSpec contestant(const char* name, Args... args) {
  return {name, [=]() -> Entry { return std::make_unique<Made>(args...); }};
}

void add_all() {
  add({.name = "tcp_memory/idle",
       .unit = "bytes",
       .better = Better::kLower,
       .claim =
           "memory of each connection that moved 64 KB with one loss and went idle, tables and "
           "timers counted",
       .contestants = {contestant<IdleBytes>("strata, the sender", 0U),
                       contestant<IdleBytes>("strata, the receiver", 1U)},
       .goal = 512});
  add({.name = "tcp_memory/one_active",
       .unit = "ns/KB",
       .better = Better::kLower,
       .claim = "one connection moves messages of 1 KB while all others are idle",
       .contestants = {contestant<Exchange>("strata, beside idle ones", connection_count, false),
                       contestant<Exchange>("strata, alone", std::size_t{0}, false)},
       .ratio_goal = 1.05});
  add({.name = "tcp_memory/all_active",
       .unit = "ns/KB",
       .better = Better::kLower,
       .claim = "each message of 1 KB goes over a connection at random, 32 of them at a time",
       .contestants = {contestant<Exchange>("strata, at random", connection_count, true),
                       contestant<Exchange>("strata, of 32", kAtOnce, true)},
       .ratio_goal = 2.0});
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  std::vector<char*> arguments;
  for (int i = 0; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--full") {
      strata::bench::connection_count = 1'000'000;
    } else {
      arguments.push_back(argv[i]);
    }
  }
  strata::bench::add_all();
  return strata::bench::run_program(static_cast<int>(arguments.size()), arguments.data());
}

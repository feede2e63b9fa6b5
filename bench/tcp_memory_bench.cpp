// SPDX-License-Identifier: Apache-2.0
// Claims: a connection that moved 64 KB with a loss and went idle takes no more than 512 bytes at
// either end, tables and timers counted; idle ones do not slow an active one down; segments of
// connections at random cost no more than twice those of one; and what a message costs grows with
// nothing but what the caches hold, from one connection to a million.
#include <array>
#include <string>

#include "bench/harness/benchmark.h"
#include "bench/harness/crowd.h"
#include "bench/peers/kernel_crowd.h"
#include "strata/check.h"
#include "strata/rng.h"

namespace strata::bench {
namespace {

constexpr std::size_t kConnections = 20'000;
constexpr std::size_t kAtOnce = 32;
// Long enough that delayed ACKs of many connections do not wait all at once.
constexpr Duration kHalfRoundTrip = std::chrono::microseconds(500);
// 9,000: no more sockets of the kernel fit a process here.
constexpr std::array<std::size_t, 6> kGrowth{1, 32, 1'000, 9'000, 100'000, 1'000'000};

class IdleBytes final : public Contestant {
 public:
  explicit IdleBytes(std::size_t which) : which_(which) {}
  double measure(Seconds) override {
    if (bytes_ == 0) bytes_ = Crowd(kConnections, Past::kMovedData).bytes_each(which_);
    return bytes_;
  }

 private:
  std::size_t which_;
  double bytes_ = 0;
};

enum class Which : std::uint8_t { kTheFirst, kAnyone };

// Messages of 1 KB over one of the connections, or over any of them, 32 at a time.
class Exchange final : public Contestant {
 public:
  Exchange(std::size_t connections, Past past, Which which)
      : crowd_(connections, past), which_(which) {}
  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).nanoseconds_each();
  }

 private:
  std::uint64_t turn() {
    for (std::size_t& chosen : chosen_) {
      chosen = which_ == Which::kAnyone ? static_cast<std::size_t>(rng_.below(crowd_.size())) : 0;
      STRATA_CHECK(crowd_[chosen].client.write(message_, crowd_.time()).has_value());
    }
    crowd_.turn(kHalfRoundTrip);
    crowd_.turn(kHalfRoundTrip);
    std::uint64_t arrived = 0;
    for (const std::size_t i : chosen_) {
      while (const auto count = crowd_[i].server.read(buffer_, crowd_.time())) arrived += *count;
    }
    return arrived / message_.size();
  }

  Crowd crowd_;
  Which which_;
  Rng rng_{7};
  std::array<std::size_t, kAtOnce> chosen_{};
  std::array<std::byte, 1024> message_{};
  std::array<std::byte, 64U << 10U> buffer_{};
};

template <typename Made, typename... Args>
ContestantSpec contestant(const char* name, Args... args) {
  return {name, [=]() -> Entry { return std::make_unique<Made>(args...); }};
}

void add_growth(std::size_t connections) {
  add({.name = "tcp_memory/growth-" + std::to_string(connections),
       .unit = "ns/KB",
       .better = Better::kLower,
       .claim = "messages of 1 KB over connections at random, 32 at a time, both ends on one core",
       .contestants = {contestant<Exchange>("strata", connections, Past::kFresh, Which::kAnyone),
                       {"kernel loopback, one core",
                        [connections] { return kernel_crowd(connections, kAtOnce); }}},
       .point = Point{"tcp_memory/growth", "connections", static_cast<double>(connections)},
       .is_long = connections > 100'000});
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
       .contestants = {contestant<Exchange>("strata, beside idle ones", kConnections,
                                            Past::kMovedData, Which::kTheFirst),
                       contestant<Exchange>("strata, alone", std::size_t{1}, Past::kMovedData,
                                            Which::kTheFirst)},
       .ratio_goal = 1.05});
  add({.name = "tcp_memory/all_active",
       .unit = "ns/KB",
       .better = Better::kLower,
       .claim = "each message of 1 KB goes over a connection at random, 32 of them at a time",
       .contestants = {contestant<Exchange>("strata, at random", kConnections, Past::kMovedData,
                                            Which::kAnyone),
                       contestant<Exchange>("strata, of 32", kAtOnce, Past::kMovedData,
                                            Which::kAnyone)},
       .ratio_goal = 2.0});
  for (const std::size_t connections : kGrowth) add_growth(connections);
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench

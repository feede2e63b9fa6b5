// SPDX-License-Identifier: Apache-2.0
// Claims: frames of 64 bytes are copied into a pipe and out of it at 60 million a second from core
// to core; one goes there and back within twice the time that two cache lines need; and from null:
// to null: a ring forwards 0.8 times what DPDK's testpmd does.
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "bench/harness/benchmark.h"
#include "bench/harness/round_trips.h"
#include "bench/harness/timing.h"
#include "strata/check.h"
#include "strata/ring.h"

namespace strata::bench {
namespace {

constexpr std::size_t kFrameBytes = 64;
constexpr std::size_t kBurst = 64;
constexpr std::size_t kForwardBurst = 32;

struct alignas(64) Payload {
  std::uint64_t number = 0;
  std::array<std::byte, kFrameBytes - sizeof(std::uint64_t)> rest{};
};
static_assert(sizeof(Payload) == kFrameBytes);

std::pair<ring::Port, ring::Port> make_pipe() {
  auto ends = ring::Port::pipe();
  STRATA_CHECK(ends.has_value());
  return *std::move(ends);
}

// Copies as many frames in as there is room for.
std::size_t send_burst(ring::TxRing& tx, Payload& payload) {
  const auto frames = tx.reserve(kBurst, kFrameBytes);
  for (ring::Frame& frame : frames) {
    ++payload.number;
    std::memcpy(frame.bytes().data(), &payload, kFrameBytes);
  }
  tx.commit(frames.size());
  return frames.size();
}

std::size_t receive_burst(ring::RxRing& rx, Payload& payload) {
  const auto frames = rx.batch(kBurst);
  for (const ring::Frame& frame : frames) {
    std::memcpy(&payload, frame.bytes().data(), kFrameBytes);
    keep(payload);
  }
  return frames.size();
}

class PipeFrames final : public Contestant {
 public:
  double measure(Seconds duration) override {
    auto ends = make_pipe();
    ring::Port& near = ends.first;
    ring::Port& far = ends.second;
    std::atomic<bool> is_over{false};
    const std::jthread sender([&] {
      Payload payload;
      while (!is_over.load(std::memory_order_relaxed)) send_burst(near.tx(), payload);
    });
    Payload payload;
    std::uint64_t received = 0;
    while (received == 0) received += receive_burst(far.rx(), payload);
    received = 0;
    const auto begin = Wall::now();
    const auto end = begin + std::chrono::duration_cast<Wall::duration>(duration);
    do {
      received += receive_burst(far.rx(), payload);
    } while (Wall::now() < end);
    const Seconds took = Wall::now() - begin;
    is_over = true;
    return static_cast<double>(received) / took.count() / 1e6;
  }
};

// One number from core to core and back, each way on a cache line of its own: nothing is faster.
class CacheLines final : public Contestant {
 public:
  double measure(Seconds duration) override {
    there_.value = 0;
    back_.value = 0;
    std::uint64_t round = 0;
    const std::jthread other([this] {
      for (std::uint64_t next = 1; next != kEnd; ++next) {
        std::uint64_t value = 0;
        while ((value = there_.value.load(std::memory_order_acquire)) < next) {
        }
        if (value == kEnd) return;
        back_.value.store(next, std::memory_order_release);
      }
    });
    const double median = trips_.measure(duration, [&]() -> std::optional<double> {
      const auto begin = Wall::now();
      for (int i = 0; i < kTogether; ++i) {
        there_.value.store(++round, std::memory_order_release);
        while (back_.value.load(std::memory_order_acquire) != round) {
        }
      }
      return std::chrono::duration<double, std::micro>(Wall::now() - begin).count() / kTogether;
    });
    there_.value.store(kEnd, std::memory_order_release);
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

  static constexpr int kTogether = 16;  // reading the clock costs as much as a fifth of a trip

 private:
  static constexpr std::uint64_t kEnd = UINT64_MAX;
  struct alignas(128) Line {
    std::atomic<std::uint64_t> value{0};
  };
  Line there_, back_;
  RoundTrips trips_;
};

class PipeRoundTrip final : public Contestant {
 public:
  double measure(Seconds duration) override {
    auto ends = make_pipe();
    ring::Port& near = ends.first;
    ring::Port& far = ends.second;
    std::atomic<bool> is_over{false};
    const std::jthread other([&] {
      while (!is_over.load(std::memory_order_relaxed)) {
        for (const ring::Frame& frame : far.rx().batch(1)) echo(far.tx(), frame.bytes());
      }
    });
    Payload payload;
    const double median = trips_.measure(duration, [&]() -> std::optional<double> {
      const auto begin = Wall::now();
      for (int i = 0; i < CacheLines::kTogether; ++i) {
        ++payload.number;
        echo(near.tx(), std::as_bytes(std::span(&payload, 1)));
        while (near.rx().batch(1).empty()) {
        }
      }
      return std::chrono::duration<double, std::micro>(Wall::now() - begin).count() /
             CacheLines::kTogether;
    });
    is_over = true;
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  static void echo(ring::TxRing& tx, Bytes bytes) { STRATA_CHECK(tx.send(bytes)); }
  RoundTrips trips_;
};

// Both directions in turn, as testpmd does: the sum of what two ports receive.
class NullForward final : public Contestant {
 public:
  NullForward() : ports_{open(), open()} {}
  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turns(64); }).per_second() / 1e6;
  }
  std::uint64_t turns(std::uint64_t count) {
    std::uint64_t forwarded = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      forwarded += forward(ports_[0], ports_[1]);
      forwarded += forward(ports_[1], ports_[0]);
    }
    return forwarded;
  }

 private:
  static ring::Port open() {
    auto port = ring::Port::open("null:bench,frame=" + std::string(2 * kFrameBytes, '0')).make();
    STRATA_CHECK(port.has_value());
    return *std::move(port);
  }
  static std::size_t forward(ring::Port& from, ring::Port& to) {
    return to.tx().copy(from.rx().batch(kForwardBurst));
  }
  std::array<ring::Port, 2> ports_;
};

// One thread does both ends by turns: what a frame costs without another core's caches.
void pipe_work(std::uint64_t count) {
  static auto ends = make_pipe();
  Payload payload;
  for (std::uint64_t done = 0; done < count;) {
    send_burst(ends.first.tx(), payload);
    done += receive_burst(ends.second.rx(), payload);
  }
}

void null_work(std::uint64_t count) {
  static NullForward forward;
  forward.turns(count / (2 * kForwardBurst) + 1);
}

template <typename Which>
ContestantSpec contestant(std::string name) {
  return {std::move(name), []() -> Entry { return std::make_unique<Which>(); }};
}

void add_all() {
  add({.name = "ring/pipe_frames",
       .unit = "million frames/s",
       .better = Better::kHigher,
       .claim = "frames of 64 bytes copied into a pipe and out of it, from thread to thread, in "
                "bursts of 64; wall time, both spin",
       .contestants = {contestant<PipeFrames>("strata")},
       .goal = 60});
  add({.name = "ring/pipe_round_trip",
       .unit = "us",
       .better = Better::kLower,
       .claim = "a frame of 64 bytes there and back between two threads that spin, beside a number "
                "on a cache line",
       .contestants = {contestant<PipeRoundTrip>("strata"), contestant<CacheLines>("cache lines")},
       .ratio_goal = 2});
  add({.name = "ring/null_forward",
       .unit = "million frames/s",
       .better = Better::kHigher,
       .claim = "frames of 64 bytes from null: to null: in bursts of 32, the sum of two ports; "
                "testpmd's io mode on two net_null reaches 52 on the reference machine",
       .contestants = {contestant<NullForward>("strata")},
       .goal = 42});
  add_work("pipe_frames", pipe_work);
  add_work("null_forward", null_work);
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench

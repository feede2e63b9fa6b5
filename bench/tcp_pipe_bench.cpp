// SPDX-License-Identifier: Apache-2.0
// Claims: TCP between two processes over a pipe carries 1.4 times what the kernel's loopback does
// on the same two cores, twice as much without copies, and answers a message in 1.6 us.
#include <array>
#include <optional>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/machine.h"
#include "bench/harness/pipe_pair.h"
#include "bench/harness/round_trips.h"
#include "bench/harness/timing.h"
#include "bench/peers/kernel_tcp.h"
#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr std::size_t kChunk = 64U << 10U;

using Does = PipePair::Does;

// The far process sends as fast as it may, this one reads.
class PipeBulk final : public Contestant {
 public:
  explicit PipeBulk(bool copies) : copies_(copies), chunk_(kChunk) {}

  double measure(Seconds duration) override {
    const Pinned here(kNearCore);
    pair_.tell_far(copies_ ? Does::kWrites : Does::kGivesPackets);
    const auto begin = Wall::now();
    const auto end = begin + std::chrono::duration_cast<Wall::duration>(duration);
    std::uint64_t bytes = 0;
    while (Wall::now() < end) bytes += turn();
    const Seconds took = Wall::now() - begin;
    pair_.rest();
    return static_cast<double>(bytes) * 8 / took.count() / 1e9;
  }

 private:
  std::uint64_t turn() {
    const Time time = now();
    pair_.near().turn(time);
    return copies_ ? pair_.near().drain(chunk_, time) : pair_.near().drain_packets(time);
  }

  PipePair pair_;
  bool copies_;
  std::vector<std::byte> chunk_;
};

// 64 bytes to the far process and back.
class PipeRoundTrip final : public Contestant {
 public:
  explicit PipeRoundTrip(LoopbackWaits waits) : sleeps_(waits == LoopbackWaits::kAsleep) {}

  double measure(Seconds duration) override {
    const Pinned here(kNearCore);
    pair_.tell_far(sleeps_ ? Does::kEchoesAsleep : Does::kEchoes);
    const double median = trips_.measure(duration, [this] { return round_trip(); });
    pair_.rest();
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  [[nodiscard]] std::optional<double> round_trip() {
    const auto begin = Wall::now();
    std::array<std::byte, 64> message{};
    PipeEnd& near = pair_.near();
    STRATA_CHECK(near.stream().write(Bytes(message), now()) == message.size());
    near.turn(now());
    for (std::size_t got = 0; got < message.size();) {
      const std::size_t count = near.drain(message, now());
      got += count;
      if (got >= message.size()) break;
      if (sleeps_ && count == 0) near.sleep();
      near.turn(now());
      if (Wall::now() - begin > std::chrono::milliseconds(100)) return std::nullopt;
    }
    return std::chrono::duration<double, std::micro>(Wall::now() - begin).count();
  }

  PipePair pair_;
  bool sleeps_;
  RoundTrips trips_;
};

template <typename What, typename How>
ContestantSpec over_pipe(const char* name, How how) {
  return {name, [how] { return Entry(std::make_unique<What>(how)); }};
}

void add_bulk(const char* name, const char* how, bool copies, double ratio) {
  add({.name = name,
       .unit = "Gbit/s",
       .claim =
           std::string("one connection between two processes, a core for each, over a pipe, ") +
           how + "; the kernel between two threads, read and written 64 KB at a time",
       .contestants = {over_pipe<PipeBulk>("strata, pipe", copies),
                       {"kernel loopback",
                        [] { return kernel_tcp_loopback_bulk(LoopbackCores::kOneEach); }}},
       .ratio_goal = ratio});
}

void add_round_trip(const char* name, const char* how, LoopbackWaits waits,
                    std::optional<double> goal) {
  add({.name = name,
       .unit = "us",
       .better = Better::kLower,
       .claim = std::string("median of 64 bytes over TCP to another process and back, ") + how +
                ", a core for each end: our stacks over a pipe, the kernel over loopback",
       .contestants = {over_pipe<PipeRoundTrip>("strata, pipe", waits),
                       {"kernel loopback",
                        [waits] { return kernel_tcp_loopback_round_trip(waits); }}},
       .goal = goal,
       .ratio_goal = 1.0});
}

void add_all() {
  add_bulk("tcp/pipe-bulk", "read and written 64 KB at a time", true, 1.4);
  add_bulk("tcp/pipe-bulk-owned", "with packets given and taken without a copy", false, 2.0);
  add_round_trip("tcp/pipe-round-trip", "nothing asleep", LoopbackWaits::kAwake, 1.6);
  add_round_trip("tcp/pipe-round-trip-asleep", "both asleep until something comes",
                 LoopbackWaits::kAsleep, std::nullopt);
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench

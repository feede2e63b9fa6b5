// SPDX-License-Identifier: Apache-2.0
// Links beside queueing theory: frames that come by chance, served at a rate, wait as long as the
// closed forms of Kleinrock (Queueing Systems I, 3.2, 3.6) and of Pollaczek and Khinchine say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/draws.h"
#include "sim/lab.h"

namespace strata::sim::queueing_test {
namespace {

constexpr std::uint64_t kRate = 10'000'000;
constexpr std::size_t kMeanBytes = 400;

[[nodiscard]] double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

struct Load {
  double load = 0.5;               // of the link
  bool has_random_lengths = true;  // else all frames are of kMeanBytes
  std::size_t queue_packets = 1'000'000;
  std::uint64_t frames = 0;
};

// Frames with independent gaps, and lengths, into one link; what becomes of them at its far end.
class Queue {
 public:
  explicit Queue(const Load& load)
      : load_(load), cable_(line(load), {}, WorldConfig{.seed = 7, .packets = kMany}), rng_(11) {
    cable_.b.set_on_frame([this](PacketPtr frame, std::size_t, Time now) {
      const auto sent = Time(Duration(static_cast<std::int64_t>(number_in(frame->bytes()))));
      stay_ += seconds(now - sent);
      ++served_;
    });
    send_next();
    cable_.world.run_until_idle(std::chrono::hours(24));
  }

  // Frames there, the one on the wire among them: by Little, arrivals a second times the stay.
  [[nodiscard]] double mean_number() const { return stay_ / seconds(last_sent_); }
  [[nodiscard]] double loss() const {
    return 1.0 - static_cast<double>(served_) / static_cast<double>(load_.frames);
  }
  [[nodiscard]] double offered() const {
    return sent_bytes_ * 8 / static_cast<double>(kRate) / seconds(last_sent_);
  }

 private:
  static constexpr PacketPoolConfig kMany = {.small_buffers = 16'384, .large_buffers = 1024};

  static LinkConfig line(const Load& load) {
    LinkConfig line;
    line.bits_per_second = kRate;
    line.mtu = kLinkMtuMax;
    line.queue_packets_max = load.queue_packets;
    return line;
  }

  void send_next() {
    if (sent_++ == load_.frames) return;
    World& world = cable_.world;
    const Duration service = std::chrono::nanoseconds(kMeanBytes * 8 * 1'000'000'000 / kRate);
    const auto gap = Duration(std::llround(static_cast<double>(service.count()) / load_.load));
    world.executor().start_timer(world.now() + draw_exponential(rng_, gap), [this] {
      last_sent_ = cable_.world.now() - Time{};
      const std::vector<std::byte> frame =
          numbered_frame(static_cast<std::uint64_t>(last_sent_.count()), length());
      sent_bytes_ += static_cast<double>(frame.size());
      EXPECT_TRUE(cable_.a.send(frame));
      send_next();
    });
  }

  std::size_t length() {
    if (!load_.has_random_lengths) return kMeanBytes;
    const auto drawn = draw_exponential(rng_, Duration(kMeanBytes)).count();
    return std::max<std::size_t>(static_cast<std::size_t>(drawn), kNumberOffset + 8);
  }

  Load load_;
  Cable cable_;
  Rng rng_;
  std::uint64_t sent_ = 0, served_ = 0;
  double stay_ = 0, sent_bytes_ = 0;
  Duration last_sent_{};
};

constexpr double kWithin = 0.03;

// M/M/1: load / (1 - load).
TEST(Queueing, ExponentialLengthsWaitAsInMM1) {
  for (const auto& [load, frames] : {std::pair(0.5, 200'000), {0.7, 500'000}, {0.8, 900'000}}) {
    const Queue queue({.load = load, .frames = static_cast<std::uint64_t>(frames)});
    EXPECT_NEAR(queue.offered(), load, 0.01);
    EXPECT_NEAR(queue.mean_number() * (1 - load) / load, 1, kWithin) << load;
  }
}

// M/D/1: half of that waits, and as much is on the wire.
TEST(Queueing, EqualLengthsWaitHalfAsLong) {
  const double load = 0.8;
  const Queue queue({.load = load, .has_random_lengths = false, .frames = 500'000});
  const double expected = load + load * load / (2 * (1 - load));
  EXPECT_NEAR(queue.mean_number() / expected, 1, kWithin);
}

// M/M/1/K: of those who come, (1 - load) load^K / (1 - load^(K + 1)) find all places taken.
TEST(Queueing, AShortQueueLosesAsManyAsInMM1K) {
  const double load = 0.8;
  constexpr std::size_t kPlaces = 6;  // one of them on the wire
  const Queue queue({.load = load, .queue_packets = kPlaces - 1, .frames = 500'000});
  const double full = std::pow(load, kPlaces);
  EXPECT_NEAR(queue.loss() / ((1 - load) * full / (1 - full * load)), 1, kWithin);
}

}  // namespace
}  // namespace strata::sim::queueing_test

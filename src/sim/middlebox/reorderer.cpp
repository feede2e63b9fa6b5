// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sim/frame.h"
#include "sim/middlebox/sight.h"
#include "strata/check.h"
#include "strata/sim_middlebox.h"

namespace strata::sim {
namespace {

class Reorderer final : public MiddleboxRules {
 public:
  explicit Reorderer(const ReordererConfig& config) : config_(config) {
    STRATA_CHECK(config.every != 0 && config.wait_max >= Duration::zero());
  }

  void on_frame(Side from, PacketPtr frame, Time now, Ways& ways) override {
    Way& way = ways_[static_cast<std::size_t>(from)];
    if (look_into(*frame) && ++way.seen % config_.every == 0) {
      way.held.push_back({std::move(frame), later(now, config_.wait_max), config_.behind});
      return;
    }
    ways.send(other(from), std::move(frame));
    for (Held& held : way.held) {
      if (held.behind != 0) --held.behind;
    }
    release(from, now, ways);
  }

  [[nodiscard]] std::optional<Time> next_deadline() const override {
    std::optional<Time> next;
    for (const Way& way : ways_) {
      for (const Held& held : way.held) next = earlier(next, held.until);
    }
    return next;
  }
  void on_deadline(Time now, Ways& ways) override {
    release(Side::kInside, now, ways);
    release(Side::kOutside, now, ways);
  }
  [[nodiscard]] std::size_t frames_held() const override {
    return ways_[0].held.size() + ways_[1].held.size();
  }

 private:
  struct Held {
    PacketPtr frame;
    Time until{};
    std::uint32_t behind = 0;  // so many more
  };
  struct Way {
    std::uint64_t seen = 0;
    std::vector<Held> held;
  };

  void release(Side from, Time now, Ways& ways) {
    auto& held = ways_[static_cast<std::size_t>(from)].held;
    for (Held& each : held) {
      if (each.behind == 0 || each.until <= now) ways.send(other(from), std::move(each.frame));
    }
    std::erase_if(held, [](const Held& each) { return each.frame == nullptr; });
  }

  ReordererConfig config_;
  std::array<Way, 2> ways_;  // by the side frames come from
};

}  // namespace

std::unique_ptr<MiddleboxRules> make_reorderer(const ReordererConfig& config) {
  return std::make_unique<Reorderer>(config);
}

}  // namespace strata::sim

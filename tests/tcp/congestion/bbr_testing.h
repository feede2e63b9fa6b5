// SPDX-License-Identifier: Apache-2.0
// A bottleneck with a BBR flow, and looks at its machine.
#pragma once

#include "tcp/congestion/bbr.h"
#include "tcp/congestion/link_model.h"
#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion {

// 40 Mbit/s, 40 ms, a buffer of two bandwidth-delay products.
inline constexpr std::uint64_t kPathRate = 5'000'000;
inline constexpr Duration kPathRtt = std::chrono::milliseconds(40);
inline constexpr std::uint32_t kPathBdp = 200'000;

inline Link usual_link(std::uint64_t seed = 1) {
  return {.rate = kPathRate, .buffer = 2 * kPathBdp, .seed = seed};
}

class BbrPath {
 public:
  explicit BbrPath(const Link& link = usual_link(), std::uint64_t application_rate = 0)
      : model(link) {
    model.add({.algorithm = &kBbr, .rtt = kPathRtt, .application_rate = application_rate});
  }

  [[nodiscard]] const BbrMachine& machine() {
    return static_cast<const Bbr&>(model.control(0)).machine();
  }
  [[nodiscard]] BbrState state() { return machine().state(); }
  void run(Duration duration) { model.run_until(model.now() + duration); }
  // Until it stands in the state, within so much time. False: it did not.
  [[nodiscard]] bool reach(BbrState state, Duration within = std::chrono::seconds(10)) {
    return reach([&] { return this->state() == state; }, within);
  }
  template <typename Condition>
  [[nodiscard]] bool reach(Condition condition, Duration within) {
    const Time end = model.now() + within;
    while (model.now() < end) {
      run(std::chrono::milliseconds(1));
      if (condition()) return true;
    }
    return false;
  }

  LinkModel model;
};

}  // namespace strata::tcp::congestion

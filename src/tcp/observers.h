// SPDX-License-Identifier: Apache-2.0
// Observers: what connections tell, passed on to everybody who watches.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "strata/tcp_event.h"

namespace strata::tcp {

class Observers final : public TcpObserver {
 public:
  static constexpr std::size_t kMax = 8;

  // False: there are kMax already.
  [[nodiscard]] bool add(TcpObserver& observer) {
    if (count_ == kMax) return false;
    observers_[count_++] = &observer;
    return true;
  }
  void remove(TcpObserver& observer) {
    const auto end = observers_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto kept = std::remove(observers_.begin(), end, &observer);
    count_ = static_cast<std::size_t>(kept - observers_.begin());
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  void on_tcp_event(const TcpEvent& event) override {
    for (std::size_t i = 0; i < count_; ++i) observers_[i]->on_tcp_event(event);
  }

 private:
  std::array<TcpObserver*, kMax> observers_{};
  std::size_t count_ = 0;
};

}  // namespace strata::tcp

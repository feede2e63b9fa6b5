// SPDX-License-Identifier: Apache-2.0
// Watched: an engine, and whether anybody told it something since it was last asked.
//
// An engine has something to do only after an event or when its deadline has passed. Whoever drives
// many engines asks those alone, and the rest cost one comparison.
//
// 1. Events go through tell(), which leaves a mark. Looking (->, *) cannot, for it is const.
// 2. ask() is for who drives it, and for calls that leave an engine nothing to do.
#pragma once

#include <utility>

namespace strata {

template <typename Engine>
class Watched {
 public:
  template <typename... Args>
  explicit Watched(Args&&... args) : engine_(std::forward<Args>(args)...) {}

  [[nodiscard]] const Engine* operator->() const { return &engine_; }
  [[nodiscard]] const Engine& operator*() const { return engine_; }
  [[nodiscard]] Engine& tell() {
    has_news_ = true;
    return engine_;
  }
  [[nodiscard]] Engine& ask() { return engine_; }

  [[nodiscard]] bool has_news() const { return has_news_; }
  void forget_news() { has_news_ = false; }

 private:
  Engine engine_;
  bool has_news_ = true;
};

}  // namespace strata

// SPDX-License-Identifier: Apache-2.0
// Watched: an engine, and whether anybody told it something since it was last asked.
//
// An engine has something to do only after an event or when its deadline has passed. Whoever drives
// many engines asks those alone, and the rest cost one comparison.
//
// 1. Events go through tell(), which leaves a mark. Looking (->, *) cannot, for it is const.
// 2. ask() is for who drives it, and for calls that leave an engine nothing to do.
// 3. Engines that are asked together have their News in common, and many of these a mark.
#pragma once

#include <utility>

namespace strata {

class News {
 public:
  // `any` is marked whenever this is, when it begins and when it ends; cleared by who looks at all
  // that mark it.
  explicit News(bool& any) : any_(any) { any_ = true; }
  ~News() { any_ = true; }
  News(const News&) = delete;
  News& operator=(const News&) = delete;

  void tell() { any_ = is_told_ = true; }
  void forget() { is_told_ = false; }
  [[nodiscard]] bool is_told() const { return is_told_; }

 private:
  bool& any_;
  bool is_told_ = true;
};

template <typename Engine>
class Watched {
 public:
  template <typename... Args>
  explicit Watched(News& news, Args&&... args)
      : engine_(std::forward<Args>(args)...), news_(news) {}

  [[nodiscard]] const Engine* operator->() const { return &engine_; }
  [[nodiscard]] const Engine& operator*() const { return engine_; }
  [[nodiscard]] Engine& tell() {
    news_.tell();
    return engine_;
  }
  [[nodiscard]] Engine& ask() { return engine_; }

 private:
  Engine engine_;
  News& news_;
};

}  // namespace strata

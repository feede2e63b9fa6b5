// SPDX-License-Identifier: Apache-2.0
// Side: which of the two ends of a named pipe this process holds.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "strata/devices.h"

namespace strata::driver::pipe {

// A pipe NAME has two lock files, NAME.first and NAME.second. Whoever holds one is that end; the
// kernel gives it back when its holder dies, however that comes about. The first end listens on
// NAME.link, the second connects to it.
class Side {
 public:
  // A name with a slash in it is a path, any other stands for a file in the runtime directory.
  [[nodiscard]] static std::expected<Side, DeviceError> claim(const std::string& name);
  // An end of a pipe that nobody else can open.
  [[nodiscard]] static Side without_name(bool is_first) { return {"", -1, is_first}; }
  Side(Side&& other) noexcept
      : path_(std::move(other.path_)),
        lock_(std::exchange(other.lock_, -1)),
        is_first_(other.is_first_) {}
  Side& operator=(Side&&) = delete;
  ~Side();

  [[nodiscard]] bool is_first() const { return is_first_; }
  // The first end's listener: nobody else may have one on this path. -1 with errno set.
  [[nodiscard]] int listen() const;
  // The second end's connection; -1 while nobody listens.
  [[nodiscard]] int connect() const;

 private:
  Side(std::string path, int lock, bool is_first)
      : path_(std::move(path)), lock_(lock), is_first_(is_first) {}

  std::string path_;
  int lock_;
  bool is_first_;
};

}  // namespace strata::driver::pipe

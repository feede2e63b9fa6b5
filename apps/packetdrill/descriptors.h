// SPDX-License-Identifier: Apache-2.0
// Descriptors: numbers that the kernel knows, too, for the files of our stack.
#pragma once

#include <map>
#include <optional>

namespace strata::packetdrill {

// packetdrill closes what a script left open by libc's close(), which must not fail: behind each of
// our descriptors stands a real one, an eventfd that nobody uses.
class Descriptors {
 public:
  Descriptors() = default;
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  // The real one for a file that was made; minus an errno when there is none left.
  [[nodiscard]] int add(int ours);
  // -1: not one of ours.
  [[nodiscard]] int ours(int real) const;
  // The kernel may have closed it already.
  void remove(int real);

 private:
  std::map<int, int> ours_;
};

}  // namespace strata::packetdrill

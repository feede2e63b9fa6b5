// SPDX-License-Identifier: Apache-2.0
#include "runtime/core_load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace strata::runtime {

unsigned CoreLoad::online_cores() {
  return static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

CoreLoad::CoreLoad(const std::string& path, unsigned cores)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), cores_(cores) {}

CoreLoad::~CoreLoad() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool CoreLoad::is_contended(Time now) {
  if (!is_fresh_ || now - read_at_ >= kRefresh) {
    is_contended_ = read_contention();
    is_fresh_ = true;
    read_at_ = now;
  }
  return is_contended_;
}

// "0.20 0.18 0.12 2/131 4711": the fourth field begins with the threads that run or want to,
// ourselves among them.
bool CoreLoad::read_contention() const {
  std::array<char, 128> text;
  const ssize_t length = descriptor_ < 0 ? -1 : ::pread(descriptor_, text.data(), text.size(), 0);
  std::string_view rest(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  for (int field = 0; field < 3; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return cores_ < 2;
    rest.remove_prefix(space + 1);
  }
  unsigned runnable = 0;
  const auto [stopped, error] = std::from_chars(rest.data(), rest.data() + rest.size(), runnable);
  if (error != std::errc{} || stopped == rest.data() + rest.size() || *stopped != '/') {
    return cores_ < 2;
  }
  return runnable > cores_;
}

}  // namespace strata::runtime

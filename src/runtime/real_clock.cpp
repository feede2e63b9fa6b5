// SPDX-License-Identifier: Apache-2.0
#include "strata/real_clock.h"

#include <sys/random.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "strata/check.h"

namespace strata {
namespace {

Duration read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec);
}

}  // namespace

Time real_now() { return Time(read_clock(CLOCK_MONOTONIC)); }

Duration wall_clock_offset() {
  // The monotonic clock is read on both sides, so that a pause between two reads halves its error.
  const Duration before = read_clock(CLOCK_MONOTONIC);
  const Duration wall = read_clock(CLOCK_REALTIME);
  const Duration after = read_clock(CLOCK_MONOTONIC);
  return wall - (before + (after - before) / 2);
}

void random_bytes(MutableBytes out) {
  while (!out.empty()) {
    const ssize_t count = ::getrandom(out.data(), out.size(), 0);
    // A program whose secrets could be guessed must not run: there is no other source to fall
    // back on that would be as good.
    STRATA_CHECK(count > 0 || errno == EINTR);
    if (count > 0) out = out.subspan(static_cast<std::size_t>(count));
  }
}

std::uint64_t random_seed() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes;
  random_bytes(bytes);
  return load_big_endian<std::uint64_t>(bytes.data());
}

}  // namespace strata

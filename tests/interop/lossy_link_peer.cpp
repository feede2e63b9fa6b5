// SPDX-License-Identifier: Apache-2.0
// A bad cable in real time: frames between two TAP devices, lost, delayed and held back by a seed.
//
//   lossy_link_peer TAP_A TAP_B DELAY_MS LOSS_PER_10000 REORDER_PER_10000 [SEED]
//
// The TAPs are made here, without offloads, so that what is lost is one frame of the wire. Prints
// "up", and at SIGTERM how many frames passed and were lost.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "strata/real_clock.h"
#include "strata/rng.h"

namespace {

using Frame = std::vector<char>;

volatile std::sig_atomic_t must_end = 0;

struct Faults {
  strata::Duration delay{};
  strata::Ratio loss{};
  strata::Ratio reordering{};
};

struct End {
  int descriptor = -1;
  std::multimap<strata::Time, Frame> coming;  // for this end
};

struct Counts {
  unsigned long long passed = 0, lost = 0, held_back = 0;
};

int open_end(const char* name) {
  const int descriptor = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
  if (descriptor < 0 || ::ioctl(descriptor, TUNSETIFF, &request) != 0) return -1;
  return descriptor;
}

// Takes what the kernel sends at one end; it is due at the other a delay later.
void take(const End& from, End& to, const Faults& faults, strata::Rng& rng, Counts& counts) {
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t size = ::read(from.descriptor, buffer.data(), buffer.size());
    if (size <= 0) return;
    if (rng.chance(faults.loss)) {
      ++counts.lost;
      continue;
    }
    auto due = strata::real_now() + faults.delay;
    if (rng.chance(faults.reordering)) {
      due += std::chrono::milliseconds(3);
      ++counts.held_back;
    }
    to.coming.emplace(due, Frame(buffer.data(), buffer.data() + size));
  }
}

void give(End& end, Counts& counts) {
  const auto now = strata::real_now();
  while (!end.coming.empty() && end.coming.begin()->first <= now) {
    const Frame& frame = end.coming.begin()->second;
    if (::write(end.descriptor, frame.data(), frame.size()) > 0) ++counts.passed;
    end.coming.erase(end.coming.begin());
  }
}

int wait_ms(const std::array<End, 2>& ends) {
  auto first = strata::real_now() + std::chrono::milliseconds(100);
  for (const End& end : ends) {
    if (!end.coming.empty()) first = std::min(first, end.coming.begin()->first);
  }
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(first - strata::real_now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "lossy_link_peer A B DELAY_MS LOSS_PER_10000 REORDER_PER_10000 [SEED]\n");
    return 2;
  }
  std::array<End, 2> ends{End{open_end(argv[1]), {}}, End{open_end(argv[2]), {}}};
  if (ends[0].descriptor < 0 || ends[1].descriptor < 0) {
    std::fprintf(stderr, "lossy_link_peer: no TAP: %s\n", std::strerror(errno));
    return 1;
  }
  const Faults faults{.delay = std::chrono::milliseconds(std::atoi(argv[3])),
                      .loss = {std::strtoull(argv[4], nullptr, 10), 10'000},
                      .reordering = {std::strtoull(argv[5], nullptr, 10), 10'000}};
  strata::Rng rng(argc > 6 ? std::strtoull(argv[6], nullptr, 10) : 1);
  Counts counts;
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { must_end = 1; });
  std::puts("up");
  std::fflush(stdout);
  while (must_end == 0) {
    std::array<pollfd, 2> polled{pollfd{ends[0].descriptor, POLLIN, 0},
                                 pollfd{ends[1].descriptor, POLLIN, 0}};
    (void)::poll(polled.data(), polled.size(), wait_ms(ends));
    take(ends[0], ends[1], faults, rng, counts);
    take(ends[1], ends[0], faults, rng, counts);
    for (End& end : ends) give(end, counts);
  }
  std::printf("passed %llu, lost %llu, held back %llu\n", counts.passed, counts.lost,
              counts.held_back);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Ping-pong between two processes over a ring: how long a frame takes there and back.
//
//   ping_pong pong pipe:game          one end
//   ping_pong ping pipe:game 100000   the other
//   ping_pong                         both, in two threads
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "strata/real_clock.h"
#include "strata/ring.h"

using strata::ring::Frame;
using strata::ring::Port;

namespace {

constexpr std::uint64_t kEnd = UINT64_MAX;
constexpr std::size_t kBytes = 64;
constexpr auto kPatience = std::chrono::seconds(10);

bool send_number(Port& port, std::uint64_t number) {
  const auto frames = port.tx().reserve(1, kBytes);
  if (frames.empty()) return false;
  std::memset(frames[0].bytes().data(), 0, kBytes);
  std::memcpy(frames[0].bytes().data(), &number, sizeof(number));
  port.tx().commit(1);
  return true;
}

// Spins for a while before it sleeps. False: nothing came in time.
bool receive_number(Port& port, std::uint64_t& number) {
  for (int turn = 0;; ++turn) {
    for (const Frame& frame : port.rx().batch(1)) {
      if (frame.size() < sizeof(number)) continue;
      std::memcpy(&number, frame.bytes().data(), sizeof(number));
      return true;
    }
    if (turn > 10'000 && !port.rx().wait(kPatience)) return false;
  }
}

bool pong(Port& port) {
  for (std::uint64_t number = 0;;) {
    if (!receive_number(port, number)) return false;
    if (number == kEnd) return true;
    if (!send_number(port, number)) return false;
  }
}

bool ping(Port& port, std::uint64_t rounds) {
  if (!port.tx().wait(kPatience)) return false;
  std::vector<double> took;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const auto begin = strata::real_now();
    std::uint64_t answer = 0;
    if (!send_number(port, round) || !receive_number(port, answer) || answer != round) return false;
    took.push_back(std::chrono::duration<double, std::micro>(strata::real_now() - begin).count());
  }
  std::ranges::sort(took);
  std::printf("%zu round trips: %.3f us median, %.3f us at the 99th percentile\n", took.size(),
              took[took.size() / 2], took[took.size() * 99 / 100]);
  return send_number(port, kEnd);
}

bool both() {
  auto ends = Port::pipe();
  if (!ends) return false;
  auto& [near, far] = *ends;
  bool is_answered = false;
  bool is_done = false;
  {
    const std::jthread other([&] { is_answered = pong(far); });
    is_done = ping(near, 10'000);
  }
  return is_done && is_answered;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return both() ? EXIT_SUCCESS : EXIT_FAILURE;
  auto port = Port::open(argv[2]).make();
  if (!port) {
    std::fprintf(stderr, "%s\n", port.error().text.c_str());
    return EXIT_FAILURE;
  }
  const bool is_pong = std::string(argv[1]) == "pong";
  const std::uint64_t rounds = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10'000;
  return (is_pong ? pong(*port) : ping(*port, rounds)) ? EXIT_SUCCESS : EXIT_FAILURE;
}

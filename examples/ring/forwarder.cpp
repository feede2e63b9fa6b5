// SPDX-License-Identifier: Apache-2.0
// Forwards between two ports with a thread for each direction, each on a core of its own.
//
//   forwarder packet:eth0 packet:eth1
//   forwarder                           between two pipes, whose other ends it plays as well
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "strata/ring.h"

using namespace strata;

namespace {

constexpr std::size_t kBurst = 64;
constexpr Duration kSleep = std::chrono::milliseconds(20);
constexpr std::uint64_t kFrames = 20'000;

std::atomic<bool> is_over{false};

// Frames that find no room wait; nothing else of the ring is touched meanwhile.
std::uint64_t forward(ring::RxRing& from, ring::TxRing& to, unsigned core) {
  (void)ring::pin_to_core(core % std::max(1U, std::thread::hardware_concurrency()));
  std::uint64_t forwarded = 0;
  while (!is_over.load(std::memory_order_relaxed)) {
    std::span<const ring::Frame> frames = from.batch(kBurst);
    if (frames.empty()) (void)from.wait(kSleep);
    while (!frames.empty() && !is_over.load(std::memory_order_relaxed)) {
      const std::size_t sent = to.copy(frames);
      frames = frames.subspan(sent);
      forwarded += sent;
      if (sent == 0) (void)to.wait(kSleep);
    }
  }
  return forwarded;
}

std::pair<std::uint64_t, std::uint64_t> forward_both(ring::Port& left, ring::Port& right) {
  std::pair<std::uint64_t, std::uint64_t> forwarded;
  {
    const std::jthread there([&] { forwarded.first = forward(left.rx(), right.tx(), 0); });
    const std::jthread back([&] { forwarded.second = forward(right.rx(), left.tx(), 1); });
  }
  return forwarded;
}

// One end sends, the other counts.
void send_all(ring::TxRing& tx) {
  const std::vector<std::byte> frame(64);
  for (std::uint64_t sent = 0; sent < kFrames;) {
    tx.send(frame) ? static_cast<void>(++sent) : static_cast<void>(tx.wait(kSleep));
  }
}

std::uint64_t count_all(ring::RxRing& rx) {
  std::uint64_t received = 0;
  while (received < kFrames && rx.wait(std::chrono::seconds(30))) {
    received += rx.batch(kBurst).size();
  }
  return received;
}

int play() {
  auto left = ring::Port::pipe();
  auto right = ring::Port::pipe();
  if (!left || !right) return EXIT_FAILURE;
  std::uint64_t there = 0, back = 0;
  std::thread forwarder([&] { forward_both(left->second, right->second); });
  {
    const std::jthread left_sender([&] { send_all(left->first.tx()); });
    const std::jthread right_sender([&] { send_all(right->first.tx()); });
    const std::jthread left_counter([&] { back = count_all(left->first.rx()); });
    there = count_all(right->first.rx());
  }
  is_over = true;
  forwarder.join();
  std::printf("%llu frames there, %llu back\n", static_cast<unsigned long long>(there),
              static_cast<unsigned long long>(back));
  return there == kFrames && back == kFrames ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return play();
  auto left = ring::Port::open(argv[1]).make();
  auto right = ring::Port::open(argv[2]).make();
  if (!left || !right) {
    std::fprintf(stderr, "%s\n", (!left ? left : right).error().text.c_str());
    return EXIT_FAILURE;
  }
  std::signal(SIGINT, [](int) { is_over = true; });
  std::signal(SIGTERM, [](int) { is_over = true; });
  const auto [there, back] = forward_both(*left, *right);
  std::printf("%llu frames there, %llu back\n", static_cast<unsigned long long>(there),
              static_cast<unsigned long long>(back));
  return EXIT_SUCCESS;
}

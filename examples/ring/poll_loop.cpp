// SPDX-License-Identifier: Apache-2.0
// A hub in one thread: waits for any of three ports with poll(2), and sends what arrives at one to
// the others.
//
//   poll_loop pipe:a pipe:b tap:c
//   poll_loop                        three pipes, whose other ends it plays as well
#include <poll.h>

#include <array>
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
constexpr std::size_t kPorts = 3;
constexpr std::size_t kFrames = 1000;
using Ports = std::span<ring::Port*, kPorts>;

// True: something was moved.
bool move_all(Ports ports) {
  bool has_moved = false;
  for (ring::Port* const from : ports) {
    const std::span<const ring::Frame> frames = from->rx().batch(kBurst);
    has_moved = has_moved || !frames.empty();
    for (ring::Port* const to : ports) {
      // As in any hub, what finds no room at one port is lost there.
      if (to != from) (void)to->tx().copy(frames);
    }
  }
  return has_moved;
}

// Asks every ring before it sleeps: only who said that it sleeps is woken.
void sleep_until_any(Ports ports) {
  std::array<pollfd, kPorts> descriptors{};
  for (std::size_t i = 0; i < kPorts; ++i) {
    if (!ports[i]->rx().prepare_to_sleep()) return;
    descriptors[i] = {.fd = ports[i]->rx().descriptor(), .events = POLLIN, .revents = 0};
  }
  (void)::poll(descriptors.data(), descriptors.size(), 1000);
}

// How many of the frames that the first player sends the two others hear.
std::size_t play(std::array<std::pair<ring::Port, ring::Port>, kPorts>& pipes) {
  std::array<ring::Port*, kPorts> hub{};
  for (std::size_t i = 0; i < kPorts; ++i) hub[i] = &pipes[i].first;
  std::size_t heard = 0;
  std::jthread players([&](const std::stop_token&) {
    const std::vector<std::byte> frame(100);
    for (std::size_t sent = 0; sent < kFrames;) {
      if (pipes[0].second.tx().send(frame)) ++sent;
      if (sent % 10 != 0 && sent != kFrames) continue;
      while (heard < 2 * (sent / 10 * 10)) {
        for (const std::size_t listener : {1U, 2U}) {
          ring::RxRing& rx = pipes[listener].second.rx();
          (void)rx.wait(std::chrono::milliseconds(1));
          heard += rx.batch(kBurst).size();
        }
      }
    }
  });
  for (std::size_t moved = 0; moved < kFrames; moved = pipes[0].first.rx().frames()) {
    if (!move_all(hub)) sleep_until_any(hub);
  }
  players.join();
  return heard;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != kPorts + 1) {
    auto a = ring::Port::pipe(), b = ring::Port::pipe(), c = ring::Port::pipe();
    if (!a || !b || !c) return EXIT_FAILURE;
    std::array pipes{*std::move(a), *std::move(b), *std::move(c)};
    const std::size_t heard = play(pipes);
    std::printf("%zu frames were sent, and heard %zu times\n", kFrames, heard);
    return heard == 2 * kFrames ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  std::vector<ring::Port> ports;
  for (const char* const spec : std::span(argv, kPorts + 1).subspan(1)) {
    auto port = ring::Port::open(spec).make();
    if (!port) {
      std::fprintf(stderr, "%s\n", port.error().text.c_str());
      return EXIT_FAILURE;
    }
    ports.push_back(*std::move(port));
  }
  std::array<ring::Port*, kPorts> hub{&ports[0], &ports[1], &ports[2]};
  for (;;) {
    if (!move_all(hub)) sleep_until_any(hub);
  }
}

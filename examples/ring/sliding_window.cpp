// SPDX-License-Identifier: Apache-2.0
// A sliding-window ARQ over a cable that loses every seventh frame: up to 32 frames are under way,
// the receiver answers which one it wants next, and the sender goes back to it when no answer helps
// for a while.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "strata/real_clock.h"
#include "strata/ring.h"

using namespace strata;

namespace {

constexpr std::uint64_t kMessages = 2000;
constexpr std::uint64_t kWindow = 32;
constexpr Duration kTimeout = std::chrono::milliseconds(2);
constexpr Duration kPatience = std::chrono::seconds(30);

struct Message {
  std::uint64_t number = 0;
  std::uint64_t payload = 0;
};

std::uint64_t payload_of(std::uint64_t number) { return number * 0x9e37'79b9'7f4a'7c15U; }

template <typename Value>
void send(ring::TxRing& tx, const Value& value) {
  // A frame that finds no room is lost, as others are.
  (void)tx.send(std::as_bytes(std::span(&value, 1)));
}

template <typename Value>
bool read(const ring::Frame& frame, Value& value) {
  if (frame.size() < sizeof(value)) return false;
  std::memcpy(&value, frame.bytes().data(), sizeof(value));
  return true;
}

class LossyCable {
 public:
  [[nodiscard]] bool loses() { return ++frames_ % 7 == 0; }

 private:
  std::uint64_t frames_ = 0;
};

// Takes messages in order only. False: one of them was not what was sent, or nothing came.
bool receive_all(ring::Port& port) {
  LossyCable cable;
  std::uint64_t wanted = 0;
  bool is_right = true;
  while (wanted < kMessages) {
    if (!port.rx().wait(kPatience)) return false;
    for (const ring::Frame& frame : port.rx().batch(64)) {
      Message message;
      if (cable.loses() || !read(frame, message) || message.number != wanted) continue;
      is_right = is_right && message.payload == payload_of(wanted);
      ++wanted;
    }
    send(port.tx(), wanted);
  }
  // The last answers may be lost as well; nobody asks any more once one has arrived.
  for (int i = 0; i < 100; ++i) send(port.tx(), wanted);
  return is_right;
}

struct Sent {
  std::uint64_t frames = 0;
  std::uint64_t timeouts = 0;
  bool is_done = false;
};

Sent send_all(ring::Port& port) {
  LossyCable cable;
  Sent sent;
  std::uint64_t oldest = 0;  // not answered yet
  std::uint64_t next = 0;
  Time progress = real_now();
  while (oldest < kMessages) {
    for (; next < kMessages && next < oldest + kWindow; ++next, ++sent.frames) {
      send(port.tx(), Message{next, payload_of(next)});
    }
    (void)port.rx().wait(kTimeout);
    for (const ring::Frame& frame : port.rx().batch(64)) {
      std::uint64_t wanted = 0;
      if (cable.loses() || !read(frame, wanted) || wanted <= oldest || wanted > next) continue;
      oldest = wanted;
      progress = real_now();
    }
    if (real_now() - progress < kTimeout) continue;
    if (!port.tx().is_up()) return sent;
    next = oldest;
    progress = real_now();
    ++sent.timeouts;
  }
  sent.is_done = true;
  return sent;
}

}  // namespace

int main() {
  auto ends = ring::Port::pipe();
  if (!ends) return EXIT_FAILURE;
  bool is_right = false;
  std::jthread receiver([&] { is_right = receive_all(ends->second); });
  const Sent sent = send_all(ends->first);
  receiver.join();
  std::printf(
      "%llu messages in %llu frames, %llu times back\n", static_cast<unsigned long long>(kMessages),
      static_cast<unsigned long long>(sent.frames), static_cast<unsigned long long>(sent.timeouts));
  return sent.is_done && is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}

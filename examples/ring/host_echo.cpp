// SPDX-License-Identifier: Apache-2.0
// Speaks with this host's own stack: whoever pings any address behind the interface is answered,
// without a stack of our own.
//
//   host_echo ring0^         then: ip addr add 10.99.0.1/24 dev ring0; ping 10.99.0.2
//   host_echo                asks and answers itself, over a pipe
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "strata/ring.h"

using strata::ring::Frame;
using strata::ring::Port;

namespace {

using Bytes = strata::MutableBytes;
constexpr std::array kOurMac{std::byte{2}, std::byte{0}, std::byte{0},
                             std::byte{0}, std::byte{0}, std::byte{99}};
constexpr std::size_t kMacBytes = 6, kArpEnd = 42, kIpAt = 14, kIcmpAt = 34, kIcmpEnd = 42;

bool is_at(Bytes frame, std::size_t at, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) {
    if (std::to_integer<unsigned>(frame[at++]) != value) return false;
  }
  return true;
}

void swap_parts(Bytes frame, std::size_t one, std::size_t other, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) std::swap(frame[one + i], frame[other + i]);
}

void return_to_sender(Bytes frame) {
  std::memcpy(frame.data(), frame.data() + kMacBytes, kMacBytes);
  std::memcpy(frame.data() + kMacBytes, kOurMac.data(), kMacBytes);
}

// RFC 826: who asks for any address is told ours.
bool answer_arp(Bytes frame) {
  if (frame.size() < kArpEnd || !is_at(frame, 12, {8, 6, 0, 1, 8, 0, 6, 4, 0, 1})) return false;
  return_to_sender(frame);
  frame[21] = std::byte{2};
  swap_parts(frame, 22, 32, 10);
  std::memcpy(frame.data() + 22, kOurMac.data(), kMacBytes);
  return true;
}

// RFC 792: the request goes back with another type, which changes its checksum by as much
// (RFC 1624); IPv4 without options.
bool answer_ping(Bytes frame) {
  if (frame.size() < kIcmpEnd || !is_at(frame, 12, {8, 0, 0x45}) || !is_at(frame, 23, {1}) ||
      !is_at(frame, kIcmpAt, {8, 0})) {
    return false;
  }
  return_to_sender(frame);
  swap_parts(frame, kIpAt + 12, kIpAt + 16, 4);
  frame[kIcmpAt] = std::byte{0};
  const auto high = std::to_integer<unsigned>(frame[kIcmpAt + 2]);
  const auto low = std::to_integer<unsigned>(frame[kIcmpAt + 3]);
  const unsigned sum = (high << 8U | low) + 0x0800;
  frame[kIcmpAt + 2] = static_cast<std::byte>(((sum + (sum >> 16U)) >> 8U) & 0xffU);
  frame[kIcmpAt + 3] = static_cast<std::byte>((sum + (sum >> 16U)) & 0xffU);
  return true;
}

// Answers on the frames that came, where they lie. How many were answered.
std::size_t answer_batch(Port& port) {
  std::size_t answered = 0;
  for (Frame& frame : port.rx().batch(64)) {
    if (!answer_arp(frame.bytes()) && !answer_ping(frame.bytes())) continue;
    answered += port.tx().copy({&frame, 1});
  }
  return answered;
}

int ask_ourselves() {
  auto ends = Port::pipe();
  if (!ends) return EXIT_FAILURE;
  auto& [host, us] = *ends;
  std::array<std::byte, 60> ping{};
  const std::array<unsigned, 3> ip{8, 0, 0x45};
  for (std::size_t i = 0; i < ip.size(); ++i) ping[12 + i] = static_cast<std::byte>(ip[i]);
  ping[23] = std::byte{1};
  ping[29] = std::byte{7};
  ping[kIcmpAt] = std::byte{8};
  ping[kIcmpAt + 2] = std::byte{0xf7};
  ping[kIcmpAt + 3] = std::byte{0xff};
  if (!host.tx().send(ping) || answer_batch(us) != 1) return EXIT_FAILURE;
  const auto answers = host.rx().batch(1);
  const bool is_right = answers.size() == 1 &&
                        is_at(answers[0].bytes(), kIcmpAt, {0, 0, 255, 255}) &&
                        is_at(answers[0].bytes(), 29, {0});
  std::printf("%s\n", is_right ? "answered" : "not answered");
  return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return ask_ourselves();
  auto port = Port::open(argv[1]).make();
  if (!port) {
    std::fprintf(stderr, "%s\n%s\n", port.error().text.c_str(), port.error().hint.c_str());
    return EXIT_FAILURE;
  }
  while (port->rx().is_up() || port->tx().is_up()) {
    if (answer_batch(*port) == 0) (void)port->rx().wait(std::chrono::seconds(1));
  }
  return EXIT_SUCCESS;
}

// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/crowd.h"

#include <utility>

#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr std::uint16_t kFirstPort = 5001;
// As many connections to one port of the server: fewer than there are ephemeral ports.
constexpr std::size_t kPerPort = 10'000;
constexpr std::size_t kMoved = 64U << 10U;
constexpr std::size_t kFull = 1400;
// In the middle of a transfer, so that what follows tells of the hole.
constexpr std::size_t kInTheMiddle = 20;

std::uint16_t port_of(std::size_t i) {
  return static_cast<std::uint16_t>(kFirstPort + i / kPerPort);
}

}  // namespace

void Loss::on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                      Time) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i] == nullptr || packets[i]->size() < kFull || frames_until_loss_ == 0) continue;
    if (--frames_until_loss_ != 0) continue;
    verdicts[i] = Verdict::drop();
    ++lost_;
    frames_until_loss_ = period_;
  }
}

Crowd::Crowd(std::size_t count, Past past) : text_(kMoved, std::byte{0x5a}), buffer_(kMoved) {
  STRATA_CHECK(pair_[1].stack().add_hook(HookPoint::kFrameIn, loss_).has_value());
  for (std::size_t i = 0; i <= count; i += kPerPort) listen(port_of(i));
  // What stacks keep for good is there before anything is counted.
  const auto begin = [this, past](std::size_t i) {
    open(port_of(i));
    if (past == Past::kMovedData) move_with_loss(streams_.back());
  };
  begin(0);
  before_ = {pair_[0].memory().bytes_used(), pair_[1].memory().bytes_used()};
  for (std::size_t i = 1; i < count; ++i) begin(i);
  STRATA_CHECK(loss_.lost() == (past == Past::kMovedData ? count : 0));
  settle();
}

Crowd::~Crowd() { pair_[1].stack().remove_hook(HookPoint::kFrameIn, loss_); }

double Crowd::bytes_each(std::size_t which) {
  const std::size_t used = pair_[which].memory().bytes_used();
  return static_cast<double>(used - before_[which]) / static_cast<double>(streams_.size() - 1);
}

void Crowd::turn(Duration step) {
  time_ += step;
  pair_[0].turn(time_);
  pair_[1].turn(time_);
}

void Crowd::listen(std::uint16_t port) {
  auto made = TcpListener::listen(pair_[1].stack(), {IpAddress::any_v4(), port}, {});
  STRATA_CHECK(made.has_value());
  listeners_.push_back(std::move(*made));
}

void Crowd::open(std::uint16_t port) {
  auto client = TcpStream::connect(pair_[0].stack(), {kPairAddresses[1], port}, {}, time_);
  STRATA_CHECK(client.has_value());
  for (int i = 0; i < 100; ++i) {
    turn();
    if (auto server = listeners_[port - kFirstPort].accept(time_)) {
      streams_.push_back({std::move(*client), std::move(*server)});
      return;
    }
  }
  STRATA_CHECK(false);
}

void Crowd::move_with_loss(Ends& ends) {
  loss_.once_after(kInTheMiddle);
  std::size_t sent = 0, arrived = 0;
  for (int turns = 0; arrived < kMoved; ++turns) {
    STRATA_CHECK(turns < 100'000);
    if (const auto count = ends.client.write(Bytes(text_).subspan(sent), time_)) sent += *count;
    turn();
    while (const auto count = ends.server.read(buffer_, time_)) arrived += *count;
  }
  turn();
  turn();
}

// Until what is delayed, ACKs above all, has left.
void Crowd::settle() {
  for (int i = 0; i < 1000; ++i) {
    time_ += std::chrono::milliseconds(10);
    turn();
  }
}

}  // namespace strata::bench

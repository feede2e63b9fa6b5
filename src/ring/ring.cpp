// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <algorithm>
#include <bit>

#include "strata/real_clock.h"
#include "strata/ring.h"

namespace strata::ring {
namespace {

void sleep_on(int descriptor, Duration patience) {
  pollfd one{.fd = descriptor, .events = POLLIN, .revents = 0};
  const auto ns = std::max<Duration::rep>(patience.count(), 0);
  const timespec limit{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  (void)::ppoll(&one, 1, &limit, nullptr);
}

// Asks `ready` again after each sleep; `prepare` tells whether there is reason to sleep at all.
template <typename Side>
bool wait_for(Side& side, Duration patience) {
  const Time end = real_now() + patience;
  while (side.prepare_to_sleep()) {
    const Duration left = end - real_now();
    if (left <= Duration{}) return false;
    sleep_on(side.descriptor(), left);
  }
  return true;
}

}  // namespace

RxRing::RxRing(std::unique_ptr<Receiver> receiver, std::size_t frames)
    : receiver_(std::move(receiver)), entries_(std::bit_ceil(std::max<std::size_t>(frames, 1))) {}

RxRing::~RxRing() = default;

void RxRing::give_back() {
  const std::uint64_t first = head_;
  const std::size_t mask = entries_.size() - 1;
  while (head_ != tail_ && entries_[head_ & mask].place_ == Frame::Place::kRing) ++head_;
  if (head_ != first) receiver_->release(head_ - first);
  // The same few entries are in cache over and over again.
  if (head_ == tail_) head_ = tail_ = 0;
}

std::span<Frame> RxRing::batch(std::size_t count) {
  give_back();
  const std::size_t begin = tail_ & (entries_.size() - 1);
  const std::size_t room =
      std::min({count, entries_.size() - (tail_ - head_), entries_.size() - begin});
  const std::size_t fetched = receiver_->fetch({&entries_[begin], room});
  tail_ += fetched;
  frames_received_ += fetched;
  return {&entries_[begin], fetched};
}

bool RxRing::prepare_to_sleep() {
  give_back();
  return receiver_->prepare_to_sleep();
}

bool RxRing::wait(Duration patience) { return wait_for(*this, patience); }

TxRing::TxRing(std::unique_ptr<Transmitter> transmitter, std::size_t frames,
               std::size_t frame_bytes)
    : transmitter_(std::move(transmitter)), entries_(frames), frame_bytes_(frame_bytes) {}

TxRing::~TxRing() = default;

std::span<Frame> TxRing::reserve(std::size_t count, std::size_t frame_bytes) {
  STRATA_CHECK(frame_bytes <= frame_bytes_);
  const std::span<Frame> wanted{entries_.data(), std::min(count, entries_.size())};
  reserved_ = transmitter_->reserve(wanted, frame_bytes == 0 ? frame_bytes_ : frame_bytes);
  return wanted.first(reserved_);
}

void TxRing::commit(std::size_t count) {
  STRATA_CHECK(count <= reserved_);
  reserved_ = 0;
  frames_sent_ += count;
  transmitter_->commit({entries_.data(), count});
}

std::size_t TxRing::copy(std::span<const Frame> frames) {
  reserved_ = 0;
  const std::size_t sent = transmitter_->copy(frames);
  frames_sent_ += sent;
  return sent;
}

bool TxRing::send(Bytes frame) {
  const std::span<Frame> one = reserve(1, frame.size());
  if (one.empty()) return false;
  copy_bytes(frame, one.front().bytes());
  commit(1);
  return true;
}

bool TxRing::wait(Duration patience) { return wait_for(*this, patience); }

}  // namespace strata::ring

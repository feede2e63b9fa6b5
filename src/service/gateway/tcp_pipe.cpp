// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_pipe.h"

#include <array>
#include <cerrno>
#include <utility>

namespace strata::service {
namespace {

constexpr std::size_t kChunk = 64U << 10U;
constexpr int kStepsAtOnce = 16;  // other connections want their turn
constexpr std::size_t kPartsAtOnce = 64;

}  // namespace

TcpPipe::TcpPipe(Loop& loop, TcpStream stream, HostSocket host, OnDone on_done)
    : loop_(loop),
      stream_(std::move(stream)),
      host_(std::move(host)),
      on_done_(std::move(on_done)) {}

bool TcpPipe::start() {
  (void)stream_.on_ready([this](Readiness) { pump(); });
  if (!host_.watch(loop_, [this](std::uint32_t) { pump(); })) return false;
  pump();
  return true;
}

// Both directions, for news of one end may free the other.
void TcpPipe::pump() {
  if (is_done_) return;
  bool had_more = false;
  for (int i = 0; i < kStepsAtOnce; ++i) {
    had_more = false;
    if (!is_out_over_) had_more = step_out() == Step::kMoved;
    if (!is_done_ && !is_in_over_) had_more = step_in() == Step::kMoved || had_more;
    if (is_done_ || !had_more) break;
  }
  if (had_more && !is_done_) loop_.post([this] { pump(); });
  finish_if_over();
}

TcpPipe::Step TcpPipe::step_out() {
  if (out_ != nullptr) return write_out();
  auto packet = stream_.read_packet(kChunk, loop_.now());
  if (packet) {
    out_ = *std::move(packet);
    return write_out();
  }
  if (packet.error() == Error::kWouldBlock) return Step::kWaits;
  if (packet.error() != Error::kClosed) {
    reset();
    return Step::kEnded;
  }
  host_.finish_writing();
  is_out_over_ = true;
  return Step::kEnded;
}

TcpPipe::Step TcpPipe::write_out() {
  std::array<Bytes, kPartsAtOnce> parts;
  std::size_t count = 0;
  for (const Packet* slice = out_.get(); slice != nullptr && count < parts.size();
       slice = slice->next_slice()) {
    parts[count++] = slice->bytes();
  }
  const auto written = host_.write(std::span(parts).first(count));
  if (!written) {
    if (written.error() == EAGAIN) return Step::kWaits;
    reset();
    return Step::kEnded;
  }
  if (*written == out_->size()) {
    out_ = nullptr;
  } else {
    out_->skip(*written);
  }
  return Step::kMoved;
}

TcpPipe::Step TcpPipe::step_in() {
  if (in_taken_ < in_.size()) return write_in();
  in_.resize(kChunk);
  in_taken_ = 0;
  const auto count = host_.read(in_);
  in_.resize(count.value_or(0));
  if (count && *count > 0) return write_in();
  if (count) {
    (void)stream_.shut_down(TcpShutdown::kWrite, loop_.now());
    is_in_over_ = true;
    return Step::kEnded;
  }
  if (count.error() == EAGAIN) {
    in_ = {};  // an idle connection keeps no buffer
    return Step::kWaits;
  }
  reset();
  return Step::kEnded;
}

TcpPipe::Step TcpPipe::write_in() {
  const auto taken = stream_.write(Bytes(in_).subspan(in_taken_), loop_.now());
  if (taken) {
    in_taken_ += *taken;
    return Step::kMoved;
  }
  if (taken.error() == Error::kWouldBlock) return Step::kWaits;
  reset();
  return Step::kEnded;
}

void TcpPipe::reset() {
  stream_.abort(loop_.now());
  host_.abort();
  is_out_over_ = is_in_over_ = true;
}

void TcpPipe::finish_if_over() {
  if (is_done_ || !is_out_over_ || !is_in_over_) return;
  is_done_ = true;
  (void)stream_.on_ready(nullptr);
  host_.unwatch();
  loop_.post(std::move(on_done_));
}

}  // namespace strata::service

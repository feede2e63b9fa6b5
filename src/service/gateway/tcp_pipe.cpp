// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_pipe.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <utility>

namespace strata::service {
namespace {

constexpr std::size_t kChunk = 64U << 10U;
constexpr int kStepsAtOnce = 16;  // other connections want their turn
constexpr std::size_t kPartsAtOnce = 64;

}  // namespace

TcpPipe::TcpPipe(Loop& loop, TcpStream stream, HostSocket host, MutableBytes scratch,
                 OnDone on_done)
    : loop_(loop),
      stream_(std::move(stream)),
      host_(std::move(host)),
      scratch_(scratch),
      on_done_(std::move(on_done)) {}

bool TcpPipe::start() {
  (void)stream_.on_ready([this](Readiness news) {
    is_stream_lost_ = is_stream_lost_ || news.error;
    pump();
  });
  if (!host_.watch(loop_, [this](std::uint32_t events) { on_host(events); })) return false;
  pump();
  return true;
}

void TcpPipe::on_host(std::uint32_t events) {
  constexpr std::uint32_t kEnding = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  is_host_ending_ = is_host_ending_ || (events & kEnding) != 0;
  is_host_readable_ = is_host_readable_ || (events & (EPOLLIN | kEnding)) != 0;
  is_host_writable_ = is_host_writable_ || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  pump();
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
  // Reading tells of a reset, but only behind what the host would have to take first.
  if (is_stream_lost_ && !had_more && !is_done_) reset();
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
  if (!is_in_over_) host_.finish_writing();  // otherwise closing it says as much
  is_out_over_ = true;
  return Step::kEnded;
}

TcpPipe::Step TcpPipe::write_out() {
  if (!is_host_writable_) return Step::kWaits;
  std::array<Bytes, kPartsAtOnce> parts;
  std::size_t count = 0;
  for (const Packet* slice = out_.get(); slice != nullptr && count < parts.size();
       slice = slice->next_slice()) {
    parts[count++] = slice->bytes();
  }
  const auto written = host_.write(std::span(parts).first(count));
  if (!written) {
    if (written.error() == EAGAIN) {
      is_host_writable_ = false;
      return Step::kWaits;
    }
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
  if (!in_.empty()) return write_rest();
  if (!is_host_readable_) return Step::kWaits;
  const auto count = host_.read(scratch_);
  if (count && *count > 0) {
    // A stream that had less than it was asked for is empty, unless it is about to end.
    if (*count < scratch_.size() && !is_host_ending_) is_host_readable_ = false;
    return write_in(Bytes(scratch_).first(*count));
  }
  if (count) {
    (void)stream_.shut_down(TcpShutdown::kWrite, loop_.now());
    is_in_over_ = true;
    return Step::kEnded;
  }
  if (count.error() == EAGAIN) {
    is_host_readable_ = false;
    return Step::kWaits;
  }
  reset();
  return Step::kEnded;
}

// What the stream does not take now is kept.
TcpPipe::Step TcpPipe::write_in(Bytes bytes) {
  const auto taken = stream_.write(bytes, loop_.now());
  if (!taken && taken.error() != Error::kWouldBlock) {
    reset();
    return Step::kEnded;
  }
  const Bytes rest = bytes.subspan(taken.value_or(0));
  in_.assign(rest.begin(), rest.end());
  in_taken_ = 0;
  return Step::kMoved;
}

TcpPipe::Step TcpPipe::write_rest() {
  const auto taken = stream_.write(Bytes(in_).subspan(in_taken_), loop_.now());
  if (!taken) {
    if (taken.error() == Error::kWouldBlock) return Step::kWaits;
    reset();
    return Step::kEnded;
  }
  in_taken_ += *taken;
  if (in_taken_ == in_.size()) in_ = {};  // an idle connection keeps no buffer
  return Step::kMoved;
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

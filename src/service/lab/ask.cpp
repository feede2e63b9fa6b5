// SPDX-License-Identifier: Apache-2.0
#include "service/lab/ask.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace strata::service {
namespace {

constexpr std::size_t kAskChunk = 16'384;

// As much of `left` as the stream takes, in writes of at most `part` bytes.
void write_some(TcpStream& stream, std::uint64_t& left, std::uint64_t part, Time now) {
  static const std::vector<std::byte> all(kAskChunk, std::byte{'s'});
  const Bytes text(all);
  while (left != 0) {
    const std::uint64_t wanted = std::min({left, part, std::uint64_t{text.size()}});
    const auto count = stream.write(text.first(static_cast<std::size_t>(wanted)), now);
    if (!count) return;
    left -= *count;
  }
}

}  // namespace

// ── Answers ────────────────────────────────────────────────────────────────────────────────────

Answerer::Answerer(sim::Host& host, const Endpoint& local, const AskPlan& plan)
    : host_(host), local_(local), plan_(plan) {}

Result<void> Answerer::listen() {
  auto listener = TcpListener::listen(host_.stack(), local_, {});
  if (!listener) return std::unexpected(listener.error());
  listener_.emplace(std::move(*listener));
  return listener_->on_ready([this](Readiness) { accept(); });
}

void Answerer::forget() {
  sessions_.clear();
  listener_.reset();
}

void Answerer::accept() {
  while (auto stream = listener_->accept(host_.executor().now())) {
    Session& session = sessions_.emplace_back(std::move(*stream));
    const auto told =
        session.stream.on_ready([this, &session](Readiness news) { serve(session, news); });
    if (!told) session.is_over = true;
  }
}

void Answerer::serve(Session& session, Readiness news) {
  if (session.is_over) return;
  if (news.error) return end(session);
  const Time now = host_.executor().now();
  std::array<std::byte, kAskChunk> buffer;
  while (const auto count = session.stream.read(buffer, now)) {
    bytes_ += *count;
    session.asked += *count;
  }
  for (; session.asked >= plan_.size; session.asked -= plan_.size) {
    session.to_answer += plan_.answer;
  }
  write_some(session.stream, session.to_answer, kAskChunk, now);
  const auto state = session.stream.state();
  const bool is_closing = state && *state == TcpState::kCloseWait && session.to_answer == 0;
  if (is_closing) end(session);
}

// Its callback runs: it goes a little later, with all others that are over by then.
void Answerer::end(Session& session) {
  session.is_over = true;
  session.stream.close(host_.executor().now());
  if (std::exchange(is_sweeping_, true)) return;
  host_.executor().post([this] {
    is_sweeping_ = false;
    std::erase_if(sessions_, [](const Session& one) { return one.is_over; });
  });
}

// ── Questions ──────────────────────────────────────────────────────────────────────────────────

Asker::Asker(sim::Host& host, const AskPlan& plan, Owner& owner)
    : host_(host), plan_(plan), owner_(owner) {}

Result<void> Asker::start(const Endpoint& remote, const TcpSocketOptions& options) {
  stream_.reset();
  auto stream = TcpStream::connect(host_.stack(), remote, {.options = options}, now());
  if (!stream) return std::unexpected(stream.error());
  stream_.emplace(std::move(*stream));
  ++connection_;
  asked_here_ = to_ask_ = answered_ = 0;
  is_asking_ = is_over_ = false;
  return stream_->on_ready([this](Readiness news) { on_ready(news); });
}

void Asker::close() {
  if (is_over_) return;
  is_over_ = true;
  if (const auto last = info()) former_.add_retransmits(*last);
  if (stream_) stream_->close(now());
}

void Asker::forget() {
  close();
  stream_.reset();
}

std::optional<TcpInfo> Asker::info() const {
  if (!stream_) return std::nullopt;
  const auto info = stream_->info(now());
  return info ? std::optional(*info) : std::nullopt;
}

void Asker::end(std::optional<Error> why) {
  close();
  owner_.on_over(*this, why);
}

void Asker::on_ready(Readiness news) {
  if (is_over_) return;
  if (news.error) {
    const auto why = stream_->take_error();
    return end(why && *why ? **why : Error::kClosed);
  }
  if (asked_here_ == 0 && news.writable) ask();
  push();
  drain();
}

void Asker::ask() {
  is_asking_ = true;
  asked_at_ = now();
  answered_ = 0;
  to_ask_ = plan_.size;
  ++asked_;
  ++asked_here_;
}

// What is written in one turn leaves as one: the next part comes when this one has left.
void Asker::push() {
  const std::uint64_t part = (plan_.size + plan_.writes - 1) / plan_.writes;
  const std::uint64_t wanted = std::min(part, to_ask_);
  std::uint64_t left = wanted;
  write_some(*stream_, left, kAskChunk, now());
  to_ask_ -= wanted - left;
  if (left != 0 || to_ask_ == 0) return;
  host_.executor().start_timer(now() + Duration(1), [this, connection = connection_] {
    if (!is_over_ && connection == connection_ && stream_) push();
  });
}

void Asker::drain() {
  std::array<std::byte, kAskChunk> buffer;
  auto count = stream_->read(buffer, now());
  for (; count; count = stream_->read(buffer, now())) {
    bytes_ += *count;
    answered_ += *count;
  }
  if (!is_asking_) return;
  if (answered_ < plan_.answer) {
    if (count.error() == Error::kClosed) end(Error::kClosed);
    return;
  }
  is_asking_ = false;
  owner_.on_answer(*this, now() - asked_at_);
  if (is_over_) return;
  if (asked_here_ == plan_.times) return end(std::nullopt);
  host_.executor().start_timer(now() + plan_.pause, [this, connection = connection_] {
    if (is_over_ || connection != connection_ || !stream_) return;
    ask();
    push();
  });
}

}  // namespace strata::service

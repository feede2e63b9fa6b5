// SPDX-License-Identifier: Apache-2.0
#include "service/explore/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace strata::service {
namespace {

constexpr std::size_t kProgramBuffer = 32'768;

std::size_t least_of(std::initializer_list<std::uint64_t> counts) {
  return static_cast<std::size_t>(std::min(counts));
}

}  // namespace

void fill_pattern(MutableBytes bytes, std::uint64_t pattern, std::uint64_t offset) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint64_t at = offset + i;
    if (i == 0 || at % 8 == 0) {
      word = ((at / 8 + 1) * 0x9e37'79b9'7f4a'7c15U) ^ (pattern * 0xbf58'476d'1ce4'e5b9U);
      word ^= word >> 29U;
    }
    bytes[i] = static_cast<std::byte>(word >> (at % 8 * 8));
  }
}

std::optional<std::uint64_t> first_wrong(Bytes bytes, std::uint64_t pattern, std::uint64_t offset) {
  std::array<std::byte, 1024> room{};
  for (std::size_t done = 0; done < bytes.size(); done += room.size()) {
    const Bytes piece = bytes.subspan(done, std::min(room.size(), bytes.size() - done));
    const MutableBytes expected = MutableBytes(room).first(piece.size());
    fill_pattern(expected, pattern, offset + done);
    const auto wrong = std::ranges::mismatch(piece, expected).in1;
    if (wrong != piece.end()) {
      return offset + done + static_cast<std::uint64_t>(wrong - piece.begin());
    }
  }
  return std::nullopt;
}

void keep_alive(TcpStream& stream, Time now) {
  TcpSocketOptions options = stream.options().value_or(TcpSocketOptions{});
  options.keepalive = true;
  options.keepalive_idle = std::chrono::seconds(30);
  options.keepalive_interval = std::chrono::seconds(10);
  static_cast<void>(stream.set_options(options, now));
}

// ── Steps ──────────────────────────────────────────────────────────────────────────────────────

TrialSteps::TrialSteps(const std::vector<TrialItem>& items, Wanted wanted) {
  for (const TrialItem& item : items) {
    if (!wanted(item.kind)) continue;
    // Those of one place stay in their order.
    steps_.insert(std::ranges::upper_bound(steps_, item.at, {}, &TrialItem::at), item);
  }
}

const TrialItem* TrialSteps::take(std::uint64_t place) {
  if (next_ == steps_.size() || steps_[next_].at > place) return nullptr;
  return &steps_[next_++];
}

std::uint64_t TrialSteps::distance(std::uint64_t place) const {
  if (next_ == steps_.size()) return UINT64_MAX;
  return steps_[next_].at > place ? steps_[next_].at - place : 0;
}

// ── The program ────────────────────────────────────────────────────────────────────────────────

Program::Program(sim::Host& host, TcpStream stream, const ProgramPlan& plan)
    : host_(host),
      plan_(plan),
      stream_(std::move(stream)),
      read_sizes_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kReadSize; }),
      read_pauses_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kReadPause; }),
      write_sizes_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kWriteSize; }),
      write_pauses_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kWritePause; }),
      packets_(plan.choices, [](ItemKind kind) { return kind == ItemKind::kPackets; }),
      options_(plan.choices, is_option),
      breaks_(plan.choices,
              [](ItemKind kind) { return kind == ItemKind::kClose || kind == ItemKind::kAbort; }),
      buffer_(kProgramBuffer) {
  for (const TrialItem& choice : plan_.choices) {
    if (choice.kind == ItemKind::kEnd) plan_.to_write = std::min(plan_.to_write, choice.at);
    answers_last_ = answers_last_ || choice.kind == ItemKind::kAnswerLast;
  }
  static_cast<void>(stream_->on_ready([this](Readiness) { work(); }));
  if (plan_.is_keeping_alive) keep_alive(*stream_, now());
}

Program::~Program() {
  static_cast<void>(host_.executor().cancel_timer(read_timer_));
  static_cast<void>(host_.executor().cancel_timer(write_timer_));
}

void Program::work() {
  if (stream_) write();
  if (stream_) read();
  if (stream_ && saw_end_) write();  // what waited for the end
  if (stream_ && saw_end_ && has_ended_) finish();
}

std::uint64_t Program::goal() const {
  if (answers_last_ && !saw_end_) return 0;
  if (plan_.take == 0) return plan_.to_write;
  return std::min(plan_.to_write, plan_.first + read_ / plan_.take * plan_.give);
}

bool Program::has_written_all() const {
  if (written_ >= plan_.to_write) return true;
  // Nothing will come any more in return for which something must go.
  return plan_.take != 0 && saw_end_ && written_ >= goal();
}

void Program::write() {
  while (stream_ && written_ < goal() && !is_write_paused_) {
    while (const TrialItem* step = write_sizes_.take(written_)) {
      write_size_ = static_cast<std::size_t>(std::max<std::uint64_t>(step->amount, 1));
    }
    if (const TrialItem* step = write_pauses_.take(written_)) {
      return pause(step->amount, is_write_paused_, write_timer_);
    }
    if (packets_.take(written_) != nullptr) hands_packets_ = takes_packets_ = true;
    const std::size_t count =
        least_of({buffer_.size(), write_size_, goal() - written_, write_pauses_.distance(written_),
                  write_sizes_.distance(written_)});
    if (!write_some(count)) return;
  }
  if (!stream_ || has_ended_ || is_write_paused_ || !has_written_all()) return;
  const auto ended = stream_->shut_down(TcpShutdown::kWrite, now());
  if (!ended) return check(ended.error());
  has_ended_ = true;
}

bool Program::write_some(std::size_t count) {
  PacketPtr packet;
  if (hands_packets_)
    packet = host_.stack().pool().allocate_for(std::min<std::size_t>(count, 1400));
  if (packet != nullptr) {
    count = std::min<std::size_t>(count, 1400);
    fill_pattern(packet->append(count), plan_.pattern_out, written_);
    const auto taken = stream_->write_packet(packet, now());
    if (taken) written_ += count;
    if (!taken) check(taken.error());
    return taken.has_value();
  }
  const MutableBytes bytes = MutableBytes(buffer_).first(count);
  fill_pattern(bytes, plan_.pattern_out, written_);
  const auto taken = stream_->write(bytes, now());
  if (taken) written_ += *taken;
  if (!taken) check(taken.error());
  return taken.has_value();
}

void Program::read() {
  while (stream_ && !saw_end_ && !is_read_paused_) {
    if (!step_before_read()) return;
    const std::size_t count =
        least_of({buffer_.size(), read_size_, read_pauses_.distance(read_),
                  read_sizes_.distance(read_), options_.distance(read_), breaks_.distance(read_)});
    const auto taken = read_some(count);
    if (!taken && taken.error() == Error::kClosed) {
      saw_end_ = true;
      return;
    }
    if (!taken) return check(taken.error());
    take_bytes(Bytes(buffer_).first(*taken));
    if (plan_.take != 0) write();
  }
}

bool Program::step_before_read() {
  while (const TrialItem* step = read_sizes_.take(read_)) {
    read_size_ = static_cast<std::size_t>(std::max<std::uint64_t>(step->amount, 1));
  }
  while (const TrialItem* step = options_.take(read_)) set_option(*step);
  if (const TrialItem* step = read_pauses_.take(read_)) {
    pause(step->amount, is_read_paused_, read_timer_);
    return false;
  }
  if (const TrialItem* step = breaks_.take(read_)) {
    has_broken_off_ = true;
    if (step->kind == ItemKind::kAbort) stream_->abort(now());
    finish();
    return false;
  }
  return true;
}

Result<std::size_t> Program::read_some(std::size_t count) {
  if (!takes_packets_) return stream_->read(MutableBytes(buffer_).first(count), now());
  auto packet = stream_->read_packet(count, now());
  if (!packet) return std::unexpected(packet.error());
  const std::size_t size = (*packet)->size();
  (*packet)->copy_out(0, MutableBytes(buffer_).first(size));
  return size;
}

void Program::take_bytes(Bytes bytes) {
  if (!wrong_at_) wrong_at_ = first_wrong(bytes, plan_.pattern_in, read_);
  read_ += bytes.size();
}

void Program::set_option(const TrialItem& step) {
  auto options = stream_->options();
  if (!options) return check(options.error());
  constexpr std::uint32_t kSmallBuffer = 3'000;
  constexpr std::uint16_t kSmallSegment = 200;
  switch (step.kind) {
    case ItemKind::kNoDelay: options->no_delay = !options->no_delay; break;
    case ItemKind::kCork: options->cork = !options->cork; break;
    case ItemKind::kQuickAck: options->quick_ack = true; break;
    case ItemKind::kSlowAck: options->quick_ack = false; break;
    case ItemKind::kSmallReceive: options->receive_buffer = kSmallBuffer; break;
    case ItemKind::kSmallSend: options->send_buffer = kSmallBuffer; break;
    case ItemKind::kSmallSegments: options->mss_max = kSmallSegment; break;
    default: break;
  }
  // What this moment does not allow is no failure: the option stays as it was.
  static_cast<void>(stream_->set_options(*options, now()));
}

void Program::pause(std::uint64_t nanoseconds, bool& is_paused, TimerId& timer) {
  is_paused = true;
  timer = host_.executor().start_timer(now() + Duration(static_cast<std::int64_t>(nanoseconds)),
                                       [this, &is_paused] {
                                         is_paused = false;
                                         work();
                                       });
}

void Program::check(Error error) {
  if (error == Error::kWouldBlock || error == Error::kInProgress) return;
  failure_ = error;
  finish();
}

void Program::finish() {
  stream_->close(now());
  stream_.reset();
}

std::string Program::state() const {
  return fmt::format("wrote {} of {}, read {}{}{}{}", written_, plan_.to_write, read_,
                     saw_end_ ? " and the end" : "", is_over() ? ", closed" : "",
                     failure_ ? fmt::format(", failed: {}", to_text(*failure_)) : "");
}

}  // namespace strata::service

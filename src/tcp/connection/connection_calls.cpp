// SPDX-License-Identifier: Apache-2.0
// What a connection's program asks of it (RFC 9293 3.10.2 to 3.10.5).
#include <utility>

#include "tcp/connection/connection.h"

namespace strata::tcp {
namespace {

// How soon a FIN or a write that found no memory is tried again.
constexpr Duration kMemoryRetry = std::chrono::milliseconds(50);

}  // namespace

// RFC 9293 3.10.2: text may be written until FIN, and even before the connection is open.
std::optional<Error> Connection::why_not_write() {
  if (error_) return std::exchange(error_, std::nullopt);
  switch (state_) {
    case State::kSynSent:
    case State::kSynReceived:
    case State::kEstablished:
    case State::kCloseWait:
      if (flags_.fin_wanted || sender_.is_fin_queued()) return Error::kClosed;
      return std::nullopt;
    default: return Error::kClosed;
  }
}

Result<std::size_t> Connection::write(Shared& shared, Bytes bytes, Time now, bool more) {
  if (const auto why = why_not_write()) return std::unexpected(*why);
  if (bytes.empty()) return std::size_t{0};
  const std::size_t took = sender_.write(shared.send, bytes, now, more);
  if (took < bytes.size()) {
    wait_for_room(shared, now);
  } else {
    note_fullness(shared);
  }
  if (took == 0) return std::unexpected(Error::kWouldBlock);
  return took;
}

// An acknowledgement tells of room. Where nothing is to be acknowledged, memory was short, and the
// program is told to try again.
void Connection::wait_for_room(const Shared& shared, Time now) {
  flags_.program_waits = true;
  if (has_halves() && sender_.queued(shared.send) == 0) ends_at_ = now + kMemoryRetry;
}

// All was taken: a program that sees no room for more may wait for it before it writes again.
void Connection::note_fullness(const Shared& shared) {
  if (!is_writable(shared)) flags_.program_waits = true;
}

Result<void> Connection::write_owned(Shared& shared, PacketPtr& packet, Time now) {
  if (const auto why = why_not_write()) return std::unexpected(*why);
  if (packet == nullptr || packet->size() == 0) return std::unexpected(Error::kInvalidArgument);
  if (sender_.write_owned(shared.send, packet, now)) {
    note_fullness(shared);
    return {};
  }
  wait_for_room(shared, now);
  return std::unexpected(Error::kWouldBlock);
}

Result<std::size_t> Connection::write_urgent(Shared& shared, Bytes bytes, Time now) {
  const auto took = write(shared, bytes, now, false);
  // RFC 6093 4: the one urgent byte is the last; what was not taken is written again by the caller.
  if (took && *took == bytes.size() && *took != 0) sender_.mark_urgent(shared.send);
  return took;
}

// As on Linux: behind the peer's FIN there is the end, and the error is for whoever writes.
Error Connection::why_nothing_to_read() const {
  if (receiver_.fin_reached()) return Error::kClosed;
  if (error_) return *error_;
  const bool is_at_end = receiver_.is_shut_down() || state_ == State::kClosed;
  return is_at_end ? Error::kClosed : Error::kWouldBlock;
}

// An error is told to one read.
Error Connection::take_why_nothing_to_read() {
  const Error why = why_nothing_to_read();
  if (!receiver_.fin_reached()) error_.reset();
  return why;
}

Result<std::size_t> Connection::read(Shared& shared, MutableBytes to, Time now) {
  if (to.empty()) return std::size_t{0};
  const std::size_t got = receiver_.read(shared.receive, to, now);
  if (got == 0) return std::unexpected(take_why_nothing_to_read());
  return got;
}

Result<PacketPtr> Connection::read_slices(Shared& shared, std::size_t bytes_max, Time now) {
  PacketPtr got = receiver_.read_slices(shared.receive, bytes_max, now);
  if (got == nullptr) return std::unexpected(take_why_nothing_to_read());
  return got;
}

Result<std::size_t> Connection::peek(const Shared& shared, std::size_t offset,
                                     MutableBytes to) const {
  const std::size_t got = receiver_.peek(shared.receive, offset, to);
  if (got != 0 || to.empty()) return got;
  return std::unexpected(why_nothing_to_read());
}

Result<std::byte> Connection::read_urgent(Shared& shared) {
  return receiver_.read_urgent(shared.receive);
}

bool Connection::is_at_urgent_mark(const Shared& shared) const {
  return receiver_.is_at_urgent_mark(shared.receive);
}

// RFC 9293 3.10.4: FIN goes behind all that was written; the state changes at once.
void Connection::start_closing(Shared& shared, Time now) {
  if (sender_.is_fin_queued()) return;
  ends_at_ = {};
  flags_.fin_wanted = !sender_.queue_fin(shared.send, now);
  if (flags_.fin_wanted) {
    ends_at_ = now + kMemoryRetry;
    return;
  }
  const bool is_second = state_ == State::kCloseWait;
  transition_to(shared, is_second ? State::kLastAck : State::kFinWait1, now);
}

Result<void> Connection::shut_down_writing(Shared& shared, Time now) {
  switch (state_) {
    case State::kSynSent:
      flags_.fin_wanted = true;  // once it is open
      return {};
    case State::kSynReceived:
      if (!has_halves()) {
        flags_.fin_wanted = true;
        return {};
      }
      [[fallthrough]];
    case State::kEstablished:
    case State::kCloseWait: start_closing(shared, now); return {};
    // The error of the connection is for whoever reads, writes or asks for it.
    case State::kClosed: return std::unexpected(Error::kNotConnected);
    default: return {};  // ended already
  }
}

Result<void> Connection::shut_down_reading() {
  if (state_ == State::kClosed) return std::unexpected(Error::kNotConnected);
  receiver_.shut_down();
  flags_.news_readable = true;
  return {};
}

void Connection::close(Shared& shared, Time now) {
  if (flags_.is_orphan) return;
  flags_.is_orphan = true;
  flags_.is_lingering = false;
  ends_at_ = {};
  if (state_ == State::kClosed || state_ == State::kTimeWait) return;
  // RFC 9293 3.10.4: in SYN-SENT, delete the TCB.
  if (state_ == State::kSynSent) return end(shared, now);
  const TcpSocketOptions& options = shared.options[options_];
  // In SYN-RECEIVED, both ends having begun at once, FIN waits until the connection is open.
  if (!has_halves()) {
    if (options.linger == Duration{}) return abort(shared, now);
    flags_.fin_wanted = true;
    return;
  }
  // RFC 2525 2.17: what the peer sent will never be read, and it must not believe otherwise.
  const bool has_unread = receiver_.readable(shared.receive) != 0;
  if (has_unread || options.linger == Duration{}) return abort(shared, now);
  if (state_ == State::kFinWait2) return start_fin_wait_2(shared, now);
  if (state_ == State::kEstablished || state_ == State::kCloseWait ||
      state_ == State::kSynReceived) {
    start_closing(shared, now);
  }
}

Result<void> Connection::close_lingering(Shared& shared, Time now) {
  const TcpSocketOptions& options = shared.options[options_];
  if (!options.linger || options.linger == Duration{} || (is_opening() && !has_halves()) ||
      receiver_.readable(shared.receive) != 0) {
    flags_.news_closed = true;  // there is nothing to wait for: close() decides
    return {};
  }
  if (const auto shut = shut_down_writing(shared, now); !shut) return shut;
  // Without memory for FIN there is nothing to wait for either.
  if (sender_.is_finished() || flags_.fin_wanted) {
    flags_.news_closed = true;
    return {};
  }
  flags_.is_lingering = true;
  ends_at_ = now + *options.linger;
  return {};
}

// RFC 9293 3.10.5.
void Connection::abort(Shared& shared, Time now) {
  if (state_ == State::kClosed || state_ == State::kTimeWait) return;
  const bool peer_must_hear =
      has_halves() && state_ != State::kClosing && state_ != State::kLastAck;
  flags_.reset_due = peer_must_hear;
  if (state_ == State::kSynReceived && !has_halves()) {
    ++shared.counters.resets_out;
    shared.reply(shared.openings[opening_].reset(context(shared)));
  }
  end(shared, now);
}

bool Connection::is_writable(const Shared& shared) const {
  const TcpSocketOptions& options = shared.options[options_];
  const std::uint32_t low_water = options.not_sent_low_water != 0
                                      ? options.not_sent_low_water
                                      : shared.config.not_sent_low_water;
  if (sender_.unsent(shared.send) >= low_water) return false;
  // A third of the buffer is free: less would call the program for every ACK.
  const std::uint32_t room = sender_.room(shared.send);
  return room != 0 && room >= sender_.queued(shared.send) / 2;
}

// Who waits for more than a peer may send, or memory has room for, waits for ever: then the mark
// gives way.
bool Connection::has_enough_to_read(const Shared& shared) const {
  const std::size_t unread = receiver_.readable(shared.receive);
  if (unread == 0) return false;
  return unread >= shared.options[options_].receive_low_water ||
         receiver_.window() <= receiver_.segment_size() || shared.account.under_pressure();
}

Readiness Connection::readiness(const Shared& shared) const {
  const bool is_over = state_ == State::kClosed;
  const bool is_open = !is_opening() || has_halves();
  const bool has_ended = receiver_.fin_reached() || receiver_.is_shut_down();
  return {.readable = is_over || has_ended || has_enough_to_read(shared) ||
                      receiver_.has_urgent(shared.receive),
          .writable = is_over || (is_open && (sender_.is_fin_queued() || is_writable(shared))),
          .error = error_.has_value(),
          .closed = is_over || receiver_.fin_reached()};
}

std::optional<Error> Connection::take_error() { return std::exchange(error_, std::nullopt); }

// What the halves and the timers need of the options.
void Connection::obey_options(Shared& shared, Time now) {
  const TcpSocketOptions& options = shared.options[options_];
  sender_.set_options(shared.send,
                      {.no_delay = options.no_delay,
                       .cork = options.cork,
                       .pacing = options.pacing,
                       .send_buffer = options.send_buffer,
                       .pacing_rate_max = options.pacing_rate_max},
                      now);
  receiver_.set_options(shared.config, options);
  flags_.keepalive = options.keepalive;
}

Result<void> Connection::set_options(Shared& shared, const TcpSocketOptions& options, Time now) {
  const TcpSocketOptions before = shared.options[options_];
  const Algorithm* control = nullptr;
  if (options.congestion.length != 0 && !(options.congestion == before.congestion)) {
    control = shared.algorithms.find(options.congestion);
    if (control == nullptr) return std::unexpected(Error::kNotFound);
  }
  OptionSetIndex taken = kDefaultOptions;
  if (!shared.options.try_take(options, taken)) return std::unexpected(Error::kOutOfMemory);
  if (control != nullptr && has_halves() && state_ != State::kClosed &&
      !sender_.change_control(shared.send, *control, now)) {
    shared.options.give_back(taken);
    return std::unexpected(Error::kOutOfMemory);
  }
  shared.options.give_back(std::exchange(options_, taken));
  if (state_ == State::kClosed) return {};
  if (control != nullptr && flags_.ecn) {
    receiver_.set_ecn_mode(control->name == "dctcp" ? EcnEchoMode::kExact : EcnEchoMode::kClassic);
  }
  if (options.user_timeout_option && options.user_timeout != before.user_timeout &&
      options.user_timeout != Duration{} && has_halves()) {
    flags_.user_timeout_due = true;
    receiver_.owe_ack();
  }
  if (options.keepalive && !before.keepalive) heard_ = now;
  if (options.receive_low_water < before.receive_low_water && has_enough_to_read(shared)) {
    flags_.news_readable = true;
  }
  obey_options(shared, now);
  return {};
}

}  // namespace strata::tcp

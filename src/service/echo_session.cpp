// SPDX-License-Identifier: Apache-2.0
#include "service/echo_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace strata::service {
namespace {

constexpr Duration kFloodInterval = std::chrono::milliseconds(10);
constexpr Duration kPatienceForSilence = std::chrono::seconds(10);
constexpr std::size_t kEchoHeader = 8;

std::optional<WrongByte> first_difference(Bytes got, Bytes sent) {
  const auto [here, there] = std::ranges::mismatch(got, sent);
  if (here == got.end() || there == sent.end()) return std::nullopt;
  return WrongByte{static_cast<std::size_t>(there - sent.begin()), *there};
}

double microseconds(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

EchoSession::EchoSession(Stack& stack, Executor& executor, const EchoOptions& options,
                         EchoEvents events)
    : stack_(stack),
      executor_(executor),
      options_(options),
      events_(std::move(events)),
      requests_(kRemembered),
      payload_(options.size),
      buffer_(65'535) {
  for (std::size_t i = 0; i < payload_.size(); ++i) payload_[i] = static_cast<std::byte>(i);
}

EchoSession::~EchoSession() {
  if (timer_) executor_.cancel_timer(*timer_);
  if (deadline_timer_) executor_.cancel_timer(*deadline_timer_);
}

Outcome<void> EchoSession::start() {
  const auto fault = [&](Error error) {
    return failed(fmt::format("{}: {}", to_text(options_.destination).view(), to_text(error)));
  };
  auto socket = IcmpSocket::open(
      stack_, options_.destination.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!socket) return fault(socket.error());
  socket_.emplace(std::move(*socket));
  const auto listening = socket_->set_receive_errors(true);
  if (!listening) return fault(listening.error());
  const auto armed = socket_->on_ready([this](Readiness) { receive(); });
  if (!armed) return fault(armed.error());
  first_sent_ = executor_.now();
  last_event_ = first_sent_;
  if (const auto sent = send(); !sent) return fault(sent.error());
  if (const auto identifier = socket_->identifier()) identifier_ = *identifier;
  arm(options_.flood ? kFloodInterval : options_.interval);
  if (options_.deadline) {
    deadline_timer_ = executor_.start_timer(first_sent_ + *options_.deadline, [this] {
      deadline_timer_.reset();
      stop();
    });
  }
  return {};
}

void EchoSession::stop() {
  if (!is_done_) finish();
}

Result<void> EchoSession::send() {
  const auto sequence_number = static_cast<std::uint16_t>(sent_ + 1);
  const SendChoices choices{.destination = Endpoint{options_.destination, 0, options_.interface},
                            .source = options_.source,
                            .interface = options_.interface,
                            .hop_limit = options_.hop_limit,
                            .traffic_class = std::nullopt};
  const auto sent = socket_->send_echo(payload_, sequence_number, choices, executor_.now());
  // A full queue is the business of the next interval.
  if (!sent && sent.error() == Error::kWouldBlock) return {};
  ++sent_;
  request(sequence_number) = {executor_.now(), sequence_number, sent.has_value(), true};
  if (!sent) {
    ++settled_;
    return std::unexpected(sent.error());
  }
  if (events_.on_sent) events_.on_sent(sequence_number);
  return {};
}

void EchoSession::send_next() {
  if (is_done_) return;
  if (!has_more_to_send()) return arm_patience();
  if (const auto sent = send(); !sent) {
    ++errors_;
    send_error_ = sent.error();
  }
  if (!has_more_to_send()) return on_settled();
  arm(options_.flood ? kFloodInterval : options_.interval);
}

void EchoSession::arm(Duration wait) {
  if (timer_) executor_.cancel_timer(*timer_);
  timer_ = executor_.start_timer(executor_.now() + wait, [this] {
    timer_.reset();
    send_next();
  });
}

void EchoSession::arm_patience() {
  if (timer_) executor_.cancel_timer(*timer_);
  const Duration usual =
      received_ == 0 ? kPatienceForSilence : std::max(2 * longest_, options_.interval);
  timer_ = executor_.start_timer(executor_.now() + options_.patience.value_or(usual), [this] {
    timer_.reset();
    finish();
  });
}

void EchoSession::receive() {
  while (!is_done_) {
    const auto reply = socket_->receive(buffer_);
    if (!reply) break;
    take_reply(*reply);
  }
  while (!is_done_) {
    const auto error = socket_->receive_error();
    if (!error) break;
    take_error(*error);
  }
}

void EchoSession::take_reply(const EchoReply& reply) {
  Request& asked = request(reply.sequence_number);
  if (!asked.is_known || asked.sequence_number != reply.sequence_number) return;
  last_event_ = executor_.now();
  const Duration round_trip = last_event_ - asked.sent;
  const bool is_duplicate = !asked.is_pending;
  const Bytes got = Bytes(buffer_).first(std::min(reply.info.size, buffer_.size()));
  note_under_way(reply.sequence_number);
  const EchoAnswer answer{.sequence_number = reply.sequence_number,
                          .size = reply.info.size + kEchoHeader,
                          .source = reply.info.source.address,
                          .hop_limit = reply.info.hop_limit,
                          .round_trip = round_trip,
                          .is_duplicate = is_duplicate && !options_.destination.is_multicast(),
                          .is_truncated = got.size() < payload_.size(),
                          .wrong_byte = first_difference(got, payload_),
                          .payload = got};
  if (is_duplicate) {
    ++duplicates_;
  } else {
    asked.is_pending = false;
    ++received_;
    ++settled_;
    shortest_ = std::min(shortest_, round_trip);
    longest_ = std::max(longest_, round_trip);
    total_ += round_trip;
    smoothed_ = received_ == 1 ? round_trip : smoothed_ + (round_trip - smoothed_) / 8;
    squares_ += microseconds(round_trip) * microseconds(round_trip);
  }
  if (events_.on_answer) events_.on_answer(answer);
  if (!is_duplicate) on_settled();
}

void EchoSession::take_error(const SocketError& error) {
  last_event_ = executor_.now();
  ++errors_;
  Request& asked = request(error.destination.port);
  if (asked.is_known && asked.is_pending && asked.sequence_number == error.destination.port) {
    asked.is_pending = false;
    ++settled_;
  }
  note_under_way(error.destination.port);
  if (events_.on_error) events_.on_error(error);
  if (options_.deadline && !is_done_) return finish();
  on_settled();
}

void EchoSession::note_under_way(std::uint16_t sequence_number) {
  const auto behind = static_cast<std::uint16_t>(sent_ - sequence_number);
  if (behind < kRemembered) pipe_ = std::max(pipe_, behind + 1U);
}

// One more request has its answer, or will have none.
void EchoSession::on_settled() {
  if (is_done_) return;
  if (!has_more_to_send()) {
    if (settled_ >= sent_ || options_.deadline) return finish();
    return arm_patience();
  }
  if (options_.flood && settled_ >= sent_) send_next();
}

void EchoSession::finish() {
  is_done_ = true;
  if (timer_) executor_.cancel_timer(*timer_);
  timer_.reset();
  if (deadline_timer_) executor_.cancel_timer(*deadline_timer_);
  deadline_timer_.reset();
  last_event_ = std::max(last_event_, executor_.now());
  if (events_.on_done) events_.on_done();
}

EchoStatistics EchoSession::statistics() const {
  EchoStatistics statistics{.sent = sent_,
                            .received = received_,
                            .duplicates = duplicates_,
                            .errors = errors_,
                            .elapsed = last_event_ - first_sent_,
                            .pipe = pipe_};
  if (received_ == 0) return statistics;
  const auto count = static_cast<double>(received_);
  const double mean = microseconds(total_) / count;
  const double variance = std::max(0.0, squares_ / count - mean * mean);
  statistics.shortest = shortest_;
  statistics.longest = longest_;
  statistics.smoothed = smoothed_;
  statistics.mean = total_ / static_cast<std::int64_t>(received_);
  statistics.deviation = Duration(static_cast<std::int64_t>(std::sqrt(variance) * 1000));
  return statistics;
}

}  // namespace strata::service

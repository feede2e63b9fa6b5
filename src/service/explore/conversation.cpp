// SPDX-License-Identifier: Apache-2.0
#include "service/explore/conversation.h"

#include <fmt/format.h>

#include <utility>

#include "service/tcp_settings.h"

namespace strata::service {
namespace {

constexpr std::uint64_t kEndlessBytes = 200'000;
constexpr std::uint64_t kExchangesMost = 20;

}  // namespace

ConversationPlan plan_conversation(const LabTraffic& traffic, const Trial& trial,
                                   std::uint64_t number) {
  ConversationPlan plan;
  plan.name = traffic.name;
  plan.start = Time(traffic.start);
  plan.client.pattern_out = plan.server.pattern_in = 2 * number + 1;
  plan.client.pattern_in = plan.server.pattern_out = 2 * number + 2;
  plan.client.choices = choices_of(trial, traffic.name + ".client");
  plan.server.choices = choices_of(trial, traffic.name + ".server");
  if (traffic.kind == LabTraffic::Kind::kRequest && traffic.size != 0 && traffic.answer != 0) {
    plan.client.to_write = traffic.size * kExchangesMost;
    plan.client.first = plan.client.give = traffic.size;
    plan.client.take = traffic.answer;
    plan.server.to_write = traffic.answer * kExchangesMost;
    plan.server.give = traffic.answer;
    plan.server.take = traffic.size;
  } else {
    plan.client.to_write = traffic.bytes == 0 ? kEndlessBytes : traffic.bytes;
  }
  for (const TrialItem& choice : plan.server.choices) {
    if (choice.kind == ItemKind::kTalk && plan.server.take == 0) plan.server.to_write = choice.at;
    if (choice.kind == ItemKind::kAcceptLate) {
      plan.accept_late = Duration(static_cast<std::int64_t>(choice.at));
    }
  }
  if (!traffic.congestion.empty()) {
    TcpConfig config;
    static_cast<void>(apply_tcp_setting(config, "congestion", traffic.congestion));
    plan.client_socket.congestion = config.congestion;
  }
  return plan;
}

Conversation::Conversation(const WatchedEnds& ends, const ConversationPlan& plan)
    : WatchedFlow(ends), plan_(plan) {
  Conversation::listen();
  start_timer_ = ends_.from.executor().start_timer(plan_.start, [this] { connect(); });
}

Conversation::~Conversation() {
  static_cast<void>(ends_.from.executor().cancel_timer(start_timer_));
  static_cast<void>(ends_.to.executor().cancel_timer(accept_timer_));
}

void Conversation::listen() {
  auto listener = TcpListener::listen(ends_.to.stack(), {ends_.address, ends_.port}, {});
  if (!listener) {
    refused_ = listener.error();
    return;
  }
  listener_.emplace(std::move(*listener));
  static_cast<void>(listener_->on_ready([this](Readiness) { accept(); }));
}

void Conversation::accept() {
  if (plan_.accept_late > Duration::zero() && !std::exchange(is_waiting_, true)) {
    accept_timer_ =
        ends_.to.executor().start_timer(now() + plan_.accept_late, [this] { accept(); });
    return;
  }
  if (!listener_ || server_) return;
  auto stream = listener_->accept(now());
  if (!stream) return;
  server_.emplace(ends_.to, std::move(*stream), plan_.server);
  server_->work();
}

void Conversation::connect() {
  is_started_ = true;
  auto stream = TcpStream::connect(ends_.from.stack(), {ends_.address, ends_.port},
                                   {.options = plan_.client_socket}, now());
  if (!stream) {
    refused_ = stream.error();
    return;
  }
  client_.emplace(ends_.from, std::move(*stream), plan_.client);
  client_->work();
}

void Conversation::lose(const sim::Host& host) {
  const auto forget = [this](std::optional<Program>& program) {
    if (program) moved_before_ += program->bytes_read() + program->bytes_written();
    program.reset();
  };
  if (&host == &ends_.from) {
    forget(client_);
    static_cast<void>(ends_.from.executor().cancel_timer(start_timer_));
    is_started_ = true;
  }
  if (&host == &ends_.to) {
    forget(server_);
    listener_.reset();
  }
}

void Conversation::stop_listening() {
  if (listener_) listener_->close(now());
  listener_.reset();
}

bool Conversation::is_over() const {
  return is_started_ && (!client_ || client_->is_over()) && (!server_ || server_->is_over());
}

std::uint64_t Conversation::bytes_moved() const {
  std::uint64_t moved = moved_before_;
  for (const auto* program : {&client_, &server_}) {
    if (*program) moved += (*program)->bytes_read() + (*program)->bytes_written();
  }
  return moved;
}

std::optional<Trouble> Conversation::trouble(const Excuses& excuses) const {
  for (const auto* program : {&client_, &server_}) {
    if (excuses.may_be_wrong || !*program || !(*program)->wrong_at()) continue;
    return Trouble{Broken::kBytes, fmt::format("{}; the first wrong one is {} bytes in", state(),
                                               *(*program)->wrong_at())};
  }
  if (has_missed_bytes()) return Trouble{Broken::kMissing, state()};
  if (!excuses.may_fail && has_failed()) return Trouble{Broken::kFailed, state()};
  return std::nullopt;
}

// An end that is told is the truth, whatever else befell the connection.
bool Conversation::has_missed_bytes() const {
  if (!client_ || !server_) return false;
  return (client_->saw_end() && client_->bytes_read() != server_->bytes_written()) ||
         (server_->saw_end() && server_->bytes_read() != client_->bytes_written());
}

bool Conversation::has_failed() const {
  // Three lost questions for its next hop end an attempt, whichever fault they met.
  if (client_ && client_->failure() == Error::kHostUnreachable) return false;
  return refused_ || !client_ || !server_ || client_->failure() || server_->failure();
}

std::string Conversation::state() const {
  return fmt::format("{}: the client {}; the server {}", plan_.name,
                     client_    ? client_->state()
                     : refused_ ? "could not begin"
                                : "is gone",
                     server_ ? server_->state() : "has not been called, or is gone");
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/explore/conversation.h"

#include <fmt/format.h>

#include <utility>

namespace strata::service {

Conversation::Conversation(const ConversationEnds& ends, const ConversationPlan& plan)
    : ends_(ends), plan_(plan) {
  listen();
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

std::string Conversation::state() const {
  return fmt::format("{}: the client {}; the server {}", plan_.name,
                     client_    ? client_->state()
                     : refused_ ? "could not begin"
                                : "is gone",
                     server_ ? server_->state() : "has not been called, or is gone");
}

}  // namespace strata::service

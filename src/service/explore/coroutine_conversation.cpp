// SPDX-License-Identifier: Apache-2.0
#include "service/explore/coroutine_conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "strata/coro/when.h"

namespace strata::service {
namespace {

constexpr std::size_t kCoroutineBuffer = 16'384;

// How long it waits at this place.
Duration pause_at(TrialSteps& pauses, std::uint64_t place) {
  Duration pause{};
  while (const TrialItem* step = pauses.take(place)) {
    pause += Duration(static_cast<std::int64_t>(step->amount));
  }
  return pause;
}

}  // namespace

// How many bytes a call of this side moves next.
class CoroutineConversation::CallSizes {
 public:
  CallSizes(const std::vector<TrialItem>& choices, TrialSteps::Wanted wanted)
      : steps_(choices, wanted) {}
  [[nodiscard]] std::size_t next(std::uint64_t place) {
    while (const TrialItem* step = steps_.take(place)) {
      size_ = std::clamp<std::uint64_t>(step->amount, 1, kCoroutineBuffer);
    }
    return static_cast<std::size_t>(std::min(size_, steps_.distance(place)));
  }

 private:
  TrialSteps steps_;
  std::uint64_t size_ = kCoroutineBuffer;
};

bool is_coroutine_choice(ItemKind kind) {
  switch (kind) {
    case ItemKind::kCoroutines:
    case ItemKind::kTalk:
    case ItemKind::kEnd:
    case ItemKind::kAcceptLate:
    case ItemKind::kReadSize:
    case ItemKind::kReadPause:
    case ItemKind::kWriteSize:
    case ItemKind::kWritePause: return true;
    default: return false;
  }
}

bool is_by_coroutines(const Trial& trial, const LabTraffic& traffic) {
  return std::ranges::any_of(trial.items, [&](const TrialItem& item) {
    return item.kind == ItemKind::kCoroutines && item.where == traffic.name;
  });
}

CoroutineConversation::Side::Side(sim::Host& its_host, const ProgramPlan& its_plan)
    : host(its_host), plan(its_plan) {
  for (const TrialItem& choice : plan.choices) {
    if (choice.kind == ItemKind::kEnd) plan.to_write = std::min(plan.to_write, choice.at);
  }
}

// The other of its tasks hears of it.
void CoroutineConversation::Side::give_up(coro::TcpStream& stream, Error why) {
  if (!failure) failure = why;
  stream.close();
}

CoroutineConversation::CoroutineConversation(const WatchedEnds& ends, const ConversationPlan& plan)
    : WatchedFlow(ends), plan_(plan) {
  CoroutineConversation::listen();
  client_.emplace(ends_.from, plan_.client);
  client_->tasks.spawn(call(*client_));
}

void CoroutineConversation::listen() {
  server_.emplace(ends_.to, plan_.server);
  server_->tasks.spawn(serve(*server_));
}

void CoroutineConversation::lose(const sim::Host& host) {
  const auto forget = [this](std::optional<Side>& side) {
    if (side) moved_before_ += side->read + side->written;
    side.reset();
  };
  if (&host == &ends_.from) forget(client_);
  if (&host == &ends_.to) forget(server_);
}

// ── Tasks ──────────────────────────────────────────────────────────────────────────────────────

coro::Task<> CoroutineConversation::call(Side& side) {
  Executor& executor = side.host.executor();
  static_cast<void>(co_await coro::sleep_until(executor, plan_.start));
  const coro::Net net{.stack = side.host.stack(), .executor = executor};
  const Endpoint remote{ends_.address, ends_.port};
  const TcpConnectOptions options{.options = plan_.client_socket};
  auto stream = co_await coro::connect(net, remote, options);
  if (!stream) {
    side.failure = stream.error();
    co_return;
  }
  co_await talk(side, *stream);
}

coro::Task<> CoroutineConversation::serve(Side& side) {
  Executor& executor = side.host.executor();
  const coro::Net net{.stack = side.host.stack(), .executor = executor};
  auto listener = coro::TcpListener::listen(net, {ends_.address, ends_.port});
  if (!listener) {
    side.failure = listener.error();
    co_return;
  }
  if (plan_.accept_late > Duration::zero()) {
    static_cast<void>(co_await coro::sleep_for(executor, plan_.accept_late, &closing_));
  }
  auto stream = co_await listener->accept({.cancellation = &closing_});
  if (!stream) co_return;  // nobody calls any more
  listener->close();
  co_await talk(side, *stream);
}

coro::Task<> CoroutineConversation::talk(Side& side, coro::TcpStream& stream) {
  side.is_connected = true;
  if (side.plan.is_keeping_alive) keep_alive(stream.native(), side.host.executor().now());
  co_await coro::when_all(write(side, stream), read(side, stream));
}

coro::Task<> CoroutineConversation::write(Side& side, coro::TcpStream& stream) {
  CallSizes sizes(side.plan.choices, [](ItemKind kind) { return kind == ItemKind::kWriteSize; });
  TrialSteps pauses(side.plan.choices, [](ItemKind kind) { return kind == ItemKind::kWritePause; });
  std::vector<std::byte> buffer(kCoroutineBuffer);
  while (side.written < side.plan.to_write) {
    if (const Duration pause = pause_at(pauses, side.written); pause > Duration::zero()) {
      static_cast<void>(co_await coro::sleep_for(side.host.executor(), pause));
    }
    const std::uint64_t left = side.plan.to_write - side.written;
    const auto count = static_cast<std::size_t>(
        std::min({std::uint64_t{sizes.next(side.written)}, left, pauses.distance(side.written)}));
    fill_pattern(MutableBytes(buffer).first(count), side.plan.pattern_out, side.written);
    const auto done = co_await stream.write_all(Bytes(buffer).first(count));
    if (!done) co_return side.give_up(stream, done.error());
    side.written += count;
  }
  const auto ended = stream.shut_down(TcpShutdown::kWrite);
  if (!ended) side.give_up(stream, ended.error());
}

coro::Task<> CoroutineConversation::read(Side& side, coro::TcpStream& stream) {
  CallSizes sizes(side.plan.choices, [](ItemKind kind) { return kind == ItemKind::kReadSize; });
  TrialSteps pauses(side.plan.choices, [](ItemKind kind) { return kind == ItemKind::kReadPause; });
  std::vector<std::byte> buffer(kCoroutineBuffer);
  while (true) {
    if (const Duration pause = pause_at(pauses, side.read); pause > Duration::zero()) {
      static_cast<void>(co_await coro::sleep_for(side.host.executor(), pause));
    }
    const auto count = static_cast<std::size_t>(
        std::min(std::uint64_t{sizes.next(side.read)}, pauses.distance(side.read)));
    const auto taken = co_await stream.read(MutableBytes(buffer).first(count));
    side.saw_end = !taken && taken.error() == Error::kClosed;
    if (side.saw_end) co_return;
    if (!taken) co_return side.give_up(stream, taken.error());
    const Bytes bytes = Bytes(buffer).first(*taken);
    if (!side.wrong_at) side.wrong_at = first_wrong(bytes, side.plan.pattern_in, side.read);
    side.read += *taken;
  }
}

// ── What became of it ──────────────────────────────────────────────────────────────────────────

bool CoroutineConversation::has_tasks() const {
  return (client_ && !client_->tasks.empty()) || (server_ && !server_->tasks.empty());
}

bool CoroutineConversation::is_over() const {
  const bool is_calling = client_ && !client_->tasks.empty();
  // Who has not been called waits as long as it may.
  const bool is_serving = server_ && server_->is_connected && !server_->tasks.empty();
  return !is_calling && !is_serving;
}

std::uint64_t CoroutineConversation::bytes_moved() const {
  std::uint64_t moved = moved_before_;
  for (const auto* side : {&client_, &server_}) {
    if (*side) moved += (*side)->read + (*side)->written;
  }
  return moved;
}

std::string CoroutineConversation::Side::state() const {
  return fmt::format("wrote {} of {}, read {}{}{}{}", written, plan.to_write, read,
                     saw_end ? " and the end" : "", tasks.empty() ? "" : ", has not ended",
                     failure ? fmt::format(", failed: {}", to_text(*failure)) : "");
}

std::string CoroutineConversation::state() const {
  return fmt::format("{}, by coroutines: the client {}; the server {}", plan_.name,
                     client_ ? client_->state() : "is gone",
                     server_ ? server_->state() : "is gone");
}

std::optional<Trouble> CoroutineConversation::trouble(const Excuses& excuses) const {
  for (const auto* side : {&client_, &server_}) {
    if (excuses.may_be_wrong || !*side || !(*side)->wrong_at) continue;
    return Trouble{Broken::kBytes, fmt::format("{}; the first wrong one is {} bytes in", state(),
                                               *(*side)->wrong_at)};
  }
  const bool are_there = client_ && server_;
  if (are_there && (has_missed_bytes(*client_, *server_) || has_missed_bytes(*server_, *client_))) {
    return Trouble{Broken::kMissing, state()};
  }
  if (!excuses.may_fail && has_failed()) return Trouble{Broken::kFailed, state()};
  if (is_closed_ && has_tasks()) return Trouble{Broken::kTasks, state()};
  return std::nullopt;
}

// Of a call that failed nobody knows how much it wrote, and who is back has written nothing.
bool CoroutineConversation::has_missed_bytes(const Side& reader, const Side& writer) {
  const bool is_known = writer.is_connected && !writer.failure;
  return is_known && reader.saw_end && reader.read != writer.written;
}

bool CoroutineConversation::has_failed() const {
  // Three lost questions for its next hop end an attempt, whichever fault they met.
  if (client_ && client_->failure == Error::kHostUnreachable) return false;
  return !client_ || !server_ || !server_->is_connected || client_->failure || server_->failure;
}

}  // namespace strata::service

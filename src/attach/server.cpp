// SPDX-License-Identifier: Apache-2.0
#include "attach/server.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>

#include "attach/client/room.h"
#include "attach/handlers.h"
#include "attach/netlink/netlink_file.h"

namespace strata::attach {
namespace {

constexpr std::uint64_t kListenerKey = 0;  // no socket has this cookie
constexpr std::uint32_t kAlways = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::size_t kOverMax = 4096;
constexpr std::uint32_t kTurnsBetweenLooks = 16;  // as the loop's own
constexpr std::size_t kCallNumbersMax = 512;      // beyond those of Linux

}  // namespace

std::unique_ptr<Server> Server::create(Stack& stack, Loop& loop, Descriptor listener) {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = kListenerKey;
  if (!epoll || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &wanted) != 0) {
    return nullptr;
  }
  std::unique_ptr<Server> server(new Server(stack, loop, std::move(listener), std::move(epoll)));
  if (!loop.add(*server)) return nullptr;
  return server;
}

Server::Server(Stack& stack, Loop& loop, Descriptor listener, Descriptor epoll)
    : stack_(stack),
      loop_(loop),
      notifications_(std::move(listener)),
      epoll_(std::move(epoll)),
      epoll_number_(epoll_.get()) {}

Server::~Server() {
  loop_.remove(*this);
  // What a call waits for holds its socket, which holds the call.
  for (auto& [cookie, known] : sockets_) known.socket->held().clear();
}

bool Server::turn(Time now) {
  has_call_ = false;
  rooms_.say_sleeping(false);
  bool worked = is_time_to_look() && take_reports();
  worked |= take_news();
  worked |= pump_marked(now);
  // What the program did before it called has been seen by now: closing, above all.
  if (has_call_) take_call(now);
  return pump_marked(now) || worked;
}

bool Server::is_time_to_look() {
  if (turns_to_look_ != 0) {
    --turns_to_look_;
    return false;
  }
  turns_to_look_ = kTurnsBetweenLooks;
  return true;
}

bool Server::prepare_to_sleep() {
  turns_to_look_ = 0;
  rooms_.say_sleeping(true);
  client::order_before_look();
  return !rooms_.has_news();
}

bool Server::take_news() {
  return rooms_.take_news([this](std::uint64_t cookie) {
    if (const auto socket = find(cookie); socket != nullptr) mark(*socket);
  });
}

void Server::give_leases(pid_t process, InlineFunction<void()> on_missing) {
  gives_leases_ = true;
  awaits_shim_of_ = process;
  on_missing_shim_ = std::move(on_missing);
}

void Server::look_for_shim(const Call& call) {
  if (awaits_shim_of_ == 0 || call.thread != awaits_shim_of_) return;
  awaits_shim_of_ = 0;
  const bool is_greeting = call.number == __NR_ioctl && call.arguments[1] == client::kGreet;
  if (!is_greeting) on_missing_shim_();
}

// ── The table ───────────────────────────────────────────────────────────────────────────────────

Answer Server::add(std::shared_ptr<Socket> socket) {
  epoll_event wanted{};
  wanted.events = kAlways;
  wanted.data.u64 = socket->cookie();
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->end(), &wanted) != 0) return -ENOMEM;
  Socket& added = *socket;
  added.file().on_news([this, &added] { mark(added); });
  sockets_.insert_or_assign(added.cookie(), Known{.socket = std::move(socket), .watched = kAlways});
  ++counters_.sockets;
  mark(added);
  return 0;
}

void Server::remove(std::uint64_t cookie) {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end()) return;
  found->second.socket->file().on_news(nullptr);
  sockets_.erase(found);
}

std::shared_ptr<Socket> Server::find(std::uint64_t cookie) const {
  const auto found = sockets_.find(cookie);
  return found == sockets_.end() ? nullptr : found->second.socket;
}

std::vector<OpenSocket> Server::open_sockets() const {
  std::vector<OpenSocket> all;
  all.reserve(sockets_.size());
  for (const auto& [cookie, known] : sockets_) {
    Socket& socket = *known.socket;
    all.push_back({.file = &socket.file(),
                   .cookie = cookie,
                   .inode = socket.end() < 0 ? 0 : socket.inode(),
                   .inward = socket.bytes_inward(),
                   .outward = socket.bytes_outward()});
    const auto* stream = socket.is_stream() ? static_cast<StreamSocket*>(&socket) : nullptr;
    if (stream == nullptr || !stream->is_listening()) continue;
    all.back().inward = stream->waiting();
    all.back().outward = stream->backlog();
  }
  return all;
}

bool Server::has_open_sockets() {
  ask_whether_held(loop_.now());
  return std::ranges::any_of(sockets_,
                             [](const auto& entry) { return entry.second.socket->end() >= 0; });
}

void Server::mark(Socket& socket) {
  const auto found = sockets_.find(socket.cookie());
  if (found == sockets_.end() || std::exchange(found->second.is_marked, true)) return;
  marked_.push_back(socket.cookie());
}

void Server::ask_now_and_then(const Socket& socket) {
  constexpr Duration kInterval = std::chrono::seconds(1);
  if (std::ranges::find(asked_, socket.cookie()) == asked_.end()) {
    asked_.push_back(socket.cookie());
  }
  if (std::exchange(asks_now_and_then_, true)) return;
  loop_.start_timer(loop_.now() + kInterval, [this] {
    asks_now_and_then_ = false;
    ask_whether_held(loop_.now());
    if (const auto left = asked_.empty() ? nullptr : find(asked_.front())) ask_now_and_then(*left);
  });
}

void Server::ask_whether_held(Time now) {
  std::erase_if(asked_, [this](std::uint64_t cookie) { return find(cookie) == nullptr; });
  for (const std::uint64_t cookie : std::vector(asked_)) {
    const auto socket = find(cookie);
    if (socket == nullptr) continue;
    static_cast<DatagramSocket&>(*socket).ask_whether_held();
    pump(socket, now);
  }
  std::erase_if(asked_, [this](std::uint64_t cookie) { return find(cookie) == nullptr; });
}

void Server::tell_changes_to(const std::shared_ptr<NetlinkFile>& file) {
  file->on_hearing([this, one = std::weak_ptr(file)] {
    const auto is_it = [&](const auto& other) { return other.lock() == one.lock(); };
    if (std::ranges::none_of(hearers_, is_it)) hearers_.push_back(one);
    look_for_changes();
  });
}

// As long as somebody hears of them.
void Server::look_for_changes() {
  constexpr Duration kInterval = std::chrono::milliseconds(100);
  const auto is_deaf = [](const std::weak_ptr<NetlinkFile>& one) {
    const auto file = one.lock();
    return file == nullptr || !file->hears_changes();
  };
  std::erase_if(hearers_, is_deaf);
  for (const auto& one : hearers_) one.lock()->look_for_changes(loop_.now());
  if (hearers_.empty() || std::exchange(looks_for_changes_, true)) return;
  loop_.start_timer(loop_.now() + kInterval, [this] {
    looks_for_changes_ = false;
    look_for_changes();
  });
}

// ── Pumping ─────────────────────────────────────────────────────────────────────────────────────

bool Server::take_reports() {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  if (count > 0) turns_to_look_ = 0;
  for (const epoll_event& event :
       std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
    if (event.data.u64 == kListenerKey) {
      // When the last program is gone the listener is broken, and would be reported for ever.
      if ((event.events & EPOLLIN) != 0) {
        has_call_ = true;
      } else {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, notifications_.descriptor(), nullptr);
      }
    } else if (const auto socket = find(event.data.u64); socket != nullptr) {
      socket->note_events(event.events);
      mark(*socket);
    }
  }
  return count > 0;
}

bool Server::pump_marked(Time now) {
  if (marked_.empty()) return false;
  pumping_.clear();
  pumping_.swap(marked_);
  for (const std::uint64_t cookie : pumping_) {
    const auto found = sockets_.find(cookie);
    if (found == sockets_.end()) continue;
    found->second.is_marked = false;
    pump(std::shared_ptr(found->second.socket), now);
  }
  return true;
}

void Server::pump(const std::shared_ptr<Socket>& socket, Time now) {
  forget_interrupted(*socket, now);
  resume_held(*socket, now);
  socket->pump(now);
  if (socket->is_gone()) {
    let_go(*socket);
    return;
  }
  resume_held(*socket, now);
  if (socket->has_more_to_do()) mark(*socket);
  if (const auto wakes_at = socket->take_wake_up()) {
    loop_.start_timer(*wakes_at, waking(socket->cookie()));
  }
  follow(*socket);
}

// Linux lets whoever waits on a descriptor that another thread closes wait on; here nothing would
// ever wake him.
void Server::let_go(Socket& socket) {
  for (const Held& held : std::exchange(socket.held(), {})) settle(held.call, -EBADF, nullptr);
  remove(socket.cookie());
}

void Server::follow(Socket& socket) {
  const auto found = sockets_.find(socket.cookie());
  if (found == sockets_.end()) return;
  if (socket.end() < 0) {
    if (!std::exchange(found->second.is_over, true)) over_.push_back(socket.cookie());
    if (over_.size() > kOverMax) {
      if (const auto oldest = find(over_.front()); oldest != nullptr) let_go(*oldest);
      over_.pop_front();
    }
    return;
  }
  const std::uint32_t wanted = kAlways | (socket.wants_room() ? std::uint32_t{EPOLLOUT} : 0);
  if (wanted == found->second.watched) return;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = socket.cookie();
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket.end(), &event);
  found->second.watched = wanted;
}

// ── Calls ───────────────────────────────────────────────────────────────────────────────────────

void Server::take_call(Time now) {
  const std::optional<Call> call = notifications_.receive();
  if (!call) return;
  ++counters_.calls;
  look_for_shim(*call);
  Request request{.server = *this,
                  .call = *call,
                  .memory = ProgramMemory(notifications_, *call),
                  .number = static_cast<int>(call->arguments[0]),
                  .now = now};
  posix::Operation operation = handle(request);
  if (request.socket != nullptr) mark(*request.socket);
  if (operation.is_done()) {
    settle(*call, operation.answer(), request.taken.get());
  } else {
    hold(request.socket, {*call, std::move(operation), std::move(request.taken)});
  }
}

bool Server::settle(const Call& call, Answer answer, Taken* taken) {
  if (answer == kAnswered) return true;
  if (answer == kPassOn) {
    ++counters_.passed_on;
    return notifications_.pass_on(call);
  }
  const bool is_delivered = notifications_.answer(call, answer);
  if (is_delivered && taken != nullptr) taken->deliver();
  return is_delivered;
}

Task Server::waking(std::uint64_t cookie) {
  return [this, cookie] {
    if (const auto waited = find(cookie); waited != nullptr) mark(*waited);
  };
}

void Server::hold(const std::shared_ptr<Socket>& socket, Held held) {
  if (const auto deadline = held.operation.deadline()) {
    held.deadline = Alarm(loop_, *deadline, waking(socket->cookie()));
  }
  socket->held().push_back(std::move(held));
}

bool Server::still_waits(Held& held, Time now) {
  if (held.seen_waiting == now) return true;  // in this turn
  ++counters_.asked_after;
  if (!notifications_.is_waiting(held.call)) return false;
  held.seen_waiting = now;
  return true;
}

// Those behind the first of their kind, so that what signals leave behind does not pile up: a few a
// turn, for thousands may wait.
void Server::forget_interrupted(Socket& socket, Time now) {
  constexpr std::size_t kMany = 8;
  constexpr int kAskedEachTurn = 2;
  std::deque<Held>& all = socket.held();
  const auto found = sockets_.find(socket.cookie());
  if (all.size() <= kMany || found == sockets_.end()) return;
  std::size_t& next = found->second.next_held;
  for (int i = 0; i < kAskedEachTurn; ++i) {
    if (next >= all.size()) next = 0;
    if (still_waits(all[next], now)) {
      ++next;
    } else {
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(next));
    }
  }
}

void Server::resume_held(Socket& socket, Time now) {
  std::deque<Held>& all = socket.held();
  std::bitset<kCallNumbersMax> waiting;  // kinds of which the first has not got what it wants
  for (std::size_t i = 0; i < all.size();) {
    const auto kind = static_cast<std::size_t>(all[i].call.number) % kCallNumbersMax;
    const auto deadline = all[i].operation.deadline();
    if (waiting[kind] && !(deadline && now >= *deadline)) {
      ++i;
      continue;
    }
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(i);
    if (!still_waits(*at, now)) {
      all.erase(at);
      continue;
    }
    at->operation.resume(now);
    if (!at->operation.is_done()) {
      waiting.set(kind);
      ++i;
      continue;
    }
    const Held done = std::move(*at);
    all.erase(at);
    if (!settle(done.call, done.operation.answer(), done.taken.get())) mark(socket);
  }
}

}  // namespace strata::attach

// SPDX-License-Identifier: Apache-2.0
#include "service/explore/datagram_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace strata::service {
namespace {

// As many say as much as more would.
constexpr std::int64_t kDatagramsMost = 200;
// A trial has no patience for more, nor for a longer silence.
constexpr Duration kLongestSending = std::chrono::hours(1);

std::size_t datagram_size(std::uint64_t wanted) {
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(wanted, DatagramLedger::kSizeMin, DatagramLedger::kSizeMax));
}

}  // namespace

bool is_datagram_choice(ItemKind kind) {
  switch (kind) {
    case ItemKind::kTalk:
    case ItemKind::kAcceptLate:
    case ItemKind::kReadPause:
    case ItemKind::kWriteSize:
    case ItemKind::kWritePause:
    case ItemKind::kPackets:
    case ItemKind::kSmallReceive: return true;
    default: return false;
  }
}

DatagramPlan plan_datagrams(const LabTraffic& traffic, const Trial& trial, std::uint64_t number,
                            Duration until) {
  DatagramPlan plan;
  plan.name = traffic.name;
  plan.start = Time(traffic.start);
  plan.pattern = 2 * number + 1;
  plan.client.choices = choices_of(trial, traffic.name + ".client");
  plan.server.choices = choices_of(trial, traffic.name + ".server");
  plan.client.size = datagram_size(traffic.size);
  plan.client.every = traffic.every;
  const Duration lasts = traffic.stop.value_or(until) - traffic.start;
  plan.client.count = static_cast<std::uint64_t>(std::clamp<std::int64_t>(
      std::min(lasts, kLongestSending) / traffic.every, 1, kDatagramsMost));
  for (const TrialItem& choice : plan.server.choices) {
    if (choice.kind == ItemKind::kTalk) {
      plan.server.answers = true;
      plan.server.size = datagram_size(choice.at);
    }
    if (choice.kind == ItemKind::kAcceptLate) {
      plan.bind_late = Duration(static_cast<std::int64_t>(choice.at));
    }
  }
  return plan;
}

DatagramExchange::DatagramExchange(const WatchedEnds& ends, const DatagramPlan& plan)
    : WatchedFlow(ends), plan_(plan), asked_(plan.pattern), answered_(plan.pattern + 1) {
  Executor& there = ends_.to.executor();
  if (plan_.bind_late > Duration::zero()) {
    bind_timer_ = there.start_timer(there.now() + plan_.bind_late, [this] { listen(); });
  } else {
    DatagramExchange::listen();
  }
  start_timer_ = ends_.from.executor().start_timer(plan_.start, [this] { begin(); });
}

DatagramExchange::~DatagramExchange() {
  static_cast<void>(ends_.from.executor().cancel_timer(start_timer_));
  static_cast<void>(ends_.to.executor().cancel_timer(bind_timer_));
}

Result<UdpSocket> DatagramExchange::open(sim::Host& host) const {
  return UdpSocket::open(host.stack(),
                         ends_.address.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
}

void DatagramExchange::listen() {
  auto socket = open(ends_.to);
  const auto bound = socket ? socket->bind({ends_.address, ends_.port})
                            : Result<void>(std::unexpected(socket.error()));
  if (!bound) {
    refused_ = bound.error();
    return;
  }
  server_.emplace(ends_.to, std::move(*socket), plan_.server, answered_, asked_);
}

void DatagramExchange::begin() {
  has_begun_ = true;
  auto socket = open(ends_.from);
  const auto connected = socket ? socket->connect({ends_.address, ends_.port})
                                : Result<void>(std::unexpected(socket.error()));
  if (!connected) {
    refused_ = connected.error();
    return;
  }
  client_.emplace(ends_.from, std::move(*socket), plan_.client, asked_, answered_);
  client_->send_next();
}

void DatagramExchange::lose(const sim::Host& host) {
  if (&host == &ends_.from) {
    client_.reset();
    static_cast<void>(ends_.from.executor().cancel_timer(start_timer_));
    has_begun_ = true;
  }
  if (&host == &ends_.to) {
    server_.reset();
    static_cast<void>(ends_.to.executor().cancel_timer(bind_timer_));
  }
}

void DatagramExchange::close() {
  for (auto* program : {&client_, &server_}) {
    if (*program) (*program)->take_rest();
    program->reset();
  }
  static_cast<void>(ends_.to.executor().cancel_timer(bind_timer_));
}

bool DatagramExchange::is_over() const {
  return has_begun_ && (!client_ || client_->has_sent_all());
}

std::uint64_t DatagramExchange::bytes_moved() const {
  return asked_.bytes_sent() + asked_.bytes_taken() + answered_.bytes_sent() +
         answered_.bytes_taken();
}

std::string DatagramExchange::state() const {
  const DatagramCounts there = asked_.counts(), back = answered_.counts();
  return fmt::format("{}: {} sent and {} taken, {} answers sent and {} taken{}", plan_.name,
                     there.sent, there.taken, back.sent, back.taken,
                     refused_ ? fmt::format(", failed: {}", to_text(*refused_)) : "");
}

std::optional<Trouble> DatagramExchange::trouble(const Excuses& excuses) const {
  for (const DatagramLedger* ledger : {&asked_, &answered_}) {
    if (excuses.may_be_wrong || ledger->wrong().empty()) continue;
    return Trouble{Broken::kBytes, fmt::format("{}; {}", state(), ledger->wrong())};
  }
  if (refused_ && !excuses.may_fail) return Trouble{Broken::kFailed, state()};
  return std::nullopt;
}

DatagramCounts DatagramExchange::datagrams() const {
  const DatagramCounts there = asked_.counts(), back = answered_.counts();
  return {.sent = there.sent + back.sent,
          .taken = there.taken + back.taken,
          .missing = there.missing + back.missing,
          .repeated = there.repeated + back.repeated,
          .wrong = there.wrong + back.wrong};
}

}  // namespace strata::service

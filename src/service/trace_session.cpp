// SPDX-License-Identifier: Apache-2.0
#include "service/trace_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"

namespace strata::service {
namespace {

// RFC 1812 5.2.7.1, RFC 4443 3.1: somebody forbids it.
bool is_prohibited(const SocketError& error) {
  if (error.error == Error::kNotPermitted) return true;
  using Code = wire::Icmpv4UnreachableCode;
  const auto code = static_cast<Code>(error.icmp_code);
  return error.destination.address.is_v4() &&
         error.icmp_type == static_cast<std::uint8_t>(wire::Icmpv4Type::kDestinationUnreachable) &&
         (code == Code::kNetworkProhibited || code == Code::kHostProhibited ||
          code == Code::kCommunicationProhibited);
}

// What traceroute writes behind a time when a router says that it goes no further.
std::string note_of(const SocketError& error) {
  if (is_prohibited(error)) return "!X";
  switch (error.error) {
    case Error::kNetworkUnreachable: return "!N";
    case Error::kNotSupported: return "!P";
    case Error::kMessageTooLong: return fmt::format("!F-{}", error.path_mtu);
    default: return "!H";
  }
}

bool is_hop_limit_exceeded(const SocketError& error) {
  return error.destination.address.is_v4()
             ? error.icmp_type == static_cast<std::uint8_t>(wire::Icmpv4Type::kTimeExceeded)
             : error.icmp_type == static_cast<std::uint8_t>(wire::Icmpv6Type::kTimeExceeded);
}

std::string text_of(const IpAddress& address) { return std::string(to_text(address).view()); }

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

TraceSession::TraceSession(Stack& stack, Executor& executor, const TraceOptions& options,
                           TraceEvents events)
    : stack_(stack),
      executor_(executor),
      options_(options),
      events_(std::move(events)),
      probes_(std::size_t{options.probes_each} * (options.hops_max - options.first_hop + 1U)),
      payload_(options.payload),
      buffer_(65'535),
      end_(probes_.size()) {
  for (std::size_t i = 0; i < payload_.size(); ++i) {
    payload_[i] = static_cast<std::byte>('@' + i % 32);
  }
}

TraceSession::~TraceSession() {
  if (timer_) executor_.cancel_timer(*timer_);
}

Outcome<void> TraceSession::start() {
  const auto fault = [&](Error error) {
    return failed(
        fmt::format("{}: {}", to_text(options_.destination).view(), strata::to_text(error)));
  };
  if (const auto opened = open_sockets(); !opened) return fault(opened.error());
  if (const auto sent = send(next_++); !sent) return fault(sent.error());
  advance();
  return {};
}

Result<void> TraceSession::open_sockets() {
  udp_.reserve(kSockets);
  echo_.reserve(kSockets);
  using Probe = TraceOptions::Probe;
  if (options_.probe == Probe::kTcp) return open_tcp();
  for (std::size_t i = 0; i < kSockets; ++i) {
    auto opened = options_.probe == Probe::kEcho ? open_echo() : open_udp();
    if (!opened) return opened;
  }
  return {};
}

Result<void> TraceSession::open_udp() {
  auto socket = UdpSocket::open(
      stack_, options_.destination.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!socket) return std::unexpected(socket.error());
  udp_.push_back(std::move(*socket));
  if (auto set = udp_.back().set_receive_errors(true); !set) return set;
  return udp_.back().on_ready([this, at = udp_.size() - 1](Readiness) { receive(at); });
}

Result<void> TraceSession::open_echo() {
  auto socket = IcmpSocket::open(
      stack_, options_.destination.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!socket) return std::unexpected(socket.error());
  echo_.push_back(std::move(*socket));
  if (auto set = echo_.back().set_receive_errors(true); !set) return set;
  return echo_.back().on_ready([this, at = echo_.size() - 1](Readiness) { receive(at); });
}

Result<void> TraceSession::open_tcp() {
  // A port of the dynamic range for each probe there may be; by the clock, so that a second run
  // does not meet what is left of the first.
  const auto ticks = static_cast<std::uint64_t>(executor_.now().time_since_epoch().count()) >> 20U;
  const auto first = static_cast<std::uint16_t>(49'152 + ticks % 12'000);
  auto opened = SynProbes::open(stack_, {options_.destination, options_.tcp_port}, first);
  if (!opened) return std::unexpected(opened.error());
  tcp_.emplace(std::move(*opened));
  return tcp_->on_ready([this](Readiness) { receive(0); });
}

Result<std::size_t> TraceSession::send_probe(std::size_t index) {
  SendChoices choices;
  choices.destination = Endpoint{options_.destination, 0};
  choices.hop_limit = hop_of(index);
  switch (options_.probe) {
    case TraceOptions::Probe::kTcp: return tcp_->send(index, hop_of(index), executor_.now());
    case TraceOptions::Probe::kEcho:
      return echo_[index % kSockets].send_echo(payload_, static_cast<std::uint16_t>(index + 1),
                                               choices, executor_.now());
    case TraceOptions::Probe::kUdp: break;
  }
  choices.destination->port = static_cast<std::uint16_t>(options_.base_port + index);
  const Bytes bytes = payload_;
  return udp_[index % kSockets].send({&bytes, 1}, choices, executor_.now());
}

Result<void> TraceSession::send(std::size_t index) {
  const Result<std::size_t> sent = send_probe(index);
  TraceProbe& probe = probes_[index];
  probe.sent = executor_.now();
  probe.state = sent ? TraceProbe::State::kUnderWay : TraceProbe::State::kLost;
  if (!sent) return std::unexpected(sent.error());
  ++under_way_;
  return {};
}

// Tells what is known, then keeps as many probes under way as may be.
void TraceSession::advance() {
  if (is_done_) return;
  give_up_old();
  tell_hops();
  if (is_done_) return;
  const std::size_t under_way_max = tcp_ ? kSynsUnderWayMax : kUnderWayMax;
  while (next_ < end_ && under_way_ < under_way_max) {
    // A probe that could not leave is shown as lost.
    static_cast<void>(send(next_++));
  }
  arm();
}

void TraceSession::give_up_old() {
  for (std::size_t i = 0; i < next_; ++i) {
    TraceProbe& probe = probes_[i];
    if (probe.state != TraceProbe::State::kUnderWay) continue;
    if (executor_.now() - probe.sent < options_.patience) continue;
    probe.state = TraceProbe::State::kLost;
    --under_way_;
  }
}

void TraceSession::tell_hops() {
  for (std::size_t first = told_hops_ * options_.probes_each; first < end_;
       first = told_hops_ * options_.probes_each) {
    const std::size_t last = first + options_.probes_each;
    TraceHop hop{.hop = hop_of(first), .probes = {}};
    for (std::size_t i = first; i < last; ++i) {
      const TraceProbe& probe = probes_[i];
      const bool is_settled =
          probe.state == TraceProbe::State::kAnswered || probe.state == TraceProbe::State::kLost;
      if (!is_settled) return;
      hop.probes.push_back(probe);
    }
    ++told_hops_;
    if (events_.on_hop) events_.on_hop(hop);
  }
  is_done_ = true;
  if (timer_) executor_.cancel_timer(*timer_);
  timer_.reset();
  if (events_.on_done) events_.on_done();
}

void TraceSession::arm() {
  if (timer_) executor_.cancel_timer(*timer_);
  timer_.reset();
  std::optional<Time> earliest;
  for (std::size_t i = 0; i < next_; ++i) {
    if (probes_[i].state != TraceProbe::State::kUnderWay) continue;
    earliest = earlier(earliest, probes_[i].sent + options_.patience);
  }
  timer_ = executor_.start_timer(earliest.value_or(executor_.now()), [this] {
    timer_.reset();
    advance();
  });
}

void TraceSession::receive(std::size_t socket) {
  if (is_done_) return;
  switch (options_.probe) {
    case TraceOptions::Probe::kUdp: receive_udp(udp_[socket]); break;
    case TraceOptions::Probe::kEcho: receive_echo(echo_[socket]); break;
    case TraceOptions::Probe::kTcp: receive_tcp(); break;
  }
  advance();
}

void TraceSession::receive_udp(UdpSocket& socket) {
  // Somebody who listens on a probe's port may even answer.
  while (const auto datagram = socket.receive(buffer_)) {
    const std::size_t index = datagram->source.port - std::size_t{options_.base_port};
    settle(index, datagram->source.address, "", true);
  }
  while (const auto error = socket.receive_error()) take_error(*error);
}

void TraceSession::receive_echo(IcmpSocket& socket) {
  while (const auto reply = socket.receive(buffer_)) {
    settle(reply->sequence_number - 1U, reply->info.source.address, "", true);
  }
  while (const auto error = socket.receive_error()) take_error(*error);
}

void TraceSession::receive_tcp() {
  while (const auto answer = tcp_->receive(buffer_)) {
    settle(answer->index, options_.destination, answer->is_open ? "[open]" : "[closed]", true);
  }
  while (const auto error = tcp_->receive_error()) take_error(*error);
}

std::size_t TraceSession::index_of(const SocketError& error) const {
  switch (options_.probe) {
    case TraceOptions::Probe::kEcho: return error.destination.port - std::size_t{1};
    case TraceOptions::Probe::kTcp: return tcp_->index_of(error);
    case TraceOptions::Probe::kUdp: break;
  }
  return error.destination.port - std::size_t{options_.base_port};
}

void TraceSession::take_error(const SocketError& error) {
  const std::size_t index = index_of(error);
  if (is_hop_limit_exceeded(error)) return settle(index, error.offender, "", false);
  if (error.error == Error::kPortUnreachable) {
    const bool is_there = error.offender == options_.destination;
    return settle(index, error.offender, is_there ? "" : "!p", true);
  }
  settle(index, error.offender, note_of(error), true);
}

void TraceSession::settle(std::size_t index, const IpAddress& from, std::string note,
                          bool is_final) {
  if (index >= next_ || probes_[index].state != TraceProbe::State::kUnderWay) return;
  TraceProbe& probe = probes_[index];
  probe.state = TraceProbe::State::kAnswered;
  probe.from = from;
  probe.round_trip = executor_.now() - probe.sent;
  probe.note = std::move(note);
  probe.is_final = is_final;
  --under_way_;
  if (!is_final) return;
  has_arrived_ = has_arrived_ || from == options_.destination;
  // The hop is finished, and those beyond it are not needed.
  const std::size_t hop = index / options_.probes_each;
  end_ = std::min(end_, (hop + 1) * options_.probes_each);
}

std::string trace_opening(const TraceOptions& options) {
  const std::string whom = text_of(options.destination);
  const bool is_tcp = options.probe == TraceOptions::Probe::kTcp;
  const std::size_t headers = (options.destination.is_v4() ? 28 : 48) + (is_tcp ? 12 : 0);
  return fmt::format("traceroute to {} ({}), {} hops max, {} byte packets",
                     options.name.empty() ? whom : options.name, whom, options.hops_max,
                     (is_tcp ? 0 : options.payload) + headers);
}

std::string trace_hop_line(const TraceHop& hop, TraceNames names) {
  std::string line = fmt::format("{:2} ", hop.hop);
  std::optional<IpAddress> last;
  for (const TraceProbe& probe : hop.probes) {
    if (probe.state != TraceProbe::State::kAnswered) {
      line += " *";
      continue;
    }
    if (last != probe.from) {
      line += names == TraceNames::kNumeric ? fmt::format(" {}", text_of(probe.from))
                                            : fmt::format(" {0} ({0})", text_of(probe.from));
    }
    last = probe.from;
    line += fmt::format("  {:.3f} ms", milliseconds(probe.round_trip));
    if (!probe.note.empty()) line += " " + probe.note;
  }
  return line;
}

std::string trace_hop_json(const TraceHop& hop) {
  std::string text = fmt::format(R"({{"hop":{},"probes":[)", hop.hop);
  for (const TraceProbe& probe : hop.probes) {
    if (text.back() != '[') text += ',';
    if (probe.state != TraceProbe::State::kAnswered) {
      text += "null";
      continue;
    }
    text += fmt::format(R"({{"from":"{}","rtt_ms":{:.3f})", text_of(probe.from),
                        milliseconds(probe.round_trip));
    if (!probe.note.empty()) text += fmt::format(R"(,"note":"{}")", probe.note);
    text += '}';
  }
  return text + "]}";
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// Opening and ending connections under any segments, calls and times: a flow is known in one place,
// tables keep their bounds and their counts, a RST never answers a RST, what came due is not due
// any more, and all memory comes back.
#include <algorithm>
#include <array>
#include <optional>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "tcp/demux.h"
#include "tcp/isn.h"
#include "tcp/ports.h"

namespace strata::tcp {
namespace {

class Harness {
 public:
  explicit Harness(Bytes bytes) : input_(bytes) {
    listener_ = listeners_.open({IpAddress::any_v6(), kPort, kNoInterface}, 3, options())
                    .value_or(Handle{});
    client_ = Handshake::active(client_context(), SequenceNumber(input_.number()));
  }

  void run() {
    while (!input_.empty()) {
      event();
      check();
    }
    half_opens_.close_listener(listener_.index);
    listeners_.close(listener_);
    while (!connections_.empty()) end_connection(connections_.next_used(0), false);
    now_ += std::chrono::hours(1);
    time_waits_.on_deadline(now_, [this](std::uint16_t port) { ports_.drop_use(port); });
    fuzz::require(memory_.bytes_used() == 0);
  }

 private:
  static constexpr std::uint16_t kPort = 80;
  struct Connection {
    Flow flow;
    SequenceNumber rcv_nxt;
    SequenceNumber snd_nxt;
    std::optional<std::uint32_t> ts_recent;
    bool is_fast = false;
  };

  static TcpConfig config() {
    TcpConfig config;
    config.half_open_max = 6;
    config.time_waits_max = 5;
    config.syn_ack_retries = 2;
    config.syn_retries = 2;
    return config;
  }
  static TcpSocketOptions options() {
    TcpSocketOptions options;
    options.fast_open = true;
    options.defer_accept = std::chrono::seconds(1);
    return options;
  }

  static Flow flow(unsigned number) {
    const bool is_v4 = (number & 1U) != 0;
    return {
        .local_address = is_v4 ? IpAddress::v4(10, 0, 0, 1) : IpAddress::v6(0xfd77ULL << 48, 1),
        .remote_address = is_v4 ? IpAddress::v4(10, 0, 0, 2) : IpAddress::v6(0xfd77ULL << 48, 2),
        .local_port = kPort,
        .remote_port = static_cast<std::uint16_t>(4000 + number % 8),
        .interface = kNoInterface};
  }
  Handshake::Context client_context() const {
    return {config_, client_options_, secrets_, client_flow_, 1500};
  }
  auto flow_of() const {
    return [this](Index index) -> const Flow& { return connections_[index].flow; };
  }

  // Numbers that hit something more often than chance would.
  SequenceNumber number(SequenceNumber near) {
    switch (input_.byte() % 4) {
      case 0: return SequenceNumber(input_.number());
      case 1: return near + input_.byte();
      case 2: return near - input_.byte();
      default: return near;
    }
  }
  Segment any_segment(const Flow& flow, SequenceNumber seq, SequenceNumber ack) {
    Segment segment;
    segment.flow = flow;
    segment.flags = wire::TcpFlags(input_.byte());
    if ((input_.byte() & 1U) != 0) segment.flags = segment.flags & (wire::kTcpSyn | wire::kTcpAck);
    segment.seq = number(seq);
    segment.ack = number(ack);
    segment.window = static_cast<std::uint16_t>(input_.number());
    segment.payload_bytes = input_.byte();
    const std::size_t wanted = input_.byte() % 41U;  // first: it takes a byte of what is left
    segment.options = wire::TcpOptions::parse(input_.bytes(wanted));
    if ((input_.byte() & 1U) != 0) segment.options.fast_open = cookie_;
    if ((input_.byte() & 1U) != 0)
      segment.options.timestamps = wire::TcpTimestamps{echo_ + 1, echo_};
    return segment;
  }

  void hear(const Segment& segment) {
    const std::uint32_t hash = demux_.hash(segment.flow);
    const Demux::Found found = demux_.find(segment.flow, hash, flow_of());
    std::optional<SequenceNumber> iss;
    HalfOpens::Outcome outcome;
    switch (found.kind) {
      case Demux::Kind::kConnection: return end_connection(found.index, (input_.byte() & 1U) != 0);
      case Demux::Kind::kHalfOpen:
        outcome = half_opens_.on_segment(found.index, segment, now_);
        break;
      case Demux::Kind::kTimeWait: {
        const auto waiting =
            time_waits_.on_segment(found.index, segment, true, budgets_.resets, now_);
        if (waiting.reply) sent(segment, *waiting.reply);
        if (!waiting.verdict.reuse_with) return;
        iss = waiting.verdict.reuse_with;
        time_waits_.erase(found.index);
        ports_.drop_use(kPort);
        [[fallthrough]];
      }
      case Demux::Kind::kNone:
        outcome = half_opens_.on_listen(listener(), segment, hash, 1500, iss, now_);
        break;
    }
    if (outcome.reply) sent(segment, *outcome.reply);
    if (outcome.opened && (input_.byte() & 7U) != 0) connect(*outcome.opened, segment, hash);
  }
  void sent(const Segment& cause, const Outgoing& reply) {
    // RFC 5961 3.2: a RST may be challenged by an ACK.
    const bool is_reset = reply.header.flags.rst();
    fuzz::require(reply.flow == cause.flow && !(cause.flags.rst() && is_reset));
    sent(reply);
  }
  void sent(const Outgoing& out) {
    fuzz::require(out.header.header_length >= 20 && out.header.header_length <= 60);
    const auto options = wire::TcpOptions::parse(Bytes(out.option_bytes).first(out.option_size()));
    fuzz::require(!options.malformed);
    if (options.fast_open) cookie_ = *options.fast_open;
    if (options.timestamps) echo_ = options.timestamps->value;
    last_seq_ = SequenceNumber(out.header.sequence_number);
    last_ack_ = SequenceNumber(out.header.acknowledgment_number);
  }
  void connect(const Opened& opened, const Segment& segment, std::uint32_t hash) {
    fuzz::require(opened.flow == segment.flow && opened.listener == listener_.index);
    fuzz::require(opened.negotiated.send_mss >= kMssMin);
    fuzz::require(opened.negotiated.send_scale <= 14 && opened.negotiated.receive_scale <= 14);
    if (opened.half_open != kNoIndex) half_opens_.finish(opened.half_open);
    const Index index = connections_.try_create(Connection{
        .flow = opened.flow,
        .rcv_nxt = opened.irs + 1,
        .snd_nxt = opened.iss + 1,
        .ts_recent = opened.negotiated.timestamps ? std::optional(opened.negotiated.ts_recent)
                                                  : std::nullopt,
        .is_fast = opened.handshake.has_value()});
    if (index == kNoIndex) return;
    if (opened.handshake) ++listener().fast_open_pending;
    fuzz::require(ports_.add_use(kPort));
    fuzz::require(demux_.insert(hash, index, flow_of()));
  }
  void end_connection(Index index, bool waits) {
    const Connection connection = connections_[index];
    fuzz::require(demux_.erase(demux_.hash(connection.flow), index));
    connections_.destroy(index);
    if (connection.is_fast && listeners_.find(listener_) != nullptr) {
      --listener().fast_open_pending;
    }
    if (!waits) return ports_.drop_use(kPort);
    if (time_waits_.next_shed()) ports_.drop_use(kPort);
    fuzz::require(time_waits_.add({.flow = connection.flow,
                                   .snd_nxt = connection.snd_nxt,
                                   .rcv_nxt = connection.rcv_nxt,
                                   .ts_recent = connection.ts_recent},
                                  demux_.hash(connection.flow), now_));
  }

  void hear_as_client() {
    const Segment segment = any_segment(client_flow_, last_seq_, client_.snd_nxt());
    const auto outcome = client_.on_segment(segment, client_context());
    if (outcome.reply != Handshake::ReplyKind::kNone) {
      fuzz::require(!segment.flags.rst() || client_.state() == State::kSynReceived);
      sent(client_.reply_to(segment, outcome.reply, client_context(), now_));
    }
    if (outcome.event == Handshake::Event::kNone || outcome.event == Handshake::Event::kReceived) {
      return;
    }
    (void)client_.negotiated(client_context());
    client_ = Handshake::active(client_context(), SequenceNumber(input_.number()));
  }
  void pull() {
    for (int count = 0; const auto out = half_opens_.next_outgoing(now_); ++count) {
      fuzz::require(count < 100);
      sent(*out);
    }
    const FirstFlight flight{.cookie = cookie_, .text_bytes = input_.byte()};
    if (const auto out = client_.next_outgoing(client_context(), now_, flight)) sent(*out);
  }
  void pass_time() {
    now_ += std::chrono::milliseconds(1 << (input_.byte() % 18));
    half_opens_.on_deadline(now_);
    time_waits_.on_deadline(now_, [this](std::uint16_t port) { ports_.drop_use(port); });
    if (client_.on_deadline(client_context(), now_) == Handshake::Event::kTimedOut) {
      client_ = Handshake::active(client_context(), SequenceNumber(input_.number()));
    }
    for (const auto& next : {half_opens_.next_deadline(), time_waits_.next_deadline()}) {
      fuzz::require(!next || *next > now_);
    }
  }
  void snapshot() {
    if (time_waits_.size() == 0) return;
    TimeWaits copy(memory_, config_, secrets_);
    time_waits_.for_each(
        [&](Index index) { fuzz::require(copy.restore(time_waits_.snapshot(index, now_), now_)); });
    fuzz::require(copy.size() == time_waits_.size());
  }
  void event() {
    switch (input_.byte() % 8) {
      case 0:
      case 1:
      case 2: return hear(any_segment(flow(input_.byte()), last_ack_, last_seq_ + 1));
      case 3: return hear_as_client();
      case 4: return pull();
      case 5: return pass_time();
      case 6: listener().backlog = input_.byte() % 5; return;
      default: return snapshot();
    }
  }
  void check() {
    fuzz::require(half_opens_.size() <= config_.half_open_max);
    fuzz::require(half_opens_.size() == listener().half_open);
    fuzz::require(time_waits_.size() <= config_.time_waits_max);
    fuzz::require(demux_.size() == connections_.size());
    fuzz::require(ports_.uses(kPort) == connections_.size() + time_waits_.size());
    for (unsigned i = 0; i < 16; ++i) {
      const std::uint32_t hash = demux_.hash(flow(i));
      const int places = (half_opens_.find(flow(i), hash) != kNoIndex ? 1 : 0) +
                         (time_waits_.find(flow(i), hash) != kNoIndex ? 1 : 0);
      const auto found = demux_.find(flow(i), hash, flow_of());
      fuzz::require(places + (found.kind == Demux::Kind::kConnection ? 1 : 0) <= 1);
    }
  }
  Listener& listener() { return *listeners_.find(listener_); }

  HeapMemory memory_;
  TcpConfig config_ = config();
  Secrets secrets_ = Secrets::derive({1, 2});
  TcpSocketOptions client_options_;
  Flow client_flow_ = flow(1);
  fuzz::Input input_;
  Time now_{std::chrono::seconds(1000)};
  Listeners listeners_{memory_, 4, {1, 2}};
  ReplyBudgets budgets_{1000, 1000, 1};
  HalfOpens half_opens_{memory_, config_, secrets_, listeners_, budgets_};
  TimeWaits time_waits_{memory_, config_, secrets_};
  Slab<Connection> connections_{memory_, 8};
  Demux demux_{memory_, 8, secrets_, half_opens_, time_waits_};
  Ports ports_{memory_, 8, {1, 2}};
  Handle listener_;
  Handshake client_;
  wire::TcpFastOpenCookie cookie_;
  std::uint32_t echo_ = 0;
  SequenceNumber last_seq_;
  SequenceNumber last_ack_;
};

}  // namespace
}  // namespace strata::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::tcp::Harness(strata::fuzz::as_input(data, size)).run();
  return 0;
}

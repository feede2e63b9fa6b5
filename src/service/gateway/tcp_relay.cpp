// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_relay.h"

#include <cerrno>
#include <utility>

#include "service/gateway/answers.h"
#include "stack/core.h"
#include "strata/rewrite.h"

namespace strata::service {
namespace {

// What a read of the host's kernel takes at most; it stays in the second cache.
constexpr std::size_t kScratchBytes = 128U << 10U;
constexpr Duration kSweepEvery = std::chrono::seconds(1);
// The host gives up on a connection after two minutes or so; this is for those inside who do.
constexpr Duration kCallPatience = std::chrono::minutes(3);

}  // namespace

TcpRelay::TcpRelay(HostedStack& gateway, Device& to_gateway, const HostPlaces& places,
                   Troubles& troubles, const SipKey& key)
    : gateway_(gateway),
      to_gateway_(to_gateway),
      places_(places),
      troubles_(troubles),
      scratch_(kScratchBytes),
      flows_(key),
      calls_(16, GatewayFlowHash{key}) {}

TcpRelay::Fate TcpRelay::on_packet(Packet& packet, const GatewayFlow& flow, bool is_syn) {
  const auto port = flows_.port_of(flow);
  if (port && !(is_syn && flows_.is_over(*port))) {
    const Rewrite change{.destination = gateway_of(flow.outside.address), .destination_port = port};
    return rewrite(packet, change) ? Fate::kGoesOn : Fate::kUnwanted;
  }
  if (!is_syn) return Fate::kUnwanted;
  call(PacketPtr(&packet), flow);
  return Fate::kTaken;
}

bool TcpRelay::on_reply(Packet& packet, const Endpoint& source) const {
  const GatewayFlow* flow = flows_.flow_of(source.port);
  if (flow == nullptr) return true;
  return rewrite(packet, {.source = flow->outside.address, .source_port = flow->outside.port});
}

// Called while packets come in, when nothing may be sent: the host is asked from the next turn.
void TcpRelay::call(PacketPtr syn, const GatewayFlow& flow) {
  // A SYN that is sent again while the host connects changes nothing.
  if (calls_.contains(flow)) return;
  if (is_full(Way::kOut)) {
    on_turned_away();
    return send_reset(gateway_, *syn, flow);
  }
  ++load(Way::kOut).calls;
  Call& call = calls_.emplace(flow, Call{.flow = flow, .syn = std::move(syn)}).first->second;
  call.until = gateway_.loop().now() + kCallPatience;
  gateway_.loop().post([this, &call] { connect_host(call); });
  sweep_soon();
}

void TcpRelay::connect_host(Call& call) {
  if (call.is_over) return;
  const auto target = places_.target_of(call.flow.outside);
  if (!target) return refuse(call, ECONNREFUSED);
  auto host = HostSocket::connect(HostSocket::Kind::kStream, *target);
  if (!host) return refuse(call, host.error());
  call.host = *std::move(host);
  if (!call.host.watch(gateway_.loop(), [this, &call](std::uint32_t) { on_host(call); })) {
    refuse(call, ENOMEM);
  }
}

void TcpRelay::on_host(Call& call) {
  const int error = call.host.finish_connecting();
  if (error == EINPROGRESS) return;
  error == 0 ? on_host_connected(call) : refuse(call, error);
}

void TcpRelay::on_host_connected(Call& call) {
  call.host.unwatch();
  const auto port = flows_.add(call.flow);
  if (!port) return refuse(call, ECONNREFUSED);
  call.port = *port;
  auto listener =
      TcpListener::listen(gateway_.stack(), {gateway_of(call.flow.outside.address), call.port},
                          {.backlog = 1, .options = {.no_delay = true}});
  if (!listener) return refuse(call, ECONNREFUSED);
  call.listener = *std::move(listener);
  (void)call.listener->on_ready([this, &call](Readiness) { on_accepted(call); });
  send_again(std::move(call.syn));
}

// As if the stack behind the gateway had sent it once more.
void TcpRelay::send_again(PacketPtr syn) {
  PacketBatch batch;
  batch.push(std::move(syn));
  to_gateway_.transmit(batch);
}

void TcpRelay::on_accepted(Call& call) {
  if (auto stream = call.listener->accept(gateway_.loop().now())) {
    make_pipe(call, *std::move(stream));
  }
}

void TcpRelay::hang_up(const GatewayFlow& flow) {
  const auto found = calls_.find(flow);
  if (found == calls_.end() || found->second.way == Way::kIn || found->second.is_over) return;
  found->second.host.abort();
  forget(found->second);
}

bool TcpRelay::is_full(Way way) const {
  const auto& [calls, joined] = loads_[static_cast<std::size_t>(way)];
  return calls >= kCallsMax || joined >= kJoinedMax;
}

void TcpRelay::on_turned_away() { gateway_.stack().core().drops.add(DropReason::kTcpTableFull); }

void TcpRelay::join(HostSocket client, const GatewayFlow& flow) {
  const auto port = is_full(Way::kIn) || calls_.contains(flow) ? std::nullopt : flows_.add(flow);
  if (!port) {
    on_turned_away();
    return client.abort();
  }
  ++load(Way::kIn).calls;
  Call& call = calls_.emplace(flow, Call{.flow = flow, .way = Way::kIn, .host = std::move(client)})
                   .first->second;
  call.port = *port;
  call.until = gateway_.loop().now() + kCallPatience;
  auto stream = TcpStream::connect(
      gateway_.stack(), flow.inside,
      {.local = {gateway_of(flow.inside.address), call.port}, .options = {.no_delay = true}},
      gateway_.loop().now());
  if (!stream) return refuse(call, ECONNREFUSED);
  call.stream = *std::move(stream);
  (void)call.stream->on_ready([this, &call](Readiness news) { on_inside(call, news); });
  sweep_soon();
}

void TcpRelay::on_inside(Call& call, Readiness news) {
  if (news.error || news.closed) return refuse(call, ECONNREFUSED);
  if (news.writable) make_pipe(call, *std::move(call.stream));
}

// The inside is told what the host was told, and a client of the host that nobody took its call.
void TcpRelay::refuse(Call& call, int error) {
  if (is_shortage(error)) {
    troubles_.on_no_socket(error);
    on_turned_away();
  }
  if (call.syn == nullptr) {
    call.host.abort();
  } else if (error == ECONNREFUSED || error == ECONNRESET || is_shortage(error)) {
    send_reset(gateway_, *call.syn, call.flow);
  } else {
    send_failure(gateway_, *call.syn, error);
  }
  forget(call);
}

void TcpRelay::make_pipe(Call& call, TcpStream stream) {
  const std::uint16_t port = call.port;
  const Way way = call.way;
  auto pipe = std::make_unique<TcpPipe>(gateway_.loop(), std::move(stream), std::move(call.host),
                                        scratch_, [this, port, way] { end_pipe(port, way); });
  TcpPipe& made = *joined_.insert_or_assign(port, std::move(pipe)).first->second;
  ++load(way).joined;
  call.port = 0;
  forget(call);
  if (!made.start()) end_pipe(port, way);
}

void TcpRelay::end_pipe(std::uint16_t port, Way way) {
  joined_.erase(port);
  --load(way).joined;
  flows_.retire(port, gateway_.loop().now());
}

// The call may be the caller's caller: it goes in a turn of its own.
void TcpRelay::forget(Call& call) {
  call.host.close();
  if (call.listener) (void)call.listener->on_ready(nullptr);
  if (call.stream) (void)call.stream->on_ready(nullptr);
  if (call.port != 0) flows_.retire(call.port, gateway_.loop().now());
  call.is_over = true;
  gateway_.loop().post([this, &call] {
    const GatewayFlow flow = call.flow;
    --load(call.way).calls;
    calls_.erase(flow);
  });
}

void TcpRelay::sweep_soon() {
  if (is_sweeping_) return;
  is_sweeping_ = true;
  gateway_.loop().start_timer(gateway_.loop().now() + kSweepEvery, [this] { sweep(); });
}

void TcpRelay::sweep() {
  is_sweeping_ = false;
  const Time now = gateway_.loop().now();
  flows_.sweep(now);
  for (auto& [flow, call] : calls_) {
    if (!call.is_over && call.until <= now) refuse(call, ETIMEDOUT);
  }
  if (flows_.size() != 0 || !calls_.empty()) sweep_soon();
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_flows.h"

namespace strata::service {

std::optional<std::uint16_t> TcpFlows::add(const GatewayFlow& flow) {
  if (const auto present = port_of(flow)) {
    if (!is_over(*present)) return std::nullopt;
    // Who begins anew has done with the old one; its port is left to rest.
    ports_.erase(flow);
  }
  std::uint16_t port = 0;
  if (kFirstPort + slots_.size() <= UINT16_MAX) {
    port = static_cast<std::uint16_t>(kFirstPort + slots_.size());
    slots_.emplace_back();
  } else if (!free_.empty()) {
    port = free_.front();
    free_.pop_front();
  } else {
    return std::nullopt;
  }
  slots_[port - kFirstPort] = {.flow = flow};
  ports_.emplace(flow, port);
  return port;
}

std::optional<std::uint16_t> TcpFlows::port_of(const GatewayFlow& flow) const {
  const auto found = ports_.find(flow);
  return found == ports_.end() ? std::nullopt : std::optional(found->second);
}

const TcpFlows::Slot* TcpFlows::find(std::uint16_t port) const {
  if (port < kFirstPort || port - kFirstPort >= static_cast<int>(slots_.size())) return nullptr;
  const Slot& slot = slots_[port - kFirstPort];
  return slot.flow ? &slot : nullptr;
}

const GatewayFlow* TcpFlows::flow_of(std::uint16_t port) const {
  const Slot* slot = find(port);
  return slot == nullptr ? nullptr : &*slot->flow;
}

bool TcpFlows::is_over(std::uint16_t port) const {
  const Slot* slot = find(port);
  return slot == nullptr || slot->is_over;
}

void TcpFlows::retire(std::uint16_t port, Time now) {
  if (is_over(port)) return;
  slots_[port - kFirstPort].is_over = true;
  resting_.push_back({port, now + kRest});
}

void TcpFlows::sweep(Time now) {
  while (!resting_.empty() && resting_.front().until <= now) {
    free(resting_.front().port);
    resting_.pop_front();
  }
}

void TcpFlows::free(std::uint16_t port) {
  Slot& slot = slots_[port - kFirstPort];
  // A successor with the same ends may stand under another port by now.
  if (const auto found = ports_.find(*slot.flow); found != ports_.end() && found->second == port) {
    ports_.erase(found);
  }
  slot = {};
  free_.push_back(port);
}

}  // namespace strata::service

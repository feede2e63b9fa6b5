// SPDX-License-Identifier: Apache-2.0
// FlowTable: datagram flows by their ends. Bounded: a new one takes the place of the longest
// silent.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

#include "service/gateway/tcp_flows.h"
#include "strata/time.h"

namespace strata::service {

// A Session has a `flow` and the time when it was last `used`. Its place does not change.
template <typename Session>
class FlowTable {
 public:
  FlowTable(const SipKey& key, std::size_t limit)
      : limit_(limit), by_flow_(16, GatewayFlowHash{key}) {}

  // Null when there is none. Finding is using.
  [[nodiscard]] Session* find(const GatewayFlow& flow, Time now) {
    const auto found = by_flow_.find(flow);
    if (found == by_flow_.end()) return nullptr;
    found->second->used = now;
    sessions_.splice(sessions_.end(), sessions_, found->second);
    return &*found->second;
  }
  // The same, and it stays as long unused as it was.
  [[nodiscard]] Session* look_at(const GatewayFlow& flow) {
    const auto found = by_flow_.find(flow);
    return found == by_flow_.end() ? nullptr : &*found->second;
  }
  Session& add(Session session) {
    make_room();
    const GatewayFlow flow = session.flow;
    by_flow_.emplace(flow, sessions_.insert(sessions_.end(), std::move(session)));
    return sessions_.back();
  }
  // It goes on in another table, which has none of this flow.
  void hand_over(const GatewayFlow& flow, FlowTable& to) {
    auto node = by_flow_.extract(flow);
    if (node.empty()) return;
    to.make_room();
    to.sessions_.splice(to.sessions_.end(), sessions_, node.mapped());
    to.by_flow_.insert(std::move(node));
  }
  void erase(GatewayFlow flow) {
    const auto found = by_flow_.find(flow);
    if (found == by_flow_.end()) return;
    const auto session = found->second;
    by_flow_.erase(found);
    sessions_.erase(session);
  }
  template <typename Predicate>
  void erase_if(Predicate is_over) {
    std::erase_if(sessions_, [&](const Session& session) {
      if (!is_over(session)) return false;
      by_flow_.erase(session.flow);
      return true;
    });
  }
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  using Sessions = std::list<Session>;  // who was used last comes last

  void make_room() {
    if (sessions_.size() >= limit_) erase(sessions_.front().flow);
  }

  std::size_t limit_;
  Sessions sessions_;
  std::unordered_map<GatewayFlow, typename Sessions::iterator, GatewayFlowHash> by_flow_;
};

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <utility>

#include "sim/middlebox/flow_memory.h"
#include "sim/middlebox/sight.h"
#include "strata/sim_middlebox.h"

namespace strata::sim {
namespace {

class Filter final : public MiddleboxRules {
 public:
  explicit Filter(const FilterConfig& config)
      : resets_(config.resets), flows_(config.idle, config.forgets, config.flows_max) {}

  void on_frame(Side from, PacketPtr frame, Time now, Ways& ways) override {
    const auto sight = look_into(*frame);
    if (!sight || knows(from, *frame, *sight, now)) return ways.send(other(from), std::move(frame));
    if (!resets_ || !sight->is_tcp()) return;
    if (PacketPtr reset = make_reset_to(*frame, *sight, ways.pool())) {
      ways.send(from, std::move(reset));
    }
  }
  void forget() override { flows_.forget(); }

 private:
  // The ends of a flow, the one inside first.
  using Key = std::tuple<std::uint8_t, Endpoint, Endpoint>;
  struct Known {};

  [[nodiscard]] bool knows(Side from, const Packet& frame, const FlowSight& sight, Time now) {
    const bool is_out = from == Side::kInside;
    const Key key{sight.protocol, is_out ? sight.source : sight.destination,
                  is_out ? sight.destination : sight.source};
    if (flows_.find(key, now) != nullptr) return true;
    if (!is_out) return false;
    if (sight.is_tcp()) {
      const wire::TcpFlags flags = sight.segment(frame).flags();
      if (!flags.syn() || flags.ack()) return false;
    }
    static_cast<void>(flows_.insert(key, Known{}, now));
    return true;
  }

  bool resets_;
  FlowMemory<Key, Known> flows_;
};

}  // namespace

std::unique_ptr<MiddleboxRules> make_filter(const FilterConfig& config) {
  return std::make_unique<Filter>(config);
}

}  // namespace strata::sim

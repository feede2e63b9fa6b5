// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sim/channel.h"
#include "sim/engine.h"
#include "sim/port.h"
#include "strata/check.h"
#include "strata/sim_middlebox.h"

namespace strata::sim {

class Middlebox::OwnWays final : public MiddleboxRules::Ways {
 public:
  explicit OwnWays(Middlebox& box) : box_(box) {}
  void send(MiddleboxRules::Side to, PacketPtr frame) override {
    const auto port = static_cast<std::size_t>(to);
    if (port >= box_.ports_.size()) return;  // the wire on that side is not there yet
    ++box_.counters_.sent;
    box_.ports_[port]->out().send(std::move(frame));
  }
  [[nodiscard]] PacketPool& pool() override { return box_.engine_.pool(); }
  [[nodiscard]] MacAddress mac(MiddleboxRules::Side side) const override {
    return box_.mac(static_cast<std::size_t>(side));
  }

 private:
  Middlebox& box_;
};

Middlebox& World::add_middlebox(std::string_view name, std::unique_ptr<MiddleboxRules> rules) {
  STRATA_CHECK(rules != nullptr);
  auto added = std::unique_ptr<Middlebox>(
      new Middlebox(*engine_, std::string(name), engine_->next_node_index(), std::move(rules)));
  return static_cast<Middlebox&>(engine_->add(std::move(added)));
}

Middlebox::Middlebox(Engine& engine, std::string name, std::uint32_t index,
                     std::unique_ptr<MiddleboxRules> rules)
    : Node(engine, std::move(name), index),
      rules_(std::move(rules)),
      ways_(std::make_unique<OwnWays>(*this)) {}
Middlebox::~Middlebox() = default;

void Middlebox::on_connected(Port& port) { STRATA_CHECK(port.number() < 2); }

void Middlebox::on_frame(Port& port, PacketPtr frame) {
  ++counters_.received;
  const auto from = static_cast<MiddleboxRules::Side>(port.number());
  rules_->on_frame(from, std::move(frame), engine_.now(), *ways_);
  // Its turn asks for the deadline that may have come of this.
  if (rules_->next_deadline()) engine_.wake(*this);
}

void Middlebox::turn(Time now) {
  const auto deadline = rules_->next_deadline();
  if (deadline && *deadline <= now) rules_->on_deadline(now, *ways_);
}

std::optional<Time> Middlebox::next_deadline() const { return rules_->next_deadline(); }

}  // namespace strata::sim

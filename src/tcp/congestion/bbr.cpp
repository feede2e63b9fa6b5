// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/bbr.h"

#include <new>

namespace strata::tcp::congestion {

bool Bbr::try_start(Memory& memory, const StartEvent& start) {
  void* const block = memory.allocate(sizeof(BbrMachine), alignof(BbrMachine));
  if (block == nullptr) return false;
  memory_ = &memory;
  machine_ = ::new (block) BbrMachine(start);
  cwnd_ = machine_->cwnd();
  return true;
}

void Bbr::release() {
  memory_->release(machine_, sizeof(BbrMachine), alignof(BbrMachine));
  machine_ = nullptr;
}

void Bbr::on_loss(const LossSample& loss) { machine_->on_loss(loss); }

void Bbr::on_congestion(const CongestionEvent& event) {
  machine_->on_congestion(event);
  cwnd_ = machine_->cwnd();
}

void Bbr::on_undo(Time now) {
  machine_->on_undo(now);
  cwnd_ = machine_->cwnd();
}

void Bbr::on_recovery_exit(Time) {
  machine_->on_recovery_exit();
  cwnd_ = machine_->cwnd();
}

void Bbr::on_ack(const AckEvent& ack) {
  machine_->on_ack(ack);
  cwnd_ = machine_->cwnd();
}

void Bbr::on_rto(const RtoEvent& event) {
  machine_->on_rto(event);
  cwnd_ = machine_->cwnd();
}

void Bbr::on_idle_restart(const IdleEvent& event) {
  machine_->on_idle_restart(event);
  cwnd_ = machine_->cwnd();
}

void Bbr::on_mss_change(std::uint32_t mss) {
  machine_->on_mss_change(mss);
  cwnd_ = machine_->cwnd();
}

}  // namespace strata::tcp::congestion

// SPDX-License-Identifier: Apache-2.0
// Bbr: BBRv3 as a socket may choose it. Its state, BbrMachine, is a block of Memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "strata/memory.h"
#include "tcp/congestion.h"
#include "tcp/congestion/bbr_machine.h"

namespace strata::tcp::congestion {

class Bbr final : public CongestionControl {
 public:
  [[nodiscard]] std::string_view name() const override { return "bbr"; }
  [[nodiscard]] bool try_start(Memory& memory, const StartEvent& start) override;
  void release() override;

  void on_loss(const LossSample& loss) override;
  void on_congestion(const CongestionEvent& event) override;
  void on_undo(Time now) override;
  void on_recovery_exit(Time now) override;
  void on_ack(const AckEvent& ack) override;
  void on_rto(const RtoEvent& event) override;
  void on_idle_restart(const IdleEvent& event) override;
  void on_window_unused(Time, std::uint32_t) override {}  // the model ages by itself
  void on_mss_change(std::uint32_t mss) override;

  [[nodiscard]] std::uint64_t pacing_rate() const override { return machine_->pacing_rate(); }
  [[nodiscard]] bool owns_recovery() const override { return true; }

  [[nodiscard]] const BbrMachine& machine() const { return *machine_; }

 private:
  Memory* memory_ = nullptr;
  BbrMachine* machine_ = nullptr;
};

}  // namespace strata::tcp::congestion

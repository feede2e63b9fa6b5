// SPDX-License-Identifier: Apache-2.0
// Machine: one stack, the device that scripts hold the other end of, and the clock of both.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "script/language/options.h"
#include "socket/posix/calls.h"
#include "strata/device.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"
#include "strata/stack_config.h"

namespace strata::script {

struct Captured {
  Time at{};
  std::vector<std::byte> bytes;  // from the IP header on
};

// Carries IP packets, in both directions through the hands of the script.
class ScriptDevice final : public Device {
 public:
  // `inbound_mss`: how long the segments were of which it has merged a longer one; 0: it merges
  // none.
  ScriptDevice(const Time& now, std::size_t mtu, std::uint16_t inbound_mss)
      : now_(now), inbound_mss_(inbound_mss) {
    capabilities_.medium = Medium::kIp;
    capabilities_.mtu = mtu;
  }

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override;

  void inject(std::vector<std::byte> packet) { inbound_.push_back(std::move(packet)); }
  [[nodiscard]] bool has_inbound() const { return !inbound_.empty(); }
  [[nodiscard]] std::deque<Captured>& captured() { return captured_; }

 private:
  // What a script does not look at must not pile up without end.
  static constexpr std::size_t kCapturedMax = 65'536;

  const Time& now_;
  std::uint16_t inbound_mss_;
  DeviceCapabilities capabilities_;
  std::deque<std::vector<std::byte>> inbound_;
  std::deque<Captured> captured_;
};

class Machine {
 public:
  // Time does not begin at zero, so that nothing takes "never" for "long ago".
  static constexpr Time kStart = Time(std::chrono::hours(1));

  Machine(const Options& options, const StackConfig& settings);

  // False: the stack refuses the address that the options name.
  [[nodiscard]] bool has_address() const { return has_address_; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Duration script_time() const { return now_ - kStart; }
  [[nodiscard]] Stack& stack() { return *stack_; }
  [[nodiscard]] posix::Calls& calls() { return *calls_; }
  [[nodiscard]] std::deque<Captured>& captured() { return device_.captured(); }
  void inject(std::vector<std::byte> packet) { device_.inject(std::move(packet)); }

  // Lets the stack do all that is to be done at this instant.
  void settle();
  // Moves to the next instant at which the stack has something to do, or to `limit` if that is
  // earlier, and settles there.
  void step(Time limit);
  [[nodiscard]] bool has_deadline() const { return stack_->next_deadline().has_value(); }
  // It never comes to rest; there is no use in going on.
  [[nodiscard]] bool is_exhausted() const { return turns_ > kTurnsMax; }

 private:
  static constexpr std::uint64_t kTurnsMax = 5'000'000;

  Time now_ = kStart;
  HeapMemory memory_{std::size_t{1} << 30U};
  PacketPool pool_;
  ScriptDevice device_;
  std::optional<Stack> stack_;
  std::optional<posix::Calls> calls_;
  std::uint64_t turns_ = 0;
  bool has_address_ = false;
};

}  // namespace strata::script

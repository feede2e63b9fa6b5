// SPDX-License-Identifier: Apache-2.0
// Witness: sees a packet at the five points of a copied stack, and brings the connection it is for.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "service/explain/scratch_stack.h"
#include "service/failure.h"
#include "strata/hooks.h"

namespace strata::service {

class Witness final : public Hook {
 public:
  struct Seen {
    bool is_there = false;
    std::string interface;
    std::vector<std::byte> bytes;
  };

  explicit Witness(ScratchStack& scratch) : scratch_(scratch) {}
  ~Witness() override;
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  [[nodiscard]] Outcome<void> attach();

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

  [[nodiscard]] bool saw(HookPoint point) const { return seen(point).is_there; }
  // The first packet there.
  [[nodiscard]] const Seen& seen(HookPoint point) const {
    return seen_[static_cast<std::size_t>(point)];
  }
  [[nodiscard]] const std::optional<IpAddress>& destination() const { return destination_; }
  // Fragments of the same datagram that came before.
  [[nodiscard]] std::size_t earlier_fragments() const { return earlier_fragments_; }
  // The sockets or the connection that have something they did not have; empty: none.
  [[nodiscard]] std::string taker() const;

 private:
  void note_addresses(Bytes packet, Time now);
  void bring_connection(const IpAddress& source, const IpAddress& destination, Bytes segment,
                        Time now);

  ScratchStack& scratch_;
  std::array<Seen, static_cast<std::size_t>(HookPoint::kCount)> seen_{};
  std::optional<IpAddress> destination_;
  std::string connection_;  // that was copied for the packet
  std::size_t earlier_fragments_ = 0;
};

}  // namespace strata::service

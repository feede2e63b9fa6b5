// SPDX-License-Identifier: Apache-2.0
// Switch: joins devices as a learning switch does (IEEE 802.1Q), with VLANs where they are wanted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/address.h"
#include "strata/device.h"
#include "strata/error.h"
#include "strata/inline_function.h"
#include "strata/loop.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/time.h"

//   device ─> receive ─> learn and decide ─> tag in or out ─> fit to the device ─> queue ─> device
//
// 1. What one device leaves to others is done for those that cannot: checksums are finished and
//    super-segments cut just before a device that does not do so itself.
// 2. A frame that is longer than its next device carries is dropped and counted there: a switch
//    tells nobody.
// 3. A device that takes nothing for a while holds up nobody else: its queue is bounded, and what
//    comes beyond is dropped and counted.
// 4. Nothing keeps frames from circling where switches are joined in a ring.

namespace strata {

struct SwitchVlans {
  std::uint16_t untagged = 1;           // of frames without a tag; 0: they are refused
  std::vector<std::uint16_t> tagged{};  // those that come and go with a tag
};

struct SwitchOptions {
  Duration age_max = std::chrono::seconds(300);  // IEEE 802.1Q 8.8.3
  std::uint32_t addresses_max = 8192;
  std::uint32_t queue_packets_max = 1024;  // waiting for a device
  std::array<std::uint64_t, 2> secret{};   // of the hash: strangers choose addresses
};

struct SwitchCounters {
  std::uint64_t received_packets = 0, received_bytes = 0;
  std::uint64_t sent_packets = 0, sent_bytes = 0;
  // Of frames that came in here.
  std::uint64_t forwarded = 0;   // to one port
  std::uint64_t flooded = 0;     // to all others
  std::uint64_t filtered = 0;    // the destination is where the frame came from
  std::uint64_t reserved = 0;    // a group that stays on its link (spanning tree, LACP, pause)
  std::uint64_t wrong_vlan = 0;  // the port does not take frames of this VLAN
  std::uint64_t malformed = 0;
  std::uint64_t moved = 0;       // the sender had been behind another port
  std::uint64_t not_learnt = 0;  // no memory for the sender's address
  // Of frames that were to leave here.
  std::uint64_t too_long = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t pool_empty = 0;  // no packet for a copy
  std::uint64_t unfit = 0;       // its notes contradict its bytes
  std::uint64_t link_down = 0;
};

struct SwitchAddress {
  MacAddress mac;
  std::uint16_t vlan = 0;
  std::size_t port = 0;
  Duration age{};
};

class Switch final : public Pollable {
 public:
  static constexpr std::size_t kPortsMax = 64;

  // Memory and pool outlive the switch.
  Switch(Memory& memory, PacketPool& pool, const SwitchOptions& options);
  ~Switch() override;
  Switch(const Switch&) = delete;
  Switch& operator=(const Switch&) = delete;

  // The device must outlive the port. With VLANs for one port, those that have none are access
  // ports of VLAN 1; without, tags pass like any bytes. kNotSupported for a device without
  // Ethernet, kAlreadyExists for a name or device that is there, kInvalidArgument for a VLAN that
  // is none, kOutOfMemory beyond kPortsMax. A loop must update() its descriptors.
  Result<std::size_t> add_port(std::string_view name, Device& device,
                               const std::optional<SwitchVlans>& vlans = std::nullopt);
  Result<void> remove_port(std::size_t port);

  bool turn(Time now) override;
  [[nodiscard]] std::optional<Time> next_deadline() const override;
  [[nodiscard]] std::span<const int> descriptors() const override;
  [[nodiscard]] bool prepare_to_sleep() override;
  void on_descriptor_lost(int descriptor) override;

  struct PortView {
    std::size_t number = 0;
    std::string_view name;
    const Device* device = nullptr;
    bool is_up = true;
    std::optional<SwitchVlans> vlans{};  // none: tags pass like any bytes
    SwitchCounters counters{};
  };
  void for_each_port(InlineFunction<void(const PortView&)> visit) const;
  void for_each_address(InlineFunction<void(const SwitchAddress&)> visit) const;
  // Addresses that made room for others.
  [[nodiscard]] std::uint64_t addresses_shed() const;

 private:
  struct Ports;
  std::unique_ptr<Ports> ports_;
};

}  // namespace strata

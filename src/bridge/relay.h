// SPDX-License-Identifier: Apache-2.0
// Relay: what a switch does with a frame (IEEE 802.1Q): learns where it came from, and says where
// it goes.
//
//   frame ─> long enough? a station's? ─> VLAN of the port or the tag ─> reserved group?
//         ─> learn (VLAN, source) ─> (VLAN, destination) known:  its port, or nowhere
//                                                        else:   all ports of the VLAN
//
// 1. A frame never goes back to the port it came from.
// 2. Until a port is told about VLANs, tags pass like any bytes and all ports are one LAN. From
//    then on a port that was not told is an access port of VLAN 1.
// 3. Only 802.1Q tags (8100) name a VLAN. Others, and those further inside, are content.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bridge/address_table.h"
#include "bridge/port_vlans.h"
#include "strata/bytes.h"
#include "strata/memory.h"
#include "strata/time.h"

namespace strata::bridge {

// A bit for each port.
using PortSet = std::uint64_t;

enum class Verdict : std::uint8_t {
  kForward,    // to one port
  kFlood,      // to all others of the VLAN
  kFiltered,   // the destination is where it came from, or behind a port that is down
  kReserved,   // 802.1Q 8.6.3: a group that stays on its link
  kWrongVlan,  // the port does not take frames of this VLAN
  kMalformed,  // shorter than its header, or from a group
};

// What is done to the tag on the way out of a port.
enum class TagChange : std::uint8_t { kNone, kInsert, kRemove, kRewrite };

struct Decision {
  Verdict verdict = Verdict::kMalformed;
  PortSet ports = 0;
  std::uint16_t vlan = kDefaultVlan;
  std::uint16_t control = kDefaultVlan;  // of the tag that it has or would have
  bool has_tag = false;
  bool has_moved = false;   // its sender was behind another port
  bool is_unknown = false;  // its sender could not be remembered
};

struct RelayConfig {
  Duration age_max = std::chrono::seconds(300);  // IEEE 802.1Q 8.8.3
  std::uint32_t addresses_max = 8192;
};

class Relay {
 public:
  Relay(Memory& memory, const SipKey& key, const RelayConfig& config = {})
      : table_(memory, key, config.age_max, config.addresses_max) {}

  // `port` is below kPortsMax. A port is there once it was set up or down.
  void set_up(std::size_t port, bool is_up);
  void remove(std::size_t port);
  void set_vlans(std::size_t port, const PortVlans& vlans);

  // `head` begins with the Ethernet header, and is at least 18 bytes where the frame is.
  [[nodiscard]] Decision decide(std::size_t port, Bytes head, Time now);
  [[nodiscard]] TagChange tag_change(const Decision& decision, std::size_t port) const;

  [[nodiscard]] bool knows_vlans() const { return knows_vlans_; }
  [[nodiscard]] const PortVlans& vlans(std::size_t port) const { return vlans_[port]; }
  [[nodiscard]] const AddressTable& addresses() const { return table_; }

 private:
  [[nodiscard]] Verdict classify(std::size_t port, Bytes head, Decision& decision) const;
  [[nodiscard]] PortSet members(std::uint16_t vlan) const;

  AddressTable table_;
  std::array<PortVlans, kPortsMax> vlans_{};
  PortSet up_ = 0;
  bool knows_vlans_ = false;
};

}  // namespace strata::bridge

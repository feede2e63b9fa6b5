// SPDX-License-Identifier: Apache-2.0
// PortVlans: what a port of a switch makes of VLANs (IEEE 802.1Q 6.9 and 8.6.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace strata::bridge {

inline constexpr std::uint16_t kDefaultVlan = 1;
inline constexpr std::uint16_t kVlanMax = 4094;

class PortVlans {
 public:
  // An access port: untagged frames only, and they belong to `vlan`.
  static constexpr PortVlans access(std::uint16_t vlan) {
    PortVlans made;
    made.untagged_ = vlan;
    return made;
  }
  // A trunk of the VLANs that are added; frames without a tag belong to `native`, 0: are refused.
  static constexpr PortVlans trunk(std::uint16_t native) { return access(native); }
  constexpr PortVlans& add(std::uint16_t vlan) {
    tagged_[vlan / 64U] |= std::uint64_t{1} << (vlan % 64U);
    return *this;
  }

  [[nodiscard]] constexpr std::uint16_t untagged() const { return untagged_; }
  [[nodiscard]] constexpr bool is_tagged(std::uint16_t vlan) const {
    return (tagged_[vlan / 64U] >> (vlan % 64U) & 1U) != 0;
  }
  [[nodiscard]] constexpr bool carries(std::uint16_t vlan) const {
    return vlan == untagged_ || is_tagged(vlan);
  }

 private:
  std::uint16_t untagged_ = kDefaultVlan;
  std::array<std::uint64_t, 64> tagged_{};
};

}  // namespace strata::bridge

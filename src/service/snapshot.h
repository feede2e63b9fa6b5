// SPDX-License-Identifier: Apache-2.0
// snapshot: everything a person may ask of a running stack, as one JSON value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "service/hosted_stack.h"
#include "strata/switch.h"

namespace strata::service {

// Lists are cut at this many entries, and say how many there were.
inline constexpr std::size_t kListedMax = 1024;

// What a snapshot is made of: name, uptime and these.
enum class SnapshotPart : std::uint8_t {
  kInterfaces,
  kAddresses,
  kRoutes,
  kNeighbors,
  kDnsServers,
  kLeases,
  kResolver,
  kSockets,
  kConnections,
  kCounters,
  kDrops,
  kMemory,
  kTimers,
  kCount,
};

class SnapshotParts {
 public:
  [[nodiscard]] static SnapshotParts all() {
    return SnapshotParts((1U << static_cast<unsigned>(SnapshotPart::kCount)) - 1);
  }
  // "interfaces,drops"; nothing when there is no part of such a name.
  [[nodiscard]] static std::optional<SnapshotParts> parse(std::string_view names);
  // The name of the part when there is one only; empty otherwise.
  [[nodiscard]] std::string_view only() const;
  SnapshotParts() = default;
  void add(SnapshotPart part) { bits_ |= bit(part); }
  [[nodiscard]] bool has(SnapshotPart part) const { return (bits_ & bit(part)) != 0; }
  friend bool operator==(const SnapshotParts&, const SnapshotParts&) = default;

 private:
  explicit SnapshotParts(std::uint32_t bits) : bits_(bits) {}
  static std::uint32_t bit(SnapshotPart part) { return 1U << static_cast<unsigned>(part); }
  std::uint32_t bits_ = 0;
};
// "dns_servers": the name of the part, and of its key.
[[nodiscard]] std::string_view to_text(SnapshotPart part);

// Which entries of its lists.
struct ListWindow {
  std::size_t offset = 0;
  std::size_t limit = kListedMax;
  std::size_t interfaces_min = 0;  // shown whatever the limit: who reads adds up what they carried
  [[nodiscard]] ListWindow of_interfaces() const {
    return {.offset = offset, .limit = limit < interfaces_min ? interfaces_min : limit};
  }
  friend bool operator==(const ListWindow&, const ListWindow&) = default;
};

[[nodiscard]] nlohmann::json snapshot(HostedStack& host, SnapshotParts parts = SnapshotParts::all(),
                                      const ListWindow& window = {});
[[nodiscard]] nlohmann::json snapshot(const Switch& bridge);

// The value as `strata status` prints it.
[[nodiscard]] std::string status_text(const nlohmann::json& stacks);
// One list of it: "connections", "routes", "neighbors", "drops" or "sockets".
[[nodiscard]] std::string status_part_text(const nlohmann::json& stacks, std::string_view part);
[[nodiscard]] std::string switch_text(const nlohmann::json& bridge);

}  // namespace strata::service

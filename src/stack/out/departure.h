// SPDX-License-Identifier: Apache-2.0
// Departure: what is decided of a packet before it has an IP header, and the last of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "strata/address.h"
#include "strata/socket_types.h"

namespace strata::stack {

struct Interface;

// What a sender knows of the packet it wants to send.
struct DepartureQuery {
  IpAddress destination{};
  IpAddress source{};                    // unspecified: choose one (RFC 6724)
  InterfaceId interface = kNoInterface;  // leave through this one only
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;  // 0: the interface's or the stack's; to a group: never leave
  std::uint8_t traffic_class = 0;
  FragmentPolicy fragment_policy = FragmentPolicy::kFragment;
  bool loops_groups = true;  // hear our own group packets

  friend bool operator==(const DepartureQuery&, const DepartureQuery&) = default;
};

// The answer: everything send_ip needs.
struct Departure {
  enum class Kind : std::uint8_t { kUnicast, kLocal, kMulticast, kBroadcast };

  Interface* interface = nullptr;
  IpAddress next_hop{};
  IpAddress source{};
  IpAddress destination{};
  std::size_t mtu = 0;
  Kind kind = Kind::kUnicast;
  // No neighbours in the query are neighbours here: bytes that were written one by one would be
  // copied as one word, and the processor would wait for them.
  std::uint8_t hop_limit = 0;
  FragmentPolicy fragment_policy = FragmentPolicy::kFragment;
  std::uint8_t protocol = 0;
  bool loops_groups = true;
  std::uint8_t traffic_class = 0;

  [[nodiscard]] bool is_v4() const { return destination.is_v4(); }
};

// What a departure was decided by, besides its query. Each counts its changes.
struct DepartureGrounds {
  std::uint32_t routes = 0;
  std::uint32_t addresses = 0;
  std::uint32_t links = 0;

  friend bool operator==(const DepartureGrounds&, const DepartureGrounds&) = default;
};

// The last departures, by destination: the packets of a flow are decided once. Only for queries
// that name a source and departures that no path MTU has a say in.
class DepartureMemo {
 public:
  // Null: decide.
  [[nodiscard]] const Departure* recall(const DepartureQuery& query,
                                        const DepartureGrounds& grounds) const {
    const Line& line = lines_[line_of(query.destination)];
    return line.grounds == grounds && line.query == query ? &line.departure : nullptr;
  }
  void remember(const DepartureQuery& query, const DepartureGrounds& grounds,
                const Departure& departure) {
    lines_[line_of(query.destination)] = {query, departure, grounds};
  }

 private:
  struct Line {
    DepartureQuery query{};
    Departure departure{};
    DepartureGrounds grounds{};  // no table is ever at 0
  };
  static constexpr unsigned kLineBits = 3;

  [[nodiscard]] static std::size_t line_of(const IpAddress& destination) {
    const std::uint64_t mixed = (destination.low() ^ destination.high()) * 0x9e37'79b9'7f4a'7c15U;
    return static_cast<std::size_t>(mixed >> (64U - kLineBits));
  }

  std::array<Line, std::size_t{1} << kLineBits> lines_{};
};

}  // namespace strata::stack

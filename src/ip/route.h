// SPDX-License-Identifier: Apache-2.0
// Route: one entry of a routing table as a plain value, and the look-up that tables answer.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "strata/address.h"
#include "strata/time.h"

namespace strata::ip {

enum class RouteOrigin : std::uint8_t {
  kConnected,            // the prefix of an address of ours
  kStatic,               // configuration
  kRouterAdvertisement,  // RFC 4861 default routers and prefixes, RFC 4191 routes
  kRedirect,
  kProtocol,  // a routing protocol or an application
};

struct Route {
  Prefix destination{};
  IpAddress gateway{};  // unspecified: the destination is on the link
  InterfaceId interface = kNoInterface;
  RouteOrigin origin = RouteOrigin::kStatic;
  std::uint32_t metric = 0;  // among routes to one prefix the least wins
  std::optional<IpAddress> preferred_source = std::nullopt;
  std::optional<std::uint32_t> mtu = std::nullopt;
  std::optional<Time> expires = std::nullopt;

  [[nodiscard]] constexpr bool is_on_link() const { return gateway.is_unspecified(); }
  // Whom to ask the neighbour cache for.
  [[nodiscard]] constexpr const IpAddress& next_hop(const IpAddress& target) const {
    return is_on_link() ? target : gateway;
  }
  // Two routes with the same identity cannot stand in a table together.
  [[nodiscard]] constexpr bool is_same_path(const Route& other) const {
    return destination == other.destination && gateway == other.gateway &&
           interface == other.interface && origin == other.origin;
  }
  friend constexpr bool operator==(const Route&, const Route&) = default;
};

// What engines that learn routes ask of the table.
struct AddRoute {
  Route route{};  // takes the place of the same path
};
struct RemoveRoute {
  Route route{};
};
using RouteChange = std::variant<AddRoute, RemoveRoute>;

// The look-up of a forwarding table. RouteTable answers it for hosts and small routers; a table
// sized for the whole Internet can stand in its place. RouteCache spares most packets the call.
class Fib {
 public:
  virtual ~Fib() = default;
  // The longest prefix that holds `destination`, among routes through `bound` when one is named.
  // Null: no route. The route stays where it is until generation() changes.
  [[nodiscard]] virtual const Route* lookup(const IpAddress& destination,
                                            InterfaceId bound = kNoInterface) const = 0;
  // Changes with every change of the table.
  [[nodiscard]] std::uint32_t generation() const { return generation_; }

 protected:
  void changed() { ++generation_; }

 private:
  std::uint32_t generation_ = 1;
};

}  // namespace strata::ip

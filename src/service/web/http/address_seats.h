// SPDX-License-Identifier: Apache-2.0
// AddressSeats: places of which there are so many, and of which one address gets but a part.
#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "strata/address.h"

namespace strata::service {

class AddressSeats {
 public:
  AddressSeats(std::size_t seats, std::size_t per_address);

  // Of IPv6 a whole /64 counts as one address: whoever has one of it may have them all.
  [[nodiscard]] bool has_room_for(const IpAddress& address) const;
  // Given back with its last owner, which may outlive all this. Null: there is no room.
  [[nodiscard]] std::shared_ptr<void> try_take(const IpAddress& address);
  [[nodiscard]] std::size_t taken() const { return table_->taken; }

 private:
  struct Table {
    std::size_t taken = 0;
    std::map<IpAddress, std::size_t> by_address{};
  };
  struct Seat;

  std::size_t seats_;
  std::size_t per_address_;
  std::shared_ptr<Table> table_;
};

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/address_seats.h"

#include <utility>

namespace strata::service {
namespace {

IpAddress owner_of(const IpAddress& address) {
  return address.is_v4() ? address : IpAddress::v6(address.high(), 0);
}

}  // namespace

struct AddressSeats::Seat {
  Seat(std::shared_ptr<Table> of, const IpAddress& whose) : table(std::move(of)), owner(whose) {
    ++table->taken;
    ++table->by_address[owner];
  }
  ~Seat() {
    --table->taken;
    const auto place = table->by_address.find(owner);
    if (--place->second == 0) table->by_address.erase(place);
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  std::shared_ptr<Table> table;
  IpAddress owner;
};

AddressSeats::AddressSeats(std::size_t seats, std::size_t per_address)
    : seats_(seats), per_address_(per_address), table_(std::make_shared<Table>()) {}

bool AddressSeats::has_room_for(const IpAddress& address) const {
  const auto place = table_->by_address.find(owner_of(address));
  const std::size_t own = place == table_->by_address.end() ? 0 : place->second;
  return table_->taken < seats_ && own < per_address_;
}

std::shared_ptr<void> AddressSeats::try_take(const IpAddress& address) {
  if (!has_room_for(address)) return nullptr;
  return std::make_shared<Seat>(table_, owner_of(address));
}

}  // namespace strata::service

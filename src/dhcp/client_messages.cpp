// SPDX-License-Identifier: Apache-2.0
// The half of Client that forms messages: RFC 2131 4.4, table 5.
#include <algorithm>
#include <utility>

#include "dhcp/client.h"
#include "strata/check.h"

namespace strata::dhcp {
namespace {

using wire::DhcpMessageType;
using wire::DhcpOption;

// RFC 3442: classless routes are asked for before routers.
constexpr std::array kWishes{
    DhcpOption::kSubnetMask,       DhcpOption::kClasslessRoutes, DhcpOption::kRouter,
    DhcpOption::kDomainNameServer, DhcpOption::kDomainName,      DhcpOption::kDomainSearch,
    DhcpOption::kInterfaceMtu,     DhcpOption::kNtpServers,      DhcpOption::kLeaseTime,
    DhcpOption::kRenewalTime,      DhcpOption::kRebindingTime,
};

constexpr std::uint16_t kSecondsMax = 0xffff;

}  // namespace

std::optional<Output> Client::next_output(Time now) {
  // An address is given back by a message from that address: first this, then it goes.
  if (owed_farewell_) return form(*std::exchange(owed_farewell_, std::nullopt), now);
  if (owed_unbind_) return Unbind{*std::exchange(owed_unbind_, std::nullopt)};
  if (owed_) return form(*std::exchange(owed_, std::nullopt), now);
  if (owed_bind_) return *std::exchange(owed_bind_, std::nullopt);
  return std::nullopt;
}

SendMessage Client::form(DhcpMessageType type, Time now) {
  const bool is_release = type == DhcpMessageType::kRelease;
  const bool is_decline = type == DhcpMessageType::kDecline;
  const bool is_farewell = is_release || is_decline;
  const bool uses_address = is_release || state_ == State::kRenewing || state_ == State::kRebinding;
  const Lease& lease = is_farewell ? farewell_ : bound_ ? *bound_ : candidate_;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - exchange_began_);
  wire::DhcpHeader header{
      .transaction_id = is_farewell ? static_cast<std::uint32_t>(draw()) : transaction_,
      .seconds = is_farewell ? std::uint16_t{0}
                             : static_cast<std::uint16_t>(
                                   std::clamp<std::int64_t>(seconds.count(), 0, kSecondsMax)),
      .broadcast = config_.broadcast && !uses_address && !is_farewell,
      .client_address = uses_address ? lease.address.address() : IpAddress::any_v4()};
  copy_bytes(config_.mac.bytes(), MutableBytes(header.hardware_address).first(6));
  wire::DhcpWriter writer(header, out_);
  // Everything below fits kMessageMax, whatever the names are.
  STRATA_CHECK(writer.add(DhcpOption::kMessageType, static_cast<std::uint8_t>(type)));
  add_identity(writer);
  // RFC 2131 4.3.2: SELECTING names address and server, INIT-REBOOT the address, others neither.
  if (state_ == State::kRequesting || state_ == State::kRebooting || is_decline) {
    STRATA_CHECK(writer.add(DhcpOption::kRequestedAddress, lease.address.address()));
  }
  if (state_ == State::kRequesting || is_farewell) {
    STRATA_CHECK(writer.add(DhcpOption::kServerIdentifier, lease.server));
  }
  if (!is_farewell) add_wishes(writer);
  ++counters_.sent;
  const bool is_unicast = is_release || state_ == State::kRenewing;
  return {.source = header.client_address,
          .destination = is_unicast && !is_decline ? lease.server : IpAddress::limited_broadcast(),
          .message = writer.finish()};
}

// RFC 4361 6.1: 255, which of our interfaces, and a DUID made of the link-layer address (RFC 8415
// 11.4). RFC 2131 2: the same in every message.
void Client::add_identity(wire::DhcpWriter& writer) const {
  std::array<std::byte, 15> id{std::byte{255}};
  store_big_endian(id.data() + 1, config_.association);
  store_big_endian(id.data() + 5, std::uint16_t{3});
  store_big_endian(id.data() + 7, std::uint16_t{wire::kDhcpEthernet});
  copy_bytes(config_.mac.bytes(), MutableBytes(id).subspan(9, 6));
  STRATA_CHECK(writer.add(DhcpOption::kClientIdentifier, Bytes(id)));
}

void Client::add_wishes(wire::DhcpWriter& writer) const {
  const std::string_view name = config_.host_name.view();
  if (!name.empty()) {
    STRATA_CHECK(writer.add(DhcpOption::kHostName, std::as_bytes(std::span(name))));
  }
  STRATA_CHECK(writer.add(DhcpOption::kMaximumMessageSize, std::uint16_t{1472}));
  STRATA_CHECK(writer.add(DhcpOption::kParameterRequestList, std::as_bytes(std::span(kWishes))));
}

}  // namespace strata::dhcp

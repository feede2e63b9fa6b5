// SPDX-License-Identifier: Apache-2.0
// Any bytes as a DHCP message: options are read and written again; and as the answers that a client
// gets in each of its states.
#include <algorithm>
#include <array>

#include "dhcp/client.h"
#include "fuzz/law.h"

using namespace strata;
using namespace strata::fuzz;

namespace {

void read_all(Bytes bytes) {
  const auto view = wire::DhcpView::parse(bytes);
  if (!view) return;
  require_law<wire::DhcpLayout::kSize>(view->header(),
                                       [](Bytes again) { return wire::DhcpView::parse(again); });
  const wire::DhcpOptions options(*view);
  std::array<std::byte, 512> scratch;
  std::array<std::byte, 2048> out;
  for (unsigned code = 1; code < 255; ++code) {
    const auto data = options.find(static_cast<wire::DhcpOption>(code), scratch);
    if (!data) continue;
    touch(*data);
    wire::DhcpWriter writer(view->header(), out);
    require(writer.add(static_cast<wire::DhcpOption>(code), *data));
    const auto again = wire::DhcpView::parse(writer.finish());
    std::array<std::byte, 512> second;
    const auto found = wire::DhcpOptions(*again).find(static_cast<wire::DhcpOption>(code), second);
    require(found && std::ranges::equal(*found, *data));
  }
  if (const auto lease = dhcp::read_lease(*view, options, Time{})) {
    require(dhcp::is_host_address(lease->address.address()) && lease->lease_s != 0);
  }
}

// The message becomes one for us, as far as that is possible without looking at its options.
void answer(dhcp::Client& client, Bytes bytes, Time now) {
  std::array<std::byte, 4096> message{};
  const std::size_t size = std::min(bytes.size(), message.size());
  copy_bytes(bytes.first(size), MutableBytes(message).first(size));
  std::array<std::byte, 4> id{};
  while (const auto output = client.next_output(now)) {
    const auto* const sent = std::get_if<dhcp::SendMessage>(&*output);
    if (sent == nullptr) continue;
    copy_bytes(sent->message.subspan(4, 4), id);
    require(sent->message.size() <= dhcp::kMessageMax);
  }
  if (size >= wire::DhcpLayout::kSize) {
    message[0] = std::byte{2};
    message[1] = std::byte{1};
    message[2] = std::byte{6};
    copy_bytes(id, MutableBytes(message).subspan(4, 4));
    const std::array mac{std::byte{2}, std::byte{0}, std::byte{0},
                         std::byte{0}, std::byte{0}, std::byte{1}};
    copy_bytes(mac, MutableBytes(message).subspan(wire::DhcpLayout::kHardwareAddress, 6));
    wire::DhcpLayout::Cookie::set(message, wire::kDhcpCookie);
  }
  client.on_message(Bytes(message).first(size), now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = as_input(data, size);
  read_all(input);
  dhcp::Client client({.mac = MacAddress::from_value(0x0200'0000'0001), .secret = {1, 2}});
  Time now{std::chrono::hours(1)};
  client.on_start({}, now);
  // The same message in turn as offer, acknowledgement, renewal and whatever comes.
  for (int i = 0; i < 12; ++i) {
    if (const auto deadline = client.next_deadline()) now = std::max(now, *deadline);
    client.on_deadline(now);
    answer(client, input, now);
    client.on_address_checked(now);
    if (client.lease())
      require(client.lease()->expires() >= now || !client.next_deadline() ||
              *client.next_deadline() <= client.lease()->expires());
  }
  client.on_stop(now);
  while (client.next_output(now)) {
  }
  require(!client.lease() && !client.next_deadline());
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "service/names/dhcp_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "service/names/dhcp_frames.h"
#include "service/names/lease_file.h"
#include "strata/wire/ethertype.h"

namespace strata::service {
namespace {

constexpr std::size_t kFrameMax = 2048;
// How often the state of the address is looked at, while it is checked and afterwards.
constexpr Duration kCheckPause = std::chrono::milliseconds(50);
constexpr Duration kWatchPause = std::chrono::seconds(1);
// Of the routes of several leases those of the first interface win, also when another lease was
// renewed later; what was configured by hand comes before them all.
constexpr std::uint32_t kMetricFirst = 1000;

std::optional<InterfaceEntry> find_interface(const Stack& stack, InterfaceId wanted) {
  std::optional<InterfaceEntry> found;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == wanted) found = entry;
  });
  return found;
}

// VLANs share the MAC address of their device.
std::uint32_t association_of(const VlanTags& vlan) {
  std::uint32_t association = 1;
  for (std::size_t i = 0; i < vlan.count; ++i) association = (association << 12U) | vlan.tags[i].id;
  return association;
}

dhcp::Config config_of(const InterfaceEntry& interface, const SipKey& secret,
                       const DhcpChoices& choices) {
  dhcp::Config config{
      .mac = interface.mac, .association = association_of(interface.vlan), .secret = secret};
  config.host_name = decltype(config.host_name)::of(choices.host_name);
  return config;
}

}  // namespace

Outcome<std::unique_ptr<DhcpService>> DhcpService::start(Stack& stack, Executor& executor,
                                                         DnsResolver& resolver,
                                                         InterfaceId interface,
                                                         const SipKey& secret,
                                                         const DhcpChoices& choices) {
  const auto entry = find_interface(stack, interface);
  if (!entry || entry->mac.is_unspecified()) {
    return failed("DHCP needs an Ethernet device, as in tap:NAME");
  }
  std::unique_ptr<DhcpService> made(new DhcpService(stack, executor, resolver, interface,
                                                    config_of(*entry, secret, choices), entry->mtu,
                                                    choices));
  if (const auto opened = made->open_packets(); !opened) {
    return failed(fmt::format("DHCP: {}", strata::to_text(opened.error())));
  }
  std::optional<dhcp::Lease> former;
  if (!choices.lease_file.empty()) {
    former = read_lease_file(choices.lease_file, entry->mac, executor.now());
  }
  made->client_.on_start(former, executor.now());
  made->wake();
  return made;
}

DhcpService::DhcpService(Stack& stack, Executor& executor, DnsResolver& resolver,
                         InterfaceId interface, const dhcp::Config& config, std::size_t device_mtu,
                         const DhcpChoices& choices)
    : stack_(stack),
      executor_(executor),
      resolver_(resolver),
      interface_(interface),
      mac_(config.mac),
      device_mtu_(device_mtu),
      lease_file_(choices.lease_file),
      client_(config),
      buffer_(kFrameMax) {}

DhcpService::~DhcpService() {
  if (timer_) executor_.cancel_timer(*timer_);
  withdraw();
}

bool DhcpService::is_bound() const {
  const dhcp::State state = client_.state();
  return client_.lease().has_value() && state != dhcp::State::kChecking;
}

bool DhcpService::stop() {
  if (!lease_file_.empty() || !is_bound()) return false;
  client_.on_stop(executor_.now());
  pump();
  return true;
}

Result<void> DhcpService::open_packets() {
  datagrams_.reset();
  auto socket = PacketSocket::open(stack_, interface_, wire::kEtherTypeIpv4);
  if (!socket) return std::unexpected(socket.error());
  packets_.emplace(std::move(*socket));
  return packets_->on_ready([this](Readiness) { receive_frames(); });
}

Result<void> DhcpService::open_datagrams() {
  auto socket = UdpSocket::open(stack_, AddressFamily::kIpv4);
  if (!socket) return std::unexpected(socket.error());
  if (const auto set = socket->set_bound_interface(interface_); !set) return set;
  if (const auto set = socket->set_broadcast(true); !set) return set;
  const auto bound = socket->bind({IpAddress::any_v4(), wire::kDhcpClientPort});
  if (!bound) return bound;
  packets_.reset();
  datagrams_.emplace(std::move(*socket));
  return datagrams_->on_ready([this](Readiness) { receive_datagrams(); });
}

void DhcpService::receive_frames() {
  while (packets_) {
    const auto got = packets_->receive(buffer_);
    if (!got) break;
    const auto payload = dhcp_payload(Bytes(buffer_).first(std::min(got->size, buffer_.size())));
    if (!payload) continue;
    client_.on_message(*payload, executor_.now());
    pump();
  }
}

void DhcpService::receive_datagrams() {
  while (datagrams_) {
    const auto got = datagrams_->receive(buffer_);
    if (!got) {
      // A server that is not there right now: the client tries again by itself.
      if (got.error() == Error::kWouldBlock) break;
      continue;
    }
    client_.on_message(Bytes(buffer_).first(std::min(got->size, buffer_.size())), executor_.now());
    pump();
  }
}

void DhcpService::pump() {
  while (const auto output = client_.next_output(executor_.now())) {
    std::visit([this](const auto& value) { act(value); }, *output);
  }
  wake();
}

void DhcpService::wake() {
  if (timer_) executor_.cancel_timer(*timer_);
  timer_.reset();
  std::optional<Time> deadline = client_.next_deadline();
  if (client_.state() != dhcp::State::kStopped) {
    // The link is looked after without a lease, too: whoever is plugged in need not wait long.
    const bool is_checking = client_.state() == dhcp::State::kChecking;
    deadline = earlier(deadline, executor_.now() + (is_checking ? kCheckPause : kWatchPause));
  }
  if (!deadline) return;
  timer_ = executor_.start_timer(*deadline, [this] {
    timer_.reset();
    look_at_link();
    look_at_address();
    client_.on_deadline(executor_.now());
    pump();
  });
}

void DhcpService::look_at_link() {
  const auto entry = find_interface(stack_, interface_);
  const bool is_up = entry && entry->is_up;
  if (is_up && !was_up_) client_.on_link_up(executor_.now());
  was_up_ = is_up;
}

// RFC 5227: the stack finds out whether somebody else has our address.
void DhcpService::look_at_address() {
  if (!address_) return;
  std::optional<AddressState> state;
  stack_.for_each_address([&](const AddressEntry& entry) {
    if (entry.interface == interface_ && entry.prefix.address() == address_->address()) {
      state = entry.state;
    }
  });
  if (!state) {
    client_.on_address_removed(executor_.now());
  } else if (*state == AddressState::kDuplicate) {
    client_.on_conflict(executor_.now());
  } else if (*state != AddressState::kTentative && client_.state() == dhcp::State::kChecking) {
    client_.on_address_checked(executor_.now());
    configure(*client_.lease());
  }
}

void DhcpService::act(const dhcp::SendMessage& send) {
  const Time now = executor_.now();
  // What cannot be sent now is lost as on any link, and is tried again.
  if (send.source.is_unspecified()) {
    const std::vector<std::byte> frame = dhcp_frame(mac_, send.source, send.message);
    if (!packets_ && !open_packets()) return;
    static_cast<void>(packets_->send(frame, interface_, now));
  } else {
    if (!datagrams_ && !open_datagrams()) return;
    static_cast<void>(
        datagrams_->send_to(send.message, {send.destination, wire::kDhcpServerPort}, now));
  }
}

void DhcpService::act(const dhcp::Bind& bind) {
  if (!lease_file_.empty()) write_lease_file(lease_file_, mac_, bind.lease, executor_.now());
  if (!bind.is_new) return configure(bind.lease);
  withdraw();
  if (!stack_.add_address(interface_, bind.lease.address, executor_.now())) {
    return client_.on_conflict(executor_.now());
  }
  address_ = bind.lease.address;
  look_at_address();
}

void DhcpService::act(const dhcp::Unbind&) {
  // What gives the address back may still wait for the server's link-layer address.
  if (client_.state() == dhcp::State::kStopped) return;
  withdraw();
  static_cast<void>(open_packets());
  if (!lease_file_.empty()) remove_lease_file(lease_file_);
}

void DhcpService::withdraw() {
  for (const RouteEntry& route : std::exchange(routes_, {})) {
    static_cast<void>(stack_.remove_route(route));
  }
  if (address_) {
    static_cast<void>(stack_.remove_address(interface_, address_->address(), executor_.now()));
  }
  address_.reset();
  resolver_.set_network_servers(interface_, {}, {});
  static_cast<void>(stack_.set_mtu(interface_, device_mtu_, executor_.now()));
}

void DhcpService::configure(const dhcp::Lease& lease) {
  if (!datagrams_) static_cast<void>(open_datagrams());
  std::vector<RouteEntry> routes;
  const auto add = [&](const Prefix& destination, const IpAddress& gateway) {
    routes.push_back({.destination = destination,
                      .gateway = gateway,
                      .interface = interface_,
                      .metric = kMetricFirst + interface_,
                      .origin = RouteOrigin::kProtocol});
  };
  // RFC 3442: with classless routes there are no others.
  for (const wire::DhcpRoute& route : lease.routes.span()) add(route.destination, route.router);
  if (lease.routes.count == 0 && lease.routers.count != 0) {
    add({IpAddress::any_v4(), 0}, lease.routers.span().front());
  }
  for (const RouteEntry& route : std::exchange(routes_, {})) {
    static_cast<void>(stack_.remove_route(route));
  }
  for (const RouteEntry& route : routes) {
    if (stack_.add_route(route)) routes_.push_back(route);
  }
  const std::size_t mtu =
      lease.mtu == 0 ? device_mtu_ : std::min<std::size_t>(lease.mtu, device_mtu_);
  static_cast<void>(stack_.set_mtu(interface_, mtu, executor_.now()));
  const auto servers = lease.name_servers.span();
  const auto search = lease.search.span();
  resolver_.set_network_servers(interface_, {servers.begin(), servers.end()},
                                {search.begin(), search.end()});
}

}  // namespace strata::service

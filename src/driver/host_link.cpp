// SPDX-License-Identifier: Apache-2.0
#include "driver/host_link.h"

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <time.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace strata::driver {
namespace {

// A netlink message that changes one address or route, laid out as the kernel reads it.
template <typename Body>
struct Request {
  nlmsghdr header{};
  Body body{};
  std::array<std::byte, 96> attributes{};

  void append(std::uint16_t type, const void* value, std::size_t bytes) {
    rtattr attribute{};
    attribute.rta_type = type;
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(bytes));
    std::byte* to = reinterpret_cast<std::byte*>(this) + NLMSG_ALIGN(header.nlmsg_len);
    std::memcpy(to, &attribute, sizeof(attribute));
    std::memcpy(to + RTA_LENGTH(0), value, bytes);
    header.nlmsg_len =
        static_cast<std::uint32_t>(NLMSG_ALIGN(header.nlmsg_len) + RTA_ALIGN(attribute.rta_len));
  }
};

// The address as a family's attributes have it.
Bytes bytes_of(const IpAddress& address) {
  const auto& bytes = address.bytes();
  return Bytes(bytes).subspan(address.is_v4() ? 12 : 0);
}

Request<ifaddrmsg> new_address(unsigned index, const Prefix& prefix) {
  Request<ifaddrmsg> request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(ifaddrmsg));
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  request.body.ifa_family = prefix.is_v4() ? AF_INET : AF_INET6;
  request.body.ifa_prefixlen = static_cast<std::uint8_t>(prefix.length());
  request.body.ifa_index = index;
  const Bytes bytes = bytes_of(prefix.address());
  request.append(IFA_LOCAL, bytes.data(), bytes.size());
  request.append(IFA_ADDRESS, bytes.data(), bytes.size());
  if (!prefix.is_v4()) {
    request.body.ifa_flags = IFA_F_NODAD;
  } else if (const auto broadcast = prefix.directed_broadcast()) {
    request.append(IFA_BROADCAST, bytes_of(*broadcast).data(), 4);
  }
  return request;
}

Request<rtmsg> new_route(unsigned index, const Prefix& destination, const IpAddress& gateway) {
  Request<rtmsg> request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
  request.header.nlmsg_type = RTM_NEWROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  request.body.rtm_family = destination.is_v4() ? AF_INET : AF_INET6;
  request.body.rtm_dst_len = static_cast<std::uint8_t>(destination.length());
  request.body.rtm_table = RT_TABLE_MAIN;
  request.body.rtm_protocol = RTPROT_STATIC;
  request.body.rtm_scope = RT_SCOPE_UNIVERSE;
  request.body.rtm_type = RTN_UNICAST;
  const Bytes network = bytes_of(destination.address());
  const Bytes next = bytes_of(gateway);
  if (destination.length() != 0) request.append(RTA_DST, network.data(), network.size());
  request.append(RTA_GATEWAY, next.data(), next.size());
  request.append(RTA_OIF, &index, sizeof(index));
  return request;
}

// Sends the request and reads the acknowledgement the kernel queues before send() returns.
template <typename Body>
int exchange_with_kernel(const Request<Body>& request) {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket < 0) return errno;
  int error = 0;
  struct {
    nlmsghdr header;
    nlmsgerr error;
    std::array<std::byte, 1024> rest;
  } answer{};
  const bool is_sent = ::send(socket, &request, request.header.nlmsg_len, 0) >= 0;
  const ssize_t count = is_sent ? ::recv(socket, &answer, sizeof(answer), 0) : -1;
  if (count < 0) {
    error = errno;
  } else if (static_cast<std::size_t>(count) < NLMSG_LENGTH(sizeof(nlmsgerr)) ||
             answer.header.nlmsg_type != NLMSG_ERROR) {
    error = EPROTO;
  } else {
    error = -answer.error.error;
  }
  ::close(socket);
  return error;
}

IpAddress address_of(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof(v4));
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &from, sizeof(v6));
  std::array<std::byte, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return IpAddress::from_bytes(bytes);
}

}  // namespace

std::expected<HostLink, int> HostLink::open(const std::string& name) {
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) return std::unexpected(errno);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return std::unexpected(errno);
  return HostLink(name, socket, index);
}

HostLink HostLink::adopt(std::string name, int socket, unsigned index) {
  return HostLink(std::move(name), socket, index);
}

HostLink::HostLink(std::string name, int socket, unsigned index)
    : name_(std::move(name)), socket_(socket), index_(index) {}

HostLink::HostLink(HostLink&& other) noexcept
    : name_(std::move(other.name_)),
      socket_(std::exchange(other.socket_, -1)),
      index_(other.index_) {}

HostLink::~HostLink() {
  if (socket_ >= 0) ::close(socket_);
}

std::string interface_of_queue(int descriptor) {
  ifreq request{};
  return ::ioctl(descriptor, TUNGETIFF, &request) == 0 ? request.ifr_name : std::string();
}

// By its number: the host may have given it another name.
ifreq HostLink::request() const {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index_);
  if (::ioctl(socket_, SIOCGIFNAME, &request) != 0) name_.copy(request.ifr_name, IFNAMSIZ - 1);
  // The number lies where the answers will be.
  request.ifr_ifru = {};
  return request;
}

bool HostLink::is_there() const {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index_);
  return ::ioctl(socket_, SIOCGIFNAME, &request) == 0;
}

bool HostLink::is_ethernet() const {
  ifreq request = this->request();
  return ::ioctl(socket_, SIOCGIFHWADDR, &request) == 0 &&
         request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

MacAddress HostLink::mac() const {
  ifreq request = this->request();
  if (::ioctl(socket_, SIOCGIFHWADDR, &request) != 0) return {};
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    value = value << 8U | static_cast<unsigned char>(request.ifr_hwaddr.sa_data[i]);
  }
  return MacAddress::from_value(value);
}

std::string HostLink::driver() const {
  ethtool_drvinfo information{};
  information.cmd = ETHTOOL_GDRVINFO;
  ifreq request = this->request();
  request.ifr_data = reinterpret_cast<char*>(&information);
  if (::ioctl(socket_, SIOCETHTOOL, &request) != 0) return {};
  return {information.driver, ::strnlen(information.driver, sizeof(information.driver))};
}

bool HostLink::has_flags(int flags) const {
  ifreq request = this->request();
  return ::ioctl(socket_, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & flags) == flags;
}

bool HostLink::is_up() const { return has_flags(IFF_UP); }

bool HostLink::is_running() const { return has_flags(IFF_UP | IFF_RUNNING); }

std::size_t HostLink::mtu() const {
  ifreq request = this->request();
  if (::ioctl(socket_, SIOCGIFMTU, &request) != 0) return 0;
  return static_cast<std::size_t>(request.ifr_mtu);
}

bool HostLink::has_address(const Prefix& prefix) const {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || name_ != entry->ifa_name) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    if (address_of(*entry->ifa_addr) == prefix.address()) return true;
  }
  return false;
}

int HostLink::set_up() const {
  ifreq request = this->request();
  if (::ioctl(socket_, SIOCGIFFLAGS, &request) != 0) return errno;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return ::ioctl(socket_, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

int HostLink::set_mtu(std::size_t mtu) const {
  ifreq request = this->request();
  request.ifr_mtu = static_cast<int>(mtu);
  return ::ioctl(socket_, SIOCSIFMTU, &request) == 0 ? 0 : errno;
}

int HostLink::add_address(const Prefix& prefix) const {
  const int error = exchange_with_kernel(new_address(index_, prefix));
  if (error == 0 && !prefix.is_v4() && is_up()) wait_for(prefix);
  return error;
}

int HostLink::add_route(const Prefix& destination, const IpAddress& gateway) const {
  return exchange_with_kernel(new_route(index_, destination, gateway));
}

// The kernel joins the group of an IPv6 address a little later, and until then hears nobody who
// asks for it: our first question would be lost, and repeated after a second only.
void HostLink::wait_for(const Prefix& prefix) const {
  constexpr int kMillisecondsMax = 200;
  for (int waited = 0; waited < kMillisecondsMax && is_tentative(prefix); ++waited) {
    const timespec millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::nanosleep(&millisecond, nullptr);
  }
}

bool HostLink::is_tentative(const Prefix& prefix) const {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen("/proc/thread-self/net/if_inet6", "re"), &std::fclose);
  if (file == nullptr) return false;
  std::string wanted;
  for (const std::byte byte : prefix.address().bytes()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    wanted += kDigits[std::to_integer<std::size_t>(byte) / 16];
    wanted += kDigits[std::to_integer<std::size_t>(byte) % 16];
  }
  // Address, index of the interface, prefix length, scope, flags and name, all but it hexadecimal.
  std::array<char, 33> address{};
  unsigned index = 0;
  unsigned flags = 0;
  while (std::fscanf(file.get(), "%32s %x %*x %*x %x %*s", address.data(), &index, &flags) == 3) {
    if (index == index_ && wanted == address.data()) return (flags & IFA_F_TENTATIVE) != 0;
  }
  return false;
}

}  // namespace strata::driver

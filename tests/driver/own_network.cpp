// SPDX-License-Identifier: Apache-2.0
#include "driver/own_network.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace strata::driver {
namespace {

// A netlink message about an interface, laid out as the kernel reads it.
struct LinkRequest {
  nlmsghdr header{};
  ifinfomsg link{};
  std::array<std::byte, 256> attributes{};

  explicit LinkRequest(std::uint16_t type) {
    header.nlmsg_len = NLMSG_LENGTH(sizeof(ifinfomsg));
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  }
  [[nodiscard]] std::byte* at(std::size_t offset) {
    return reinterpret_cast<std::byte*>(this) + offset;
  }
  std::size_t open(std::uint16_t type) {
    const std::size_t begin = header.nlmsg_len;
    const rtattr attribute{RTA_LENGTH(0), type};
    std::memcpy(at(begin), &attribute, sizeof(attribute));
    header.nlmsg_len += RTA_LENGTH(0);
    return begin;
  }
  void close(std::size_t begin) {
    const auto length = static_cast<std::uint16_t>(header.nlmsg_len - begin);
    std::memcpy(at(begin), &length, sizeof(length));
    header.nlmsg_len = NLMSG_ALIGN(header.nlmsg_len);
  }
  void text(std::uint16_t type, const std::string& value) {
    const std::size_t begin = open(type);
    std::memcpy(at(header.nlmsg_len), value.c_str(), value.size() + 1);
    header.nlmsg_len += static_cast<std::uint32_t>(value.size() + 1);
    close(begin);
  }
  // Sends it; true when the kernel did what it says.
  [[nodiscard]] bool is_done() {
    const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    std::array<std::byte, 1024> answer{};
    bool done = false;
    if (::send(socket, this, header.nlmsg_len, 0) > 0 &&
        ::recv(socket, answer.data(), answer.size(), 0) > 0) {
      nlmsgerr error{};
      std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof(error));
      done = error.error == 0;
    }
    ::close(socket);
    return done;
  }
};

}  // namespace

OwnNetwork::OwnNetwork() : former_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (former_ < 0 || ::unshare(CLONE_NEWNET) != 0) {
    refusal_ = std::string("a network namespace cannot be made: ") + std::strerror(errno);
  } else if (::access("/dev/net/tun", R_OK | W_OK) != 0) {
    refusal_ = std::string("/dev/net/tun: ") + std::strerror(errno);
  }
}

OwnNetwork::~OwnNetwork() {
  if (former_ < 0) return;
  ::setns(former_, CLONE_NEWNET);
  ::close(former_);
}

bool make_cable(const std::string& one, const std::string& other) {
  LinkRequest request(RTM_NEWLINK);
  request.header.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
  request.text(IFLA_IFNAME, one);
  const std::size_t information = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "veth");
  const std::size_t data = request.open(IFLA_INFO_DATA);
  const std::size_t peer = request.open(VETH_INFO_PEER);
  request.header.nlmsg_len += sizeof(ifinfomsg);
  request.text(IFLA_IFNAME, other);
  for (const std::size_t at : {peer, data, information}) request.close(at);
  if (!request.is_done()) return false;
  set_link_up(one, true);
  set_link_up(other, true);
  return true;
}

void set_link_up(const std::string& name, bool up) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ::ioctl(socket, SIOCGIFFLAGS, &request);
  const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  request.ifr_flags = static_cast<short>(flags);
  ::ioctl(socket, SIOCSIFFLAGS, &request);
  ::close(socket);
}

bool delete_interface(const std::string& name) {
  LinkRequest request(RTM_DELLINK);
  request.link.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
  return request.is_done();
}

}  // namespace strata::driver

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "driver/descriptor.h"
#include "driver/network_namespace.h"
#include "driver/own_mac.h"
#include "driver/setcap.h"
#include "driver/tap.h"
#include "driver/tap_steering.h"
#include "strata/devices.h"

namespace strata {
namespace {

using driver::Descriptor;
using driver::HostLink;
using driver::Tap;
using driver::VirtioHeader;

template <typename T>
using Opened = std::expected<T, DeviceError>;

constexpr const char* kTunPath = "/dev/net/tun";
// Missing in the headers of Linux before 6.2.
constexpr unsigned kOffloadUdpV4 = 0x20;
constexpr unsigned kOffloadUdpV6 = 0x40;
constexpr unsigned kOffloadTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
// What the length field of an IP header can say.
constexpr std::size_t kSegmentBytesMax = 65'535;
constexpr std::size_t kQueuesMax = 256;  // of the kernel

std::string kind_of(const TapOptions& options) {
  return options.medium == Medium::kEthernet ? "tap" : "tun";
}

std::string described(const TapOptions& options) { return kind_of(options) + ":" + options.name; }

DeviceError cannot_open_tun(const TapOptions& options, int error) {
  const std::string text =
      described(options) + ": cannot open " + kTunPath + ": " + std::strerror(error);
  if (error == ENOENT) {
    return {text,
            "sudo mkdir -p /dev/net && sudo mknod -m 666 /dev/net/tun c 10 200  (in a container: "
            "start it with --device /dev/net/tun)"};
  }
  if (error == ENODEV || error == ENXIO) {
    return {text + " (this kernel has no TUN/TAP support loaded)", "sudo modprobe tun"};
  }
  if (error == EACCES || error == EPERM) return {text, "sudo chmod 666 /dev/net/tun"};
  if (error == EMFILE) return {text, "ulimit -n 1024"};
  return {text, ""};
}

DeviceError cannot_attach(const TapOptions& options, int error) {
  const std::string name = options.name.empty() ? "strata0" : options.name;
  const std::string text = described(options) + ": ";
  switch (error) {
    case EPERM:
      return {text +
                  "making or attaching to this device needs CAP_NET_ADMIN, or a device that "
                  "belongs to this user",
              "sudo ip tuntap add dev " + name + " mode " + kind_of(options) +
                  " user $USER  (or: " + driver::setcap_command("cap_net_admin") + ")"};
    case EBUSY:
      return {text + "another program is attached to this device", "ip -details link show " + name};
    case EINVAL:
      return {text + "an interface of this name is there and is no " + kind_of(options) +
                  " device, or was made for another number of queues",
              "ip -details link show " + name};
    default: return {text + "cannot attach: " + std::strerror(error), ""};
  }
}

// What was to be changed on the host's side and could not be; `command` does it by hand.
DeviceError cannot_configure(const TapOptions& options, const std::string& what, int error,
                             const std::string& command) {
  const std::string reason =
      error == EPERM ? std::string("this needs CAP_NET_ADMIN") : std::string(std::strerror(error));
  return {described(options) + ": cannot " + what + ": " + reason, "sudo " + command};
}

// The kernel answers EACCES where IPv6 is switched off, and that it knows no such thing where it
// was left out.
DeviceError cannot_use_v6(const TapOptions& options, const Prefix& prefix, int error) {
  const std::string text =
      described(options) + ": cannot give the host " + std::string(to_text(prefix).view()) + ": ";
  if (error == EACCES) {
    return {text + "IPv6 is switched off on this interface",
            "sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0"};
  }
  if (error == EAFNOSUPPORT || error == EOPNOTSUPP) {
    return {text + "this host has no IPv6", "leave out host6="};
  }
  return {text + std::strerror(error),
          "sudo ip address add " + std::string(to_text(prefix).view()) + " dev " + options.name};
}

DeviceError cannot_enter(const TapOptions& options, int error) {
  const std::string text = described(options) + ": netns '" + options.network_namespace + "': ";
  switch (error) {
    case ENOENT:
      return {text + "there is no such network namespace",
              "sudo ip netns add " + options.network_namespace};
    case EPERM:
      return {text + "entering it needs CAP_SYS_ADMIN",
              driver::setcap_command("cap_sys_admin,cap_net_admin")};
    case EINVAL: return {text + "this is no network namespace", "ip netns list"};
    default: return {text + std::strerror(error), ""};
  }
}

std::optional<DeviceError> find_fault(const TapOptions& options) {
  if (options.name.size() >= IFNAMSIZ) {
    return DeviceError{described(options) + ": the name of an interface has at most 15 characters",
                       ""};
  }
  if (options.queues == 0 || options.queues > kQueuesMax) {
    return DeviceError{described(options) + ": queues must be between 1 and 256", ""};
  }
  return std::nullopt;
}

// Opens one queue; fills in the name the kernel chose.
Opened<Descriptor> attach_queue(TapOptions& options) {
  Descriptor descriptor(::open(kTunPath, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (descriptor.get() < 0) return std::unexpected(cannot_open_tun(options, errno));
  ifreq request{};
  options.name.copy(request.ifr_name, IFNAMSIZ - 1);
  const int kind = options.medium == Medium::kEthernet ? IFF_TAP : IFF_TUN;
  const int flags = kind | IFF_NO_PI | IFF_VNET_HDR;
  request.ifr_flags = static_cast<short>(flags | (options.queues > 1 ? IFF_MULTI_QUEUE : 0));
  int result = ::ioctl(descriptor.get(), TUNSETIFF, &request);
  if (result != 0 && errno == EINVAL && options.queues == 1) {
    // A device that was made for several queues wants the flag even from a single one.
    request.ifr_flags = static_cast<short>(flags | IFF_MULTI_QUEUE);
    result = ::ioctl(descriptor.get(), TUNSETIFF, &request);
  }
  if (result != 0) return std::unexpected(cannot_attach(options, errno));
  options.name = request.ifr_name;
  int header_bytes = sizeof(VirtioHeader);
  if (::ioctl(descriptor.get(), TUNSETVNETHDRSZ, &header_bytes) != 0) {
    return std::unexpected(cannot_attach(options, errno));
  }
  if (options.persists && ::ioctl(descriptor.get(), TUNSETPERSIST, 1) != 0) {
    return std::unexpected(cannot_configure(
        options, "make the device persistent", errno,
        "ip tuntap add dev " + options.name + " mode " + kind_of(options) + " user $USER"));
  }
  return descriptor;
}

bool set_offloads(int descriptor, unsigned offloads) {
  return ::ioctl(descriptor, TUNSETOFFLOAD, static_cast<unsigned long>(offloads)) == 0;
}

// Asks the kernel for everything, then for what older ones have, and notes what it granted.
void negotiate_offloads(int descriptor, bool wanted, DeviceCapabilities& capabilities) {
  if (!wanted) {
    set_offloads(descriptor, 0);
    return;
  }
  if (set_offloads(descriptor, kOffloadTcp | kOffloadUdpV4 | kOffloadUdpV6)) {
    capabilities.udp_segment_bytes_max = kSegmentBytesMax;
  } else if (!set_offloads(descriptor, kOffloadTcp)) {
    set_offloads(descriptor, 0);
  }
  // What we write is not subject to TUNSETOFFLOAD: the kernel takes any VirtioHeader it knows.
  capabilities.completes_checksums = true;
  capabilities.tcp_segment_bytes_max = kSegmentBytesMax;
}

// Queues of a device may be spread over programs, which would take each other's frames. Sysfs
// counts those that are attached; where it shows another network than ours there is nothing to see.
std::optional<DeviceError> find_stranger(const TapOptions& options) {
  std::size_t attached = 0;
  std::error_code failure;
  const std::filesystem::path queues = "/sys/class/net/" + options.name + "/queues";
  std::filesystem::directory_iterator at(queues, failure);
  for (; !failure && at != std::filesystem::directory_iterator(); at.increment(failure)) {
    attached += at->path().filename().string().starts_with("tx-") ? 1 : 0;
  }
  if (attached <= options.queues) return std::nullopt;
  return cannot_attach(options, EBUSY);
}

std::optional<DeviceError> configure(const TapOptions& options, const HostLink& link) {
  if (options.mtu != 0 && link.mtu() != options.mtu) {
    if (const int error = link.set_mtu(options.mtu); error != 0) {
      const std::string mtu = std::to_string(options.mtu);
      return cannot_configure(options, "set the MTU to " + mtu, error,
                              "ip link set dev " + options.name + " mtu " + mtu);
    }
  }
  // Before the addresses, so that those of IPv6 do not wait for the link.
  if (options.brings_link_up && !link.is_up()) {
    if (const int error = link.set_up(); error != 0) {
      return cannot_configure(options, "bring the host's side up", error,
                              "ip link set dev " + options.name + " up");
    }
  }
  for (const Prefix& prefix : options.host_addresses) {
    if (link.has_address(prefix)) continue;
    if (const int error = link.add_address(prefix); error != 0) {
      if (!prefix.is_v4() && error != EPERM) return cannot_use_v6(options, prefix, error);
      const std::string address(to_text(prefix).view());
      return cannot_configure(options, "give the host " + address, error,
                              "ip address add " + address + " dev " + options.name);
    }
  }
  for (const auto& [destination, gateway] : options.host_routes) {
    if (const int error = link.add_route(destination, gateway); error != 0) {
      const std::string route =
          std::string(to_text(destination).view()) + " via " + std::string(to_text(gateway).view());
      return cannot_configure(options, "give the host the route " + route, error,
                              "ip route add " + route + " dev " + options.name);
    }
  }
  return std::nullopt;
}

Opened<std::unique_ptr<Device>> make_tap(const TapOptions& options, Descriptor descriptor) {
  auto link = HostLink::open(options.name);
  if (!link) {
    return std::unexpected(
        cannot_configure(options, "look at the host's side", link.error(), "ip link show"));
  }
  DeviceCapabilities capabilities;
  capabilities.medium = options.medium;
  capabilities.mtu = link->mtu();
  if (options.medium == Medium::kEthernet) {
    capabilities.mac = options.mac.is_unspecified() ? driver::own_mac(options.name) : options.mac;
  }
  negotiate_offloads(descriptor.get(), options.offloads, capabilities);
  return std::make_unique<Tap>(descriptor.release(), *std::move(link), capabilities);
}

using Queues = std::vector<std::unique_ptr<Device>>;

// In the network namespace of this thread.
Opened<Queues> open_here(TapOptions options) {
  if (auto fault = find_fault(options)) return std::unexpected(*std::move(fault));
  std::vector<Descriptor> descriptors;
  for (std::size_t queue = 0; queue < options.queues; ++queue) {
    Opened<Descriptor> descriptor = attach_queue(options);
    if (!descriptor) return std::unexpected(std::move(descriptor).error());
    descriptors.push_back(*std::move(descriptor));
  }
  const auto link = HostLink::open(options.name);
  if (!link) {
    return std::unexpected(
        cannot_configure(options, "look at the host's side", link.error(), "ip link show"));
  }
  if (auto stranger = options.queues > 1 ? find_stranger(options) : std::nullopt) {
    return std::unexpected(*std::move(stranger));
  }
  // Before the link comes up. Where it is refused, cores hand over what comes to the wrong one.
  if (descriptors.size() > 1) {
    static_cast<void>(driver::steer_queues(descriptors.front().get(), options.medium));
  }
  if (auto fault = configure(options, *link)) return std::unexpected(*std::move(fault));
  Queues queues;
  for (Descriptor& descriptor : descriptors) {
    Opened<std::unique_ptr<Device>> queue = make_tap(options, std::move(descriptor));
    if (!queue) return std::unexpected(std::move(queue).error());
    queues.push_back(*std::move(queue));
  }
  return queues;
}

}  // namespace

Opened<Queues> open_tap(const TapOptions& options) {
  if (options.network_namespace.empty()) return open_here(options);
  std::optional<Opened<Queues>> opened;
  const int error = driver::run_in_network_namespace(options.network_namespace,
                                                     [&] { opened = open_here(options); });
  if (error != 0) return std::unexpected(cannot_enter(options, error));
  return *std::move(opened);
}

MacAddress mac_for_name(std::string_view name) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
  for (const char character : name) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100'0000'01b3;
  }
  hash ^= hash >> 29U;
  // IEEE 802 8.2: locally administered, and not a group.
  return MacAddress::from_value(((hash >> 8U) & 0xfcff'ffff'ffff) | 0x0200'0000'0000);
}

}  // namespace strata

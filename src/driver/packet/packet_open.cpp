// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "driver/packet/packet_device.h"
#include "driver/setcap.h"
#include "strata/devices.h"

namespace strata {
namespace {

using driver::Descriptor;
using driver::HostLink;
using driver::LinkWatch;
using driver::packet::PacketDevice;

template <typename T>
using Opened = std::expected<T, DeviceError>;

constexpr std::size_t kSegmentBytesMax = 65'535;
constexpr std::size_t kQueuesMax = 256;  // of a fanout group
constexpr std::size_t kBlockBytes = 64U << 10U;
constexpr std::size_t kRingBytes = 4U << 20U;
// A slot is a power of two: of this many bytes at least, and at most.
constexpr std::size_t kSlotBytesMin = 2048;
constexpr std::size_t kSlotBytesMax = 16384;
// In front of a slot's frame: headers of the ring, Ethernet and a tag, and what alignment costs.
constexpr std::size_t kSlotOverhead = 128;
// Super-segments on their way, in each direction.
constexpr int kSocketBytes = 8 << 20;

std::string described(const PacketOptions& options) { return "packet:" + options.interface; }

DeviceError cannot(const PacketOptions& options, const std::string& what, int error) {
  return {described(options) + ": cannot " + what + ": " + std::strerror(error), ""};
}

DeviceError cannot_open_socket(const PacketOptions& options, int error) {
  if (error == EPERM) {
    return {described(options) + ": a packet socket needs CAP_NET_RAW",
            driver::setcap_command("cap_net_raw")};
  }
  if (error == EAFNOSUPPORT) {
    return {described(options) + ": this kernel has no packet sockets", "sudo modprobe af_packet"};
  }
  return cannot(options, "open a packet socket", error);
}

template <typename T>
bool set(int socket, int level, int option, const T& value) {
  return ::setsockopt(socket, level, option, &value, sizeof(value)) == 0;
}

template <typename T>
bool set(int socket, int option, const T& value) {
  return set(socket, SOL_PACKET, option, value);
}

// Linux 6.2 cuts UDP super-segments that come from a packet socket; older ones refuse them.
bool kernel_cuts_udp() {
  utsname name{};
  unsigned major = 0;
  unsigned minor = 0;
  if (::uname(&name) != 0) return false;
  if (std::sscanf(name.release, "%u.%u", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 2);
}

std::optional<DeviceError> find_fault(const PacketOptions& options) {
  if (options.queues == 0 || options.queues > kQueuesMax) {
    return DeviceError{described(options) + ": queues must be between 1 and 256", ""};
  }
  const auto link = HostLink::open(options.interface);
  if (!link) {
    return DeviceError{described(options) + ": there is no interface of this name", "ip link show"};
  }
  if (!link->is_ethernet()) {
    return DeviceError{described(options) + ": this interface does not carry Ethernet frames",
                       "ip link show " + options.interface};
  }
  if (options.mtu > link->mtu()) {
    const std::string mtu = std::to_string(options.mtu);
    return DeviceError{described(options) + ": an MTU of " + mtu +
                           " is more than the interface carries, which is " +
                           std::to_string(link->mtu()),
                       "sudo ip link set dev " + options.interface + " mtu " + mtu};
  }
  return std::nullopt;
}

// Before the socket is bound, so that no frame is laid out otherwise.
std::optional<DeviceError> set_modes(const PacketOptions& options, int socket) {
  const int on = 1;
  if (!set(socket, PACKET_VERSION, static_cast<int>(TPACKET_V2)) ||
      !set(socket, PACKET_VNET_HDR, on) || !set(socket, PACKET_AUXDATA, on) ||
      !set(socket, PACKET_COPY_THRESH, on)) {
    return cannot(options, "set up the socket", errno);
  }
  // Linux before 4.20 does not know it, and the device throws such frames away.
  set(socket, PACKET_IGNORE_OUTGOING, on);
  // Beyond what is allowed to everybody where we may.
  for (const int option : {SO_RCVBUFFORCE, SO_RCVBUF, SO_SNDBUFFORCE, SO_SNDBUF}) {
    if (!set(socket, SOL_SOCKET, option, kSocketBytes)) continue;
  }
  return std::nullopt;
}

Opened<PacketDevice::Mapping> map_ring(const PacketOptions& options, int socket, std::size_t mtu) {
  const std::size_t slot_bytes =
      std::clamp(std::bit_ceil(mtu + kSlotOverhead), kSlotBytesMin, kSlotBytesMax);
  for (std::size_t bytes = kRingBytes;; bytes /= 2) {
    tpacket_req request{};
    request.tp_block_size = static_cast<unsigned>(kBlockBytes);
    request.tp_block_nr = static_cast<unsigned>(bytes / kBlockBytes);
    request.tp_frame_size = static_cast<unsigned>(slot_bytes);
    request.tp_frame_nr = static_cast<unsigned>(bytes / slot_bytes);
    if (set(socket, PACKET_RX_RING, request)) {
      void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, socket, 0);
      if (memory == MAP_FAILED) return std::unexpected(cannot(options, "map the ring", errno));
      return PacketDevice::Mapping{static_cast<std::byte*>(memory), bytes, slot_bytes};
    }
    if (errno != ENOMEM || bytes / 2 < kBlockBytes) {
      return std::unexpected(cannot(options, "make the ring", errno));
    }
  }
}

// While the sockets of a group are yet to come together, each would get all frames.
bool refuse_all_frames(int socket) {
  std::array<sock_filter, 1> nothing{sock_filter{BPF_RET | BPF_K, 0, 0, 0}};
  const sock_fprog program{nothing.size(), nothing.data()};
  return set(socket, SOL_SOCKET, SO_ATTACH_FILTER, program);
}

bool accept_frames(int socket) {
  const int ignored = 0;
  return set(socket, SOL_SOCKET, SO_DETACH_FILTER, ignored);
}

std::optional<DeviceError> bind_to(const PacketOptions& options, int socket, unsigned index) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (!refuse_all_frames(socket) ||
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return cannot(options, "bind to the interface", errno);
  }
  // Groups are joined by the stack, of which the interface knows nothing: it lets all of them in.
  packet_mreq membership{};
  membership.mr_ifindex = address.sll_ifindex;
  membership.mr_type = PACKET_MR_ALLMULTI;
  if (!set(socket, PACKET_ADD_MEMBERSHIP, membership)) {
    return cannot(options, "hear groups", errno);
  }
  membership.mr_type = PACKET_MR_PROMISC;
  if (options.promiscuous && !set(socket, PACKET_ADD_MEMBERSHIP, membership)) {
    return cannot(options, "hear what is sent to others", errno);
  }
  return std::nullopt;
}

// Joins the group of `first`, or makes one when this is the first.
std::optional<DeviceError> join(const PacketOptions& options, int socket, int first) {
  unsigned group = PACKET_FANOUT_FLAG_UNIQUEID;
  if (socket != first) {
    socklen_t length = sizeof(group);
    if (::getsockopt(first, SOL_PACKET, PACKET_FANOUT, &group, &length) != 0) {
      return cannot(options, "find the group of queues", errno);
    }
    group &= 0xffffU;
    if (!set(socket, PACKET_FANOUT, group | unsigned{PACKET_FANOUT_HASH} << 16U)) {
      return cannot(options, "join the group of queues", errno);
    }
    return std::nullopt;
  }
  if (!set(socket, PACKET_FANOUT, (group | unsigned{PACKET_FANOUT_HASH}) << 16U)) {
    return cannot(options, "make a group of queues", errno);
  }
  return std::nullopt;
}

DeviceCapabilities capabilities_of(const PacketOptions& options, const HostLink& link) {
  DeviceCapabilities capabilities;
  capabilities.mac = options.mac.is_unspecified() ? link.mac() : options.mac;
  if (options.offloads) {
    capabilities.completes_checksums = true;
    capabilities.tcp_segment_bytes_max = kSegmentBytesMax;
    if (kernel_cuts_udp()) capabilities.udp_segment_bytes_max = kSegmentBytesMax;
  }
  return capabilities;
}

Opened<std::unique_ptr<Device>> open_one(const PacketOptions& options, int& first) {
  // Without a protocol nothing arrives before the ring is there.
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(cannot_open_socket(options, errno));
  auto link = HostLink::open(options.interface);
  if (!link) return std::unexpected(cannot(options, "look at the interface", link.error()));
  const int number = socket.get();
  if (auto fault = set_modes(options, number)) return std::unexpected(*std::move(fault));
  auto mapping = map_ring(options, number, link->mtu());
  if (!mapping) return std::unexpected(std::move(mapping).error());
  const DeviceCapabilities capabilities = capabilities_of(options, *link);
  const unsigned index = link->index();
  auto watch = LinkWatch::open(*std::move(link), {number});
  if (!watch) {
    ::munmap(mapping->bytes, mapping->size);
    return std::unexpected(cannot(options, "watch the interface", watch.error()));
  }
  auto device =
      std::make_unique<PacketDevice>(std::move(socket), *mapping, *std::move(watch), capabilities,
                                     options.mtu == 0 ? SIZE_MAX : options.mtu);
  if (first < 0) first = number;
  if (auto fault = bind_to(options, number, index)) return std::unexpected(*std::move(fault));
  if (options.queues > 1) {
    if (auto fault = join(options, number, first)) return std::unexpected(*std::move(fault));
  }
  if (!accept_frames(number)) return std::unexpected(cannot(options, "accept frames", errno));
  return device;
}

}  // namespace

Opened<std::vector<std::unique_ptr<Device>>> open_packet(const PacketOptions& wanted) {
  PacketOptions options = wanted;
  if (auto fault = find_fault(options)) return std::unexpected(*std::move(fault));
  const auto link = HostLink::open(options.interface);
  // The interface's own filter knows its own address only.
  if (link && !options.mac.is_unspecified() && options.mac != link->mac()) {
    options.promiscuous = true;
  }
  std::vector<std::unique_ptr<Device>> queues;
  int first = -1;
  for (std::size_t queue = 0; queue < options.queues; ++queue) {
    auto device = open_one(options, first);
    if (!device) return std::unexpected(std::move(device).error());
    queues.push_back(*std::move(device));
  }
  return queues;
}

}  // namespace strata

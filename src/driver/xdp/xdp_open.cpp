// SPDX-License-Identifier: Apache-2.0
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "driver/setcap.h"
#include "driver/xdp/xdp_device.h"
#include "strata/devices.h"

namespace strata {
namespace {

using driver::Descriptor;
using driver::HostLink;
using driver::LinkWatch;
using driver::xdp::Attachment;
using driver::xdp::Ear;
using driver::xdp::Frames;
using driver::xdp::Hearing;
using driver::xdp::Listening;
using driver::xdp::Mapping;
using driver::xdp::Queue;
using driver::xdp::QueueRings;
using driver::xdp::QueueTraits;
using driver::xdp::RingMemory;
using driver::xdp::Steering;
using driver::xdp::Umem;
using driver::xdp::XdpDevice;

template <typename T>
using Opened = std::expected<T, DeviceError>;

constexpr std::uint32_t kRingEntries = 2048;
constexpr std::size_t kChunksPerQueue = 4096;
constexpr std::size_t kChunksPerQueueMin = 256;
// The kernel leaves this much in front of a frame (XDP_PACKET_HEADROOM); Ethernet and two tags.
constexpr std::size_t kInFrontBytes = 256 + 22;
constexpr std::size_t kSmallChunk = 2048;
constexpr std::size_t kLargeChunk = 4096;
constexpr std::uint16_t kUsesFragments = 1U << 4U;  // XDP_USE_SG, Linux 6.6

std::string described(const XdpOptions& options) { return "xdp:" + options.interface; }

DeviceError cannot(const XdpOptions& options, const std::string& what, int error) {
  const std::string text = described(options) + ": cannot " + what + ": " + std::strerror(error);
  switch (error) {
    case EPERM:
    case EACCES:
      return {text + " (this needs CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF)",
              driver::setcap_command("cap_net_raw,cap_net_admin,cap_bpf")};
    case EBUSY:
      return {text + " (another program or socket has the interface or this queue)",
              "ip -details link show " + options.interface};
    case ENOBUFS:
    case ENOMEM: return {text, "ulimit -l unlimited  (as root, or in /etc/security/limits.conf)"};
    case EAFNOSUPPORT:
      return {text + " (this kernel was built without CONFIG_XDP_SOCKETS)",
              "use packet:" + options.interface};
    default: return {text, ""};
  }
}

template <typename Call>
int patiently(Call call) {
  // The kernel lets go of a queue and of a program some time after their owner has.
  constexpr int kTriesMax = 100;
  for (int tries = 1;; ++tries) {
    const int error = call();
    if ((error != EBUSY && error != EEXIST) || tries == kTriesMax) return error;
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

// Receive queues of the interface; 1 where it does not tell.
std::size_t queues_of(const std::string& interface) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&channels);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return 1;
  return std::max<std::size_t>(1, std::size_t{channels.rx_count} + channels.combined_count);
}

std::optional<DeviceError> find_fault(const XdpOptions& options, const HostLink& link) {
  const auto fault = [&](const std::string& what, const std::string& hint) {
    return DeviceError{described(options) + ": " + what, hint};
  };
  if (!link.is_ethernet()) {
    return fault("this interface does not carry Ethernet frames",
                 "ip link show " + options.interface);
  }
  const std::size_t queues = queues_of(options.interface);
  if (options.queue && *options.queue >= queues) {
    return fault("there is no queue " + std::to_string(*options.queue) + ", the last is " +
                     std::to_string(queues - 1),
                 "ethtool -l " + options.interface);
  }
  if (options.mtu > link.mtu()) {
    const std::string mtu = std::to_string(options.mtu);
    return fault("an MTU of " + mtu + " is more than the interface carries, which is " +
                     std::to_string(link.mtu()),
                 "sudo ip link set dev " + options.interface + " mtu " + mtu);
  }
  if (options.addresses.size() > Steering::kAddressesMax ||
      options.ports.size() > Steering::kPortsMax) {
    return fault("the program looks for 64 addresses and 64 ranges of ports at most",
                 "leave address= and port= out: then every frame is ours");
  }
  return std::nullopt;
}

// All that is decided before the first socket is made.
struct Plan {
  XdpOptions options;
  unsigned interface = 0;
  std::size_t chunk_bytes = 0;
  bool has_fragments = false;
  bool finds_partials = false;
  std::vector<std::uint32_t> queues;
};

Plan make_plan(const XdpOptions& options, const HostLink& link) {
  Plan plan;
  plan.options = options;
  plan.interface = link.index();
  const std::size_t mtu = options.mtu == 0 ? link.mtu() : options.mtu;
  plan.chunk_bytes = mtu + kInFrontBytes <= kSmallChunk ? kSmallChunk : kLargeChunk;
  plan.has_fragments = mtu + kInFrontBytes > kLargeChunk;
  const std::string driver = link.driver();
  plan.finds_partials = driver == "veth" || driver == "tun";
  if (options.queue) {
    plan.queues.push_back(static_cast<std::uint32_t>(*options.queue));
  } else {
    const std::size_t count = queues_of(options.interface);
    for (std::uint32_t queue = 0; queue < count; ++queue) plan.queues.push_back(queue);
  }
  return plan;
}

bool set_size(int socket, int option, std::uint32_t entries) {
  return ::setsockopt(socket, SOL_XDP, option, &entries, sizeof(entries)) == 0;
}

struct MappedRing {
  RingMemory ring;
  Mapping mapping;
};

std::optional<MappedRing> map_ring(int socket, const xdp_ring_offset& offsets,
                                   std::size_t entry_bytes, off_t page) {
  const std::size_t size = offsets.desc + kRingEntries * entry_bytes;
  void* memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket, page);
  if (memory == MAP_FAILED) return std::nullopt;
  auto* bytes = static_cast<std::byte*>(memory);
  const auto index = [&](std::uint64_t at) { return reinterpret_cast<std::uint32_t*>(bytes + at); };
  return MappedRing{.ring = {.producer = index(offsets.producer),
                             .consumer = index(offsets.consumer),
                             .flags = index(offsets.flags),
                             .entries = bytes + offsets.desc,
                             .size = kRingEntries},
                    .mapping = Mapping(memory, size)};
}

// Sockets of one interface over one memory.
class Opening {
 public:
  explicit Opening(Plan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] Opened<std::vector<Queue>> open_queues() {
    if (auto fault = make_memory()) return std::unexpected(*std::move(fault));
    std::vector<Queue> queues;
    for (std::size_t i = 0; i < plan_.queues.size(); ++i) {
      auto queue = open_queue(i);
      if (!queue) return std::unexpected(std::move(queue).error());
      queues.push_back(*std::move(queue));
    }
    return queues;
  }

 private:
  [[nodiscard]] DeviceError fault(const std::string& what) const {
    return cannot(plan_.options, what, errno);
  }

  // As many chunks as may be locked, and the first socket, which the memory is registered with.
  std::optional<DeviceError> make_memory() {
    first_ = Descriptor(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!first_) return fault("open an AF_XDP socket");
    for (chunks_ = kChunksPerQueue;; chunks_ /= 2) {
      const std::size_t bytes = plan_.queues.size() * chunks_ * plan_.chunk_bytes;
      umem_ = Umem::make(bytes, plan_.chunk_bytes);
      if (umem_ == nullptr) return fault("get memory for frames");
      xdp_umem_reg region{};
      region.addr = reinterpret_cast<std::uintptr_t>(umem_->memory());
      region.len = bytes;
      region.chunk_size = static_cast<std::uint32_t>(plan_.chunk_bytes);
      if (::setsockopt(first_.get(), SOL_XDP, XDP_UMEM_REG, &region, sizeof(region)) == 0) {
        return std::nullopt;
      }
      const bool may_be_less = errno == ENOBUFS || errno == ENOMEM;
      if (!may_be_less || chunks_ / 2 < kChunksPerQueueMin) {
        return fault("lock " + std::to_string(bytes) + " bytes for frames");
      }
    }
  }

  [[nodiscard]] Opened<Queue> open_queue(std::size_t place) {
    Descriptor socket =
        place == 0 ? std::move(first_)
                   : Descriptor(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return std::unexpected(fault("open an AF_XDP socket"));
    const int number = socket.get();
    if (place == 0) first_number_ = number;
    for (const int option :
         {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING}) {
      if (!set_size(number, option, kRingEntries)) {
        return std::unexpected(fault("make the rings"));
      }
    }
    // What is on its way counts against the socket; a full one would wait with nobody to wake us.
    const int bytes = 8 << 20;
    if (::setsockopt(number, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0) {
      ::setsockopt(number, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
    QueueRings rings;
    std::array<Mapping, 4> mappings;
    if (!map_rings(number, rings, mappings)) return std::unexpected(fault("map the rings"));
    if (const int error = patiently([&] { return bind(number, place); }); error != 0) {
      errno = error;
      return std::unexpected(fault("bind to queue " + std::to_string(plan_.queues[place])));
    }
    return Queue(std::move(socket), std::move(mappings), rings,
                 Frames::make(umem_, place * chunks_, chunks_),
                 QueueTraits{.needs_wakeup = needs_wakeup_,
                             .has_fragments = plan_.has_fragments,
                             .finds_partials = plan_.finds_partials});
  }

  [[nodiscard]] static bool map_rings(int socket, QueueRings& rings,
                                      std::array<Mapping, 4>& mappings) {
    xdp_mmap_offsets offsets{};
    socklen_t length = sizeof(offsets);
    if (::getsockopt(socket, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length) != 0) return false;
    if (length != sizeof(offsets)) {
      errno = ENOTSUP;  // before Linux 5.4 they were other ones
      return false;
    }
    const std::size_t address = sizeof(std::uint64_t);
    const std::size_t frame = sizeof(xdp_desc);
    auto fill = map_ring(socket, offsets.fr, address, static_cast<off_t>(XDP_UMEM_PGOFF_FILL_RING));
    auto done =
        map_ring(socket, offsets.cr, address, static_cast<off_t>(XDP_UMEM_PGOFF_COMPLETION_RING));
    auto in = map_ring(socket, offsets.rx, frame, XDP_PGOFF_RX_RING);
    auto out = map_ring(socket, offsets.tx, frame, static_cast<off_t>(XDP_PGOFF_TX_RING));
    if (!fill || !done || !in || !out) return false;
    rings = {fill->ring, done->ring, in->ring, out->ring};
    mappings = {std::move(fill->mapping), std::move(done->mapping), std::move(in->mapping),
                std::move(out->mapping)};
    return true;
  }

  // Zero-copy where the driver has it: the kernel chooses when it is told neither.
  [[nodiscard]] int bind(int socket, std::size_t place) {
    sockaddr_xdp address{};
    address.sxdp_family = AF_XDP;
    address.sxdp_ifindex = plan_.interface;
    address.sxdp_queue_id = plan_.queues[place];
    if (place != 0) {
      address.sxdp_flags = XDP_SHARED_UMEM;
      address.sxdp_shared_umem_fd = static_cast<std::uint32_t>(first_number_);
      return try_bind(socket, address);
    }
    const auto common = static_cast<std::uint16_t>((plan_.options.copies ? XDP_COPY : 0) |
                                                   (plan_.has_fragments ? kUsesFragments : 0));
    address.sxdp_flags = static_cast<std::uint16_t>(common | XDP_USE_NEED_WAKEUP);
    const int error = try_bind(socket, address);
    needs_wakeup_ = error == 0;
    if (error != EINVAL && error != EOPNOTSUPP) return error;
    address.sxdp_flags = common;
    return try_bind(socket, address);
  }

  [[nodiscard]] static int try_bind(int socket, const sockaddr_xdp& address) {
    const int result = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return result == 0 ? 0 : errno;
  }

  Plan plan_;
  std::shared_ptr<Umem> umem_;
  Descriptor first_;
  int first_number_ = -1;
  std::size_t chunks_ = 0;
  bool needs_wakeup_ = false;
};

Opened<std::shared_ptr<const Attachment>> attach(const Plan& plan, std::span<const Queue> queues,
                                                 Hearing hearing) {
  Steering steering{.addresses = plan.options.addresses, .ports = {}};
  for (const XdpOptions::Ports& range : plan.options.ports) {
    steering.ports.push_back({range.first, range.last});
  }
  auto made = Attachment::make(steering, plan.queues.back() + 1, plan.has_fragments);
  if (!made) {
    DeviceError error = cannot(plan.options, made.error().what, made.error().error.error);
    if (!made.error().error.detail.empty()) error.text += " (" + made.error().error.detail + ")";
    return std::unexpected(std::move(error));
  }
  auto attachment = std::make_shared<Attachment>(*std::move(made));
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (const int error = attachment->add(plan.queues[i], queues[i].socket()); error != 0) {
      return std::unexpected(cannot(plan.options, "give the program its sockets", error));
    }
  }
  if (const int error = attachment->hear(plan.interface, hearing); error != 0) {
    return std::unexpected(cannot(plan.options, "hear groups", error));
  }
  const int error = patiently([&] { return attachment->attach(plan.interface); });
  if (error != 0) return std::unexpected(cannot(plan.options, "attach the program", error));
  return attachment;
}

// Where the program leaves frames to the host, some of them are for us as well.
Opened<std::optional<Ear>> open_ear(const Plan& plan) {
  const bool has_ports = !plan.options.ports.empty();
  if (!has_ports && plan.options.addresses.empty()) return std::nullopt;
  auto ear = Ear::open(plan.interface, has_ports ? Listening::kNeighbors : Listening::kGroups,
                       plan.finds_partials);
  if (!ear) return std::unexpected(cannot(plan.options, "listen beside the program", ear.error()));
  return *std::move(ear);
}

Opened<std::unique_ptr<Device>> make_device(const Plan& plan, std::vector<Queue> queues,
                                            std::optional<Ear> ear,
                                            std::shared_ptr<const Attachment> attachment) {
  auto link = HostLink::open(plan.options.interface);
  if (!link) return std::unexpected(cannot(plan.options, "look at the interface", link.error()));
  DeviceCapabilities capabilities;
  capabilities.mac = plan.options.mac.is_unspecified() ? link->mac() : plan.options.mac;
  capabilities.completes_checksums = true;
  std::vector<int> sockets;
  sockets.reserve(queues.size() + 1);
  for (const Queue& queue : queues) sockets.push_back(queue.socket());
  if (ear) sockets.push_back(ear->socket());
  auto watch = LinkWatch::open(*std::move(link), std::move(sockets));
  if (!watch) return std::unexpected(cannot(plan.options, "watch the interface", watch.error()));
  const std::size_t carried = plan.has_fragments ? SIZE_MAX : plan.chunk_bytes - kInFrontBytes;
  const std::size_t wanted = plan.options.mtu == 0 ? SIZE_MAX : plan.options.mtu;
  return std::make_unique<XdpDevice>(std::move(queues), std::move(attachment), std::move(ear),
                                     *std::move(watch), capabilities, std::min(carried, wanted));
}

}  // namespace

Opened<std::vector<std::unique_ptr<Device>>> open_xdp(const XdpOptions& options) {
  const auto link = HostLink::open(options.interface);
  if (!link) {
    return std::unexpected(
        DeviceError{described(options) + ": there is no interface of this name", "ip link show"});
  }
  if (auto fault = find_fault(options, *link)) return std::unexpected(*std::move(fault));
  const Plan plan = make_plan(options, *link);
  auto queues = Opening(plan).open_queues();
  if (!queues) return std::unexpected(std::move(queues).error());
  const bool is_other_station = !options.mac.is_unspecified() && options.mac != link->mac();
  const bool hears_all = options.promiscuous || is_other_station;
  auto attachment = attach(plan, *queues, hears_all ? Hearing::kAll : Hearing::kGroups);
  if (!attachment) return std::unexpected(std::move(attachment).error());
  auto ear = open_ear(plan);
  if (!ear) return std::unexpected(std::move(ear).error());
  std::vector<std::unique_ptr<Device>> devices;
  while (!queues->empty()) {
    const std::size_t count = options.device_per_queue ? 1 : queues->size();
    std::vector<Queue> part;
    const auto end = queues->begin() + static_cast<std::ptrdiff_t>(count);
    std::move(queues->begin(), end, std::back_inserter(part));
    queues->erase(queues->begin(), end);
    auto device =
        make_device(plan, std::move(part), std::exchange(*ear, std::nullopt), *attachment);
    if (!device) return std::unexpected(std::move(device).error());
    devices.push_back(*std::move(device));
  }
  return devices;
}

}  // namespace strata

// SPDX-License-Identifier: Apache-2.0
// The devices of this build: how one is named on a command line, opened, or made in process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/address.h"
#include "strata/device.h"

// Every device has one name, on the command line, in a configuration file and in a log:
//
//   KIND:NAME[,key=value...]
//
//   tap:x,host=10.77.0.1/24,host6=fd77::1/64   Ethernet frames to and from this host
//   tun:x,host=10.77.0.1/24                    the same without Ethernet
//   tap:x,netns=lab                            to and from a network namespace of this host
//   packet:eth0                                an interface of this host, which keeps using it
//   xdp:eth0,address=192.0.2.7                 the same past most of the kernel (AF_XDP)
//   pipe:link1                                 a cable to another process of this host
//   rootless                                   through sockets of the host (strata up, run)
//   pcap:in.pcapng,write=out.pcap,speed=1      replays a capture (1 as recorded, 10, 0.5, max),
//                                              records what is sent
//   null:sink                                  discards; with frame=HEX a source as well
//
// A comma inside a name or value is written "\,", a backslash "\\".

namespace strata {

// Why a device is not there: what happened, and the one thing to do about it (may be empty).
struct DeviceError {
  std::string text;
  std::string hint;
};

struct DeviceSpec {
  struct Option {
    std::string key;
    std::string value;
  };
  std::string kind;
  std::string name;
  std::vector<Option> options;

  // Knows the kinds and their keys: an unknown kind, an unknown or repeated key and a value that
  // makes no sense are refused here, before anything is opened.
  [[nodiscard]] static std::expected<DeviceSpec, DeviceError> parse(std::string_view text);
  // Null when the key was not given.
  [[nodiscard]] const std::string* find(std::string_view key) const;
};

// Opens one device. A spec that stands for several (queues=) is refused: use open_queues.
[[nodiscard]] std::expected<std::unique_ptr<Device>, DeviceError> open_device(
    std::string_view spec);
// One device per queue, each for the stack of one core.
[[nodiscard]] std::expected<std::vector<std::unique_ptr<Device>>, DeviceError> open_queues(
    std::string_view spec);

// ---- tap, tun ----

struct TapOptions {
  std::string name;  // empty: the kernel chooses one
  Medium medium = Medium::kEthernet;
  // The host's side lies in this network namespace, by its name or path; needs CAP_SYS_ADMIN.
  // Empty: in that of the calling thread.
  std::string network_namespace{};
  // Given to the host's side of the link; needs CAP_NET_ADMIN.
  std::vector<Prefix> host_addresses{};
  struct Route {
    Prefix destination;
    IpAddress gateway;
  };
  std::vector<Route> host_routes{};
  std::size_t mtu = 0;  // 0: leave the host's, 1500 on a new device
  std::size_t queues = 1;
  bool persists = false;       // the host keeps the device when we end
  bool offloads = true;        // checksums and super-segments in both directions
  bool brings_link_up = true;  // when the host's side is down
  MacAddress mac;              // the stack's; unspecified: derived from the name
};

// One device per queue. TUNSETIFF attaches to a device of this name or makes it.
[[nodiscard]] std::expected<std::vector<std::unique_ptr<Device>>, DeviceError> open_tap(
    const TapOptions& options);

// A locally administered address that is the same in every run for the same name.
[[nodiscard]] MacAddress mac_for_name(std::string_view name);

// ---- packet ----

// An interface of the host is used beside the host, which goes on using it. Frames to us are seen
// by the host as well: it drops what is for IP addresses that it does not have, unless it forwards
// (net.ipv4.ip_forward), in which case it may send them on. The host itself is not reached.
struct PacketOptions {
  std::string interface;
  std::size_t queues = 1;    // one device each; the kernel spreads flows over them
  bool promiscuous = false;  // hear what is sent to other stations
  bool offloads = true;      // checksums and super-segments are left to the kernel
  std::size_t mtu = 0;  // less than the interface's; 0: the interface's, and what becomes of it
  MacAddress mac;       // unspecified: the interface's; another one makes it promiscuous
};

[[nodiscard]] std::expected<std::vector<std::unique_ptr<Device>>, DeviceError> open_packet(
    const PacketOptions& options);

// ---- xdp ----

// An interface of the host through AF_XDP: a program in the kernel picks our frames out and leaves
// the rest to the host. It is detached when the devices end, and with the process.
struct XdpOptions {
  struct Ports {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
  };

  std::string interface;
  std::optional<std::size_t> queue;  // nothing: all queues the interface has
  bool device_per_queue = false;     // else one device serves all of them
  // Ours is what goes to these addresses and ports (TCP and UDP); with ports, ARP and neighbour
  // discovery stay with the host. Without either every frame is ours, and the host gets none.
  std::vector<IpAddress> addresses;
  std::vector<Ports> ports;
  bool promiscuous = false;  // hear what is sent to other stations
  bool copies = false;       // even where the driver could do without
  std::size_t mtu = 0;  // less than the interface's; 0: the interface's, and what becomes of it
  MacAddress mac;       // unspecified: the interface's; another one makes it promiscuous
};

[[nodiscard]] std::expected<std::vector<std::unique_ptr<Device>>, DeviceError> open_xdp(
    const XdpOptions& options);

// ---- pipe ----

struct PipeOptions {
  std::string name;     // with a slash: a path
  std::size_t mtu = 0;  // 0: 1500
  MacAddress mac{};     // unspecified: derived from the name, one for each end
};

// One end of a link in shared memory; the other is whoever opens the same name next. No privilege
// is needed. The link is down while there is no other end.
[[nodiscard]] std::expected<std::unique_ptr<Device>, DeviceError> open_pipe(
    const PipeOptions& options);

// ---- memory ----

struct MemoryLinkOptions {
  Medium medium = Medium::kEthernet;
  std::size_t mtu = 1500;
  std::size_t ring_packets = 256;  // in each direction; rounded up to a power of two
  // Partial checksums travel as they are, and nobody needs to look at finished ones.
  bool vouches_for_bytes = true;
  // Partial checksums are finished on the way. A link that vouches has no need to.
  bool completes_checksums = false;
  std::size_t tcp_segment_bytes_max = 0;
  std::size_t udp_segment_bytes_max = 0;
  // The receiver gets the sender's buffers where nobody else holds them, and not a copy. Both ends
  // must then live on one core and outlive each other's packets.
  bool hands_over_buffers = false;
  std::array<MacAddress, 2> macs{MacAddress::from_value(0x0200'0000'0001),
                                 MacAddress::from_value(0x0200'0000'0002)};
};

// A cable with two ends, both driven by one thread. Packets under way belong to their sender's
// pool: end the link, or clear() it, before the pools.
class MemoryLink {
 public:
  explicit MemoryLink(const MemoryLinkOptions& options = {});
  ~MemoryLink();
  MemoryLink(const MemoryLink&) = delete;
  MemoryLink& operator=(const MemoryLink&) = delete;

  [[nodiscard]] Device& end(std::size_t which);  // 0 or 1
  // Packets sent and not yet received, in both directions.
  [[nodiscard]] std::size_t packets_under_way() const;
  // Unplugs or plugs the cable: both ends see is_up() change; what is under way still arrives.
  void set_up(bool up);
  void clear();

 private:
  struct Wiring;
  std::unique_ptr<Wiring> wiring_;
};

// ---- null ----

struct NullOptions {
  DeviceCapabilities capabilities;
  std::vector<std::byte> frame;  // what receive() finds, again and again; empty: nothing
  std::uint64_t frames_max = UINT64_MAX;
};

[[nodiscard]] std::unique_ptr<Device> make_null_device(NullOptions options);

// ---- pcap ----

struct PcapDeviceOptions {
  std::string read_path;   // empty: nothing arrives
  std::string write_path;  // empty: what is sent is discarded
  double speed = 0;        // 1: at the recorded pace, 2: twice as fast; 0: as fast as it goes
  std::size_t mtu = 0;     // 0: 1500
  MacAddress mac;          // unspecified: derived from the file's name
};

[[nodiscard]] std::expected<std::unique_ptr<Device>, DeviceError> open_pcap_device(
    const PcapDeviceOptions& options);

}  // namespace strata

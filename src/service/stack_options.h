// SPDX-License-Identifier: Apache-2.0
// StackOptions: what flags and a configuration file say about a stack, as plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "service/failure.h"
#include "service/log/log_line.h"
#include "strata/address.h"
#include "strata/loop.h"
#include "strata/stack_config.h"

namespace strata::service {

// A further interface on a device, behind tags.
struct VlanOptions {
  VlanTags tags;
  std::vector<Prefix> addresses;
  std::size_t mtu = 0;  // 0: what the tags leave of the device's
  bool dhcp = false;    // this and the next: as of a device
  std::string lease_file{};
  std::vector<IpAddress> proxies{};
};

struct DeviceOptions {
  std::string spec;               // KIND:NAME[,key=value...], see strata/devices.h
  std::vector<Prefix> addresses;  // of the stack
  std::size_t mtu = 0;            // 0: the device's
  std::vector<VlanOptions> vlans{};
  bool dhcp = false;         // ask the network for an address
  std::string lease_file{};  // where the lease is kept from one start to the next; empty: nowhere
  std::vector<IpAddress> proxies{};  // of other hosts, for which the stack answers
};

// A multicast group to be a member of.
struct JoinOptions {
  IpAddress group;
  std::string interface;  // empty: the one that routes lead to
  friend bool operator==(const JoinOptions&, const JoinOptions&) = default;
};

enum class Service : std::uint8_t { kEcho, kDiscard, kChargen, kDaytime, kHttp };

struct ServeOptions {
  Service service = Service::kEcho;
  std::uint16_t port = 0;
  std::string folder{};  // kHttp: where the files are
  friend bool operator==(const ServeOptions&, const ServeOptions&) = default;
};

// "8080:80", or with an address of the host "127.0.0.1:8080:80" and "[::1]:8080:80"; with "/udp"
// behind it for datagrams.
struct PublishOptions {
  // None: all of them, of both families; 0.0.0.0 and :: are all of theirs.
  std::optional<IpAddress> host_address{};
  std::uint16_t host_port = 0;
  std::uint16_t inside_port = 0;
  bool is_udp = false;
  friend bool operator==(const PublishOptions&, const PublishOptions&) = default;
};

// Files in PEM; both or none.
struct TlsFiles {
  std::string certificate{};
  std::string key{};
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

struct StackOptions {
  std::vector<DeviceOptions> devices{};  // empty: default_device()
  std::size_t default_device_mtu = 0;    // --mtu without --device
  std::vector<IpAddress> gateways{};
  std::vector<IpAddress> dns{};         // servers; empty: those the network tells of
  std::vector<std::string> search{};    // domains for names that are not complete
  std::string host_name{};              // told to DHCP servers; empty: none is
  std::string hosts{};                  // path of a hosts file; empty: none
  bool forward = false;                 // route packets for others, IPv4 and IPv6
  std::string capture{};                // a pcapng file; empty: none
  std::string capture_filter{};         // what goes there, as PacketFilter takes it; empty: all
  std::optional<std::uint64_t> seed{};  // none: the operating system's chance
  std::string control{};                // path of the control socket; empty: the verb decides
  LogLevel log = LogLevel::kWarning;
  LogFormat log_format = LogFormat::kUsual;
  std::string user{};  // whom root becomes once all is open; empty: runtime::ConfineOptions decide
  LoopPolicy policy = LoopPolicy::kAdaptive;
  std::uint16_t cores = 1;  // stacks, one a thread, that are one host
  std::vector<ServeOptions> serve{};
  std::vector<JoinOptions> joins{};
  TcpConfig tcp{};
  std::vector<PublishOptions> publish{};       // ports of the host that lead to the stack
  bool dashboard = true;                       // `strata up` serves the page, its API and metrics
  std::vector<std::string> dashboard_names{};  // by which browsers may know it, beside addresses
  std::string dashboard_token{};               // a file; empty: nothing can be changed over HTTP
  TlsFiles tls{};                              // empty: no port 443
};

// tap:strata0, with 10.77.0.1/24 and fd77::1/64 on the host's end and .2 and ::2 on ours.
[[nodiscard]] DeviceOptions default_device(std::size_t mtu = 0, bool has_v6 = true);

// What may be said of these, in the order of their enumerators.
inline constexpr std::array<std::string_view, 5> kLogLevelWords{"debug", "info", "warning", "error",
                                                                "off"};
inline constexpr std::array<std::string_view, 3> kPolicyWords{"spin", "adaptive", "sleep"};
inline constexpr std::int64_t kInterfaceMtuMin = 68;  // RFC 791 3.1
inline constexpr std::int64_t kInterfaceMtuMax = 65'535;
inline constexpr std::uint16_t kCoresMax = 64;

// Values as both the command line and the file write them. The failure says what was expected.
[[nodiscard]] Outcome<Prefix> parse_interface_address(std::string_view text);
[[nodiscard]] Outcome<IpAddress> parse_proxy(std::string_view text);
[[nodiscard]] Outcome<IpAddress> parse_gateway(std::string_view text);
[[nodiscard]] Outcome<IpAddress> parse_dns_server(std::string_view text);
[[nodiscard]] Outcome<std::string> parse_search_domain(std::string_view text);
// A name of one label, as DHCP servers are told it.
[[nodiscard]] Outcome<std::string> parse_host_name(std::string_view text);
[[nodiscard]] Outcome<std::string> parse_capture_filter(std::string_view text);
[[nodiscard]] Outcome<LogLevel> parse_log_level(std::string_view text);
[[nodiscard]] Outcome<LoopPolicy> parse_policy(std::string_view text);
// "echo", "echo:7007", "http=/srv/www" or "http=/srv/www:8080".
[[nodiscard]] Outcome<ServeOptions> parse_serve(std::string_view text);
// "239.1.2.3" or "ff15::7%strata0".
[[nodiscard]] Outcome<JoinOptions> parse_join(std::string_view text);
[[nodiscard]] Outcome<PublishOptions> parse_publish(std::string_view text);
// "10", or "100.20" for customer VLAN 20 inside service VLAN 100 (IEEE 802.1ad).
[[nodiscard]] Outcome<VlanTags> parse_vlan(std::string_view text);
[[nodiscard]] Outcome<std::size_t> check_mtu(std::int64_t mtu);
[[nodiscard]] Outcome<void> check_device_spec(std::string_view spec);

[[nodiscard]] std::string_view to_text(Service service);
[[nodiscard]] std::string_view to_text(LoopPolicy policy);
// As they are parsed: parse_serve(to_text(serve)) == serve, and so on.
[[nodiscard]] std::string to_text(const ServeOptions& serve);
[[nodiscard]] std::string to_text(const JoinOptions& join);
[[nodiscard]] std::string to_text(const PublishOptions& publish);
[[nodiscard]] std::string to_text(const VlanTags& tags);
// The name of a device without its kind and keys: "strata0".
[[nodiscard]] std::string name_of_device(std::string_view spec);

}  // namespace strata::service

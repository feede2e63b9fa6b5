// SPDX-License-Identifier: Apache-2.0
#include "driver/device_kinds.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace strata::driver {
namespace {

constexpr std::array kTapKeys{
    KeyRule{"host", ValueKind::kIpv4Prefix, true},
    KeyRule{"host6", ValueKind::kIpv6Prefix, true},
    KeyRule{"mtu", ValueKind::kMtu},
    KeyRule{"queues", ValueKind::kQueues},
    KeyRule{"persist", ValueKind::kYesNo},
    KeyRule{"offload", ValueKind::kYesNo},
    KeyRule{"up", ValueKind::kYesNo},
    KeyRule{"netns", ValueKind::kNamespace},
    KeyRule{"mac", ValueKind::kMac},
};
constexpr std::span<const KeyRule> kTunKeys = std::span(kTapKeys).first(kTapKeys.size() - 1);

constexpr std::array kPcapKeys{
    KeyRule{"write", ValueKind::kPath},
    KeyRule{"speed", ValueKind::kSpeed},
    KeyRule{"mtu", ValueKind::kMtu},
    KeyRule{"mac", ValueKind::kMac},
};

constexpr std::array kNullKeys{
    KeyRule{"frame", ValueKind::kFrame},
    KeyRule{"count", ValueKind::kCount},
    KeyRule{"mtu", ValueKind::kMtu},
    KeyRule{"mac", ValueKind::kMac},
};

constexpr std::array kPipeKeys{
    KeyRule{"mtu", ValueKind::kMtu},
    KeyRule{"mac", ValueKind::kMac},
};

constexpr std::array kPacketKeys{
    KeyRule{"queues", ValueKind::kQueues},     KeyRule{"mtu", ValueKind::kMtu},
    KeyRule{"promiscuous", ValueKind::kYesNo}, KeyRule{"offload", ValueKind::kYesNo},
    KeyRule{"mac", ValueKind::kMac},
};

constexpr std::array kXdpKeys{
    KeyRule{"queue", ValueKind::kQueue},       KeyRule{"address", ValueKind::kAddress, true},
    KeyRule{"port", ValueKind::kPorts, true},  KeyRule{"copy", ValueKind::kYesNo},
    KeyRule{"mtu", ValueKind::kMtu},           KeyRule{"mac", ValueKind::kMac},
    KeyRule{"promiscuous", ValueKind::kYesNo},
};

constexpr std::array kRootlessKeys{
    KeyRule{"loopback", ValueKind::kYesNo},
};

constexpr std::array kKinds{
    KindRule{"tap", kTapKeys},           KindRule{"tun", kTunKeys},
    KindRule{"packet", kPacketKeys},     KindRule{"xdp", kXdpKeys},
    KindRule{"pcap", kPcapKeys},         KindRule{"pipe", kPipeKeys},
    KindRule{"rootless", kRootlessKeys}, KindRule{"null", kNullKeys},
};

struct AbsentKind {
  std::string_view kind;
  std::string_view what;
};
constexpr std::array kAbsentKinds{
    AbsentKind{"netmap", "netmap is not in this build"},
    AbsentKind{"dpdk", "DPDK is not in this build"},
    AbsentKind{"memory",
               "a memory link has two ends and is made inside a program (strata::MemoryLink)"},
};

// RFC 791 3.1: every link carries 68 bytes; the length field of IP says no more than 65,535.
constexpr std::uint64_t kMtuMin = 68;
constexpr std::uint64_t kMtuMax = 65'535;
constexpr std::uint64_t kQueuesMax = 256;
constexpr std::uint64_t kQueueMax = 4095;
constexpr std::size_t kFrameBytesMax = 65'535 + 22;

bool is_between(std::string_view value, std::uint64_t low, std::uint64_t high) {
  const auto number = parse_number(value);
  return number && *number >= low && *number <= high;
}

bool is_prefix(std::string_view value, bool wants_v4) {
  const auto prefix = Prefix::parse(value);
  return prefix && prefix->is_v4() == wants_v4;
}

bool is_station(std::string_view value) {
  const auto mac = MacAddress::parse(value);
  return mac && !mac->is_multicast() && !mac->is_unspecified();
}

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

}  // namespace

std::span<const KindRule> all_kinds() { return kKinds; }

const KindRule* find_kind(std::string_view kind) {
  const auto found = std::ranges::find(kKinds, kind, &KindRule::kind);
  return found == kKinds.end() ? nullptr : &*found;
}

std::string_view absent_kind(std::string_view kind) {
  const auto found = std::ranges::find(kAbsentKinds, kind, &AbsentKind::kind);
  return found == kAbsentKinds.end() ? std::string_view{} : found->what;
}

std::string_view expectation(ValueKind kind) {
  switch (kind) {
    case ValueKind::kIpv4Prefix: return "an IPv4 address and prefix length, as in 10.77.0.1/24";
    case ValueKind::kIpv6Prefix: return "an IPv6 address and prefix length, as in fd77::1/64";
    case ValueKind::kMtu: return "bytes from 68 to 65535";
    case ValueKind::kQueues: return "a number from 1 to 256";
    case ValueKind::kYesNo: return "yes or no";
    case ValueKind::kMac: return "the address of one station, as in 02:00:00:00:00:01";
    case ValueKind::kPath: return "the path of a file";
    case ValueKind::kNamespace: return "the name or path of a network namespace";
    case ValueKind::kSpeed: return "a factor above 0, as in 1 (as recorded) or 2.5, or max";
    case ValueKind::kFrame: return "the bytes of a frame as pairs of hexadecimal digits";
    case ValueKind::kCount: return "a number of frames";
    case ValueKind::kQueue: return "a queue's number, or all";
    case ValueKind::kAddress: return "an address, as in 192.0.2.7 or 2001:db8::7";
    case ValueKind::kPorts: return "a port or a range of them, as in 80 or 8000-8080";
  }
  return {};
}

bool is_valid(ValueKind kind, std::string_view value) {
  switch (kind) {
    case ValueKind::kIpv4Prefix: return is_prefix(value, true);
    case ValueKind::kIpv6Prefix: return is_prefix(value, false);
    case ValueKind::kMtu: return is_between(value, kMtuMin, kMtuMax);
    case ValueKind::kQueues: return is_between(value, 1, kQueuesMax);
    case ValueKind::kYesNo: return parse_yes_no(value).has_value();
    case ValueKind::kMac: return is_station(value);
    case ValueKind::kPath:
    case ValueKind::kNamespace: return !value.empty();
    case ValueKind::kSpeed: return parse_speed(value).has_value();
    case ValueKind::kFrame: return parse_hex(value).has_value();
    case ValueKind::kCount: return parse_number(value).has_value();
    case ValueKind::kQueue: return value == "all" || is_between(value, 0, kQueueMax);
    case ValueKind::kAddress: return IpAddress::parse(value).has_value();
    case ValueKind::kPorts: return parse_ports(value).has_value();
  }
  return false;
}

std::optional<std::uint64_t> parse_number(std::string_view value) {
  std::uint64_t number = 0;
  const auto [stopped, error] = std::from_chars(value.begin(), value.end(), number);
  if (error != std::errc{} || stopped != value.end()) return std::nullopt;
  return number;
}

std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_ports(std::string_view value) {
  const std::size_t dash = std::min(value.find('-'), value.size());
  const auto first = parse_number(value.substr(0, dash));
  const auto last = dash == value.size() ? first : parse_number(value.substr(dash + 1));
  if (!first || !last || *first == 0 || *last > UINT16_MAX || *first > *last) return std::nullopt;
  return std::pair(static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last));
}

std::optional<double> parse_speed(std::string_view value) {
  if (value == "max") return 0;  // as PcapDeviceOptions say it
  double speed = 0;
  const auto [stopped, error] = std::from_chars(value.begin(), value.end(), speed);
  if (error != std::errc{} || stopped != value.end() || !std::isfinite(speed) || speed <= 0) {
    return std::nullopt;
  }
  return speed;
}

std::optional<bool> parse_yes_no(std::string_view value) {
  if (value == "yes") return true;
  if (value == "no") return false;
  return std::nullopt;
}

std::optional<std::vector<std::byte>> parse_hex(std::string_view value) {
  if (value.empty() || value.size() % 2 != 0 || value.size() / 2 > kFrameBytesMax) {
    return std::nullopt;
  }
  std::vector<std::byte> bytes;
  bytes.reserve(value.size() / 2);
  for (std::size_t i = 0; i < value.size(); i += 2) {
    const int high = hex_digit(value[i]);
    const int low = hex_digit(value[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

}  // namespace strata::driver

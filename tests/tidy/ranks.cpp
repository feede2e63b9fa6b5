// SPDX-License-Identifier: Apache-2.0
#include "tidy/ranks.h"

#include <algorithm>
#include <array>

namespace strata::tidy {
namespace {

struct Folder {
  std::string_view name;
  int rank;
};

constexpr Folder kFolders[] = {
    {"base", 0},         {"wire", 1},          {"packet", 1},      {"neighbor", 2},
    {"ip", 2},           {"icmp", 2},          {"multicast", 2},   {"udp", 2},
    {"tcp", 2},          {"bridge", 2},        {"dns", 2},         {"dhcp", 2},
    {"stack", 3},        {"socket/native", 4}, {"socket/coro", 5}, {"socket/asio", 5},
    {"socket/posix", 5}, {"driver", 5},        {"runtime", 5},     {"sim", 5},
    {"attach", 6},       {"service", 6},       {"script", 6},      {"ring", 6},
    {"capi", 7},
};

// The public headers that lie flat in include/strata, by the folder each speaks for.
struct PublicHeader {
  std::string_view name;
  std::string_view folder;
};
constexpr PublicHeader kPublicHeaders[] = {
    {"address", "base"},
    {"bytes", "base"},
    {"check", "base"},
    {"drop_reason", "base"},
    {"error", "base"},
    {"inline_function", "base"},
    {"memory", "base"},
    {"readiness", "base"},
    {"rng", "base"},
    {"time", "base"},
    {"packet", "packet"},
    {"packet_batch", "packet"},
    {"packet_pool", "packet"},
    {"device", "stack"},
    {"executor", "stack"},
    {"hooks", "stack"},
    {"rewrite", "stack"},
    {"resolver", "stack"},
    {"stack", "stack"},
    {"stack_config", "stack"},
    {"socket_types", "packet"},
    {"tcp_state", "tcp"},
    {"tcp_config", "tcp"},
    {"tcp_info", "tcp"},
    {"tcp_event", "tcp"},
    {"icmp_socket", "socket/native"},
    {"raw_socket", "socket/native"},
    {"datagram_socket", "socket/native"},
    {"tcp_binding", "socket/native"},
    {"tcp_stream", "socket/native"},
    {"tcp_listener", "socket/native"},
    {"udp_socket", "socket/native"},
    {"devices", "driver"},
    {"pcap", "driver"},
    {"permissions", "runtime"},
    {"loop", "runtime"},
    {"real_clock", "runtime"},
    {"sim", "sim"},
    {"ring", "ring"},
    {"strata", "capi"},
    {"names", "service"},
    {"host", "service"},
    {"switch", "service"},
    {"sim_link", "sim"},
    {"sim_queue", "sim"},
    {"sim_topology", "sim"},
    {"sim_middlebox", "sim"},
    {"sim_live", "service"},
};

constexpr std::array<std::string_view, 5> kOutside = {"tests", "fuzz", "bench", "examples",
                                                      "tools"};

std::optional<Place> folder_place(std::string_view name) {
  for (const Folder& folder : kFolders) {
    const bool inside =
        name == folder.name || (name.starts_with(folder.name) && name[folder.name.size()] == '/');
    if (inside) return Place{std::string(folder.name), folder.rank};
  }
  return std::nullopt;
}

// The public headers of the skins leave out that they are sockets.
bool is_skin(std::string_view folder) { return folder == "coro" || folder == "asio"; }

std::string_view without_extension(std::string_view name) {
  return name.substr(0, name.rfind('.'));
}

}  // namespace

std::optional<Place> place_of(std::string_view path) {
  static constexpr std::string_view kPublic = "include/strata/";
  static constexpr std::string_view kPrivate = "src/";
  if (path.starts_with(kPrivate)) {
    path.remove_prefix(kPrivate.size());
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::nullopt : folder_place(path.substr(0, slash));
  }
  if (path.starts_with(kPublic)) {
    path.remove_prefix(kPublic.size());
    const std::size_t slash = path.rfind('/');
    if (slash != std::string_view::npos) {
      const std::string_view folder = path.substr(0, slash);
      return folder_place(is_skin(folder) ? "socket/" + std::string(folder) : std::string(folder));
    }
    const auto* header =
        std::ranges::find(kPublicHeaders, without_extension(path), &PublicHeader::name);
    return header == std::end(kPublicHeaders) ? std::nullopt : folder_place(header->folder);
  }
  if (path.starts_with("apps/")) return Place{"apps", kRankApps};
  const std::string_view top = path.substr(0, path.find('/'));
  if (std::ranges::find(kOutside, top) == kOutside.end()) return std::nullopt;
  return Place{std::string(top), kRankOutside};
}

}  // namespace strata::tidy

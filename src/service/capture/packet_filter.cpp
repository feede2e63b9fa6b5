// SPDX-License-Identifier: Apache-2.0
#include "service/capture/packet_filter.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "strata/pcap.h"

namespace strata::service {

struct PacketFilter::Program {
  bpf_program code{};

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code); }
};

namespace {

// libpcap's optimiser may take seconds for a long text, and an event loop waits for it.
constexpr std::size_t kOptimisedTextMax = 128;

// pcap-filter(7): the words of the language.
constexpr auto kWords = std::to_array<std::string_view>({
    "aarp",
    "ah",
    "and",
    "arp",
    "atalk",
    "broadcast",
    "carp",
    "clnp",
    "csnp",
    "decnet",
    "dst",
    "esis",
    "esp",
    "ether",
    "fddi",
    "gateway",
    "geneve",
    "greater",
    "host",
    "icmp",
    "icmp6",
    "icmp6code",
    "icmp6type",
    "icmpcode",
    "icmptype",
    "igmp",
    "igrp",
    "iih",
    "inbound",
    "ip",
    "ip6",
    "ipx",
    "isis",
    "iso",
    "l1",
    "l2",
    "lat",
    "len",
    "less",
    "link",
    "llc",
    "lsp",
    "mask",
    "mopdl",
    "moprc",
    "mpls",
    "multicast",
    "net",
    "netbeui",
    "not",
    "or",
    "outbound",
    "pim",
    "port",
    "portrange",
    "pppoed",
    "pppoes",
    "proto",
    "protochain",
    "psnp",
    "rarp",
    "sctp",
    "snp",
    "src",
    "stp",
    "tcp",
    "tcpflags",
    "tr",
    "udp",
    "vlan",
    "vrrp",
    "wlan",
    "icmp-echo",
    "icmp-ireq",
    "tcp-ack",
    "tcp-cwr",
    "tcp-ece",
    "tcp-fin",
    "tcp-push",
    "tcp-rst",
    "tcp-syn",
    "tcp-urg",
    "icmp-tstamp",
    "icmp-maskreq",
    "icmp-unreach",
    "icmp-redirect",
    "icmp-timxceed",
    "icmp-echoreply",
    "icmp-ireqreply",
    "icmp-maskreply",
    "icmp-paramprob",
    "icmp-routeradvert",
    "icmp-tstampreply",
    "icmp-sourcequench",
    "icmp-routersolicit",
});

bool is_operator(char letter) {
  return std::string_view(" \t()[]!&|<>=+*/^~%,").find(letter) != std::string_view::npos;
}

bool consists_of(std::string_view word, std::string_view letters) {
  return word.find_first_not_of(letters) == std::string_view::npos;
}

// Numbers, addresses and words of the language; ports and protocols are in files of this machine.
bool needs_no_server(std::string_view word, std::string_view before) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (consists_of(word, "0123456789.")) return true;
  if (word.starts_with("0x")) return consists_of(word.substr(2), kHex);
  if (word.find(':') != std::string_view::npos) {
    return consists_of(word, "0123456789abcdefABCDEF:.");
  }
  if (before == "port" || before == "portrange" || before == "proto") return true;
  return word == "-" || std::ranges::find(kWords, word) != kWords.end();
}

// The first word that libpcap would ask a server about.
std::optional<std::string> find_name(std::string_view text) {
  std::string_view before;
  while (!text.empty()) {
    if (is_operator(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    const auto end = std::ranges::find_if(text, is_operator);
    const std::string_view word(text.begin(), end);
    text.remove_prefix(word.size());
    if (!needs_no_server(word, before)) return std::string(word);
    before = word;
  }
  return std::nullopt;
}

using Ports = std::map<std::string, std::uint16_t, std::less<>>;

const Ports& named_ports() {
  static const Ports ports = [] {
    Ports read;
    ::setservent(1);
    while (const servent* const entry = ::getservent()) {
      const std::string_view protocol = entry->s_proto;
      if (protocol != "tcp" && protocol != "udp") continue;
      const std::uint16_t port = ntohs(static_cast<std::uint16_t>(entry->s_port));
      read.emplace(entry->s_name, port);
      for (char** alias = entry->s_aliases; *alias != nullptr; ++alias) read.emplace(*alias, port);
    }
    ::endservent();
    return read;
  }();
  return ports;
}

// What libpcap would look up in a file while it compiles.
std::string with_port_numbers(std::string_view text) {
  std::string made;
  std::string_view before;
  while (!text.empty()) {
    if (is_operator(text.front())) {
      made += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto end = std::ranges::find_if(text, is_operator);
    const std::string_view word(text.begin(), end);
    text.remove_prefix(word.size());
    const auto known = before == "port" ? named_ports().find(word) : named_ports().end();
    made += known == named_ports().end() ? std::string(word) : std::to_string(known->second);
    before = word;
  }
  return made;
}

Outcome<void> check_text(const std::string& text, PacketFilter::Names names) {
  if (text.size() > PacketFilter::kTextMax) {
    return failed(fmt::format("a filter has at most {} bytes", PacketFilter::kTextMax));
  }
  if (text.find('\0') != std::string::npos) return failed("a filter has no zero bytes");
  if (names == PacketFilter::Names::kLookUp) return {};
  if (const auto name = find_name(text)) {
    return failed(fmt::format("filter \"{}\": what is \"{}\"?", text, *name),
                  "names of hosts are not looked up here: write addresses");
  }
  return {};
}

}  // namespace

Outcome<PacketFilter> PacketFilter::compile(const std::string& text, Medium medium, Names names) {
  if (text.find_first_not_of(" \t") == std::string::npos) return PacketFilter();
  if (auto checked = check_text(text, names); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  const int link = medium == Medium::kEthernet ? DLT_EN10MB : DLT_RAW;
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> compiler(
      pcap_open_dead(link, static_cast<int>(kCapturedBytesMax)), &pcap_close);
  if (compiler == nullptr) return failed("filter: no memory");
  const auto program = std::make_shared<Program>();
  const std::string numbers = with_port_numbers(text);
  const int optimises = text.size() <= kOptimisedTextMax ? 1 : 0;
  if (pcap_compile(compiler.get(), &program->code, numbers.c_str(), optimises,
                   PCAP_NETMASK_UNKNOWN) != 0) {
    return failed(fmt::format("filter \"{}\": {}", text, pcap_geterr(compiler.get())),
                  "as for tcpdump: host 10.77.0.2 and tcp port 80");
  }
  return PacketFilter(program);
}

void PacketFilter::learn_ports() { static_cast<void>(named_ports()); }

Outcome<PacketFilters> PacketFilters::compile(const std::string& text, PacketFilter::Names names) {
  PacketFilters filters;
  auto frames = PacketFilter::compile(text, Medium::kEthernet, names);
  if (!frames) return std::unexpected(std::move(frames).error());
  filters.of_frames_ = std::move(*frames);
  // "arp" and "vlan" make no sense where there are no frames: nothing there is meant.
  auto packets = PacketFilter::compile(text, Medium::kIp, names);
  if (packets) filters.of_packets_ = std::move(*packets);
  filters.of_packets_.takes_nothing_ = !packets;
  return filters;
}

bool PacketFilter::matches(Bytes bytes, std::size_t size) const {
  if (program_ == nullptr) return !takes_nothing_;
  pcap_pkthdr header{};
  header.caplen = static_cast<bpf_u_int32>(bytes.size());
  header.len = static_cast<bpf_u_int32>(std::max(size, bytes.size()));
  return pcap_offline_filter(&program_->code, &header,
                             reinterpret_cast<const u_char*>(bytes.data())) != 0;
}

}  // namespace strata::service

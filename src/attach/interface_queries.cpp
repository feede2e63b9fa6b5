// SPDX-License-Identifier: Apache-2.0
#include "attach/interface_queries.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "attach/netlink/tables.h"

namespace strata::attach {
namespace {

constexpr unsigned long kChanges[] = {
    SIOCADDRT,       SIOCDELRT,     SIOCSIFLINK,  SIOCSIFADDR,       SIOCSIFDSTADDR,
    SIOCSIFBRDADDR,  SIOCSIFMEM,    SIOCSIFMTU,   SIOCSIFNETMASK,    SIOCSIFMETRIC,
    SIOCSIFNAME,     SIOCSIFHWADDR, SIOCDIFADDR,  SIOCADDMULTI,      SIOCDELMULTI,
    SIOCSIFPFLAGS,   SIOCSIFTXQLEN, SIOCSIFMAP,   SIOCSARP,          SIOCDARP,
    SIOCBRADDBR,     SIOCBRDELBR,   SIOCBRADDIF,  SIOCBRDELIF,       SIOCBONDENSLAVE,
    SIOCBONDRELEASE, SIOCSHWTSTAMP, SIOCSIFENCAP, SIOCSIFHWBROADCAST};

constexpr unsigned long kQuestions[] = {
    SIOCGIFNAME,    SIOCGIFFLAGS,  SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR,
    SIOCGIFNETMASK, SIOCGIFMETRIC, SIOCGIFMTU,  SIOCGIFHWADDR,  SIOCGIFINDEX,
    SIOCGIFTXQLEN,  SIOCGIFMAP,    SIOCETHTOOL};

sockaddr internet_address(std::uint32_t value) {
  sockaddr_in plain{};
  plain.sin_family = AF_INET;
  plain.sin_addr.s_addr = htonl(value);
  sockaddr general{};
  static_assert(sizeof(plain) == sizeof(general));
  std::memcpy(&general, &plain, sizeof(general));
  return general;
}

std::optional<Prefix> first_address(const Stack& stack, InterfaceId interface) {
  std::optional<Prefix> found;
  stack.for_each_address([&](const AddressEntry& entry) {
    if (entry.interface == interface && entry.prefix.is_v4() && !found) found = entry.prefix;
  });
  return found;
}

std::optional<InterfaceEntry> find(const Stack& stack, auto is_it) {
  std::optional<InterfaceEntry> found;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (!found && is_it(entry)) found = entry;
  });
  return found;
}

void name_in(ifreq& request, const InterfaceEntry& entry) {
  std::memset(request.ifr_name, 0, IFNAMSIZ);
  static_cast<void>(entry.name.view().copy(request.ifr_name, IFNAMSIZ - 1));
}

std::uint32_t mask_of(const Prefix& prefix) {
  return prefix.length() == 0 ? 0 : 0xffff'ffffU << (32U - prefix.length());
}

// What an address question answers; the flags have been seen to.
Answer fill_address(const Stack& stack, unsigned long what, const InterfaceEntry& entry,
                    ifreq& request) {
  const auto prefix = first_address(stack, entry.id);
  if (!prefix) return -EADDRNOTAVAIL;
  const std::uint32_t address = prefix->address().v4_value();
  switch (what) {
    case SIOCGIFNETMASK: request.ifr_addr = internet_address(mask_of(*prefix)); return 0;
    case SIOCGIFBRDADDR: {
      const bool has_one = prefix->directed_broadcast() && !is_loopback(entry);
      request.ifr_addr =
          internet_address(has_one ? prefix->directed_broadcast()->v4_value() : std::uint32_t{0});
      return 0;
    }
    default: request.ifr_addr = internet_address(address); return 0;
  }
}

Answer fill(const Stack& stack, unsigned long what, const InterfaceEntry& entry, ifreq& request) {
  switch (what) {
    case SIOCGIFFLAGS: {
      const unsigned flags = interface_flags(entry);
      request.ifr_flags = static_cast<short>(flags & 0xffff);
      return 0;
    }
    case SIOCGIFMTU: request.ifr_mtu = static_cast<int>(entry.mtu); return 0;
    case SIOCGIFINDEX: request.ifr_ifindex = entry.id; return 0;
    case SIOCGIFMETRIC:
    case SIOCGIFTXQLEN:  // in the same place
      request.ifr_metric = 0;
      return 0;
    case SIOCGIFMAP: request.ifr_map = {}; return 0;
    case SIOCGIFHWADDR:
      request.ifr_hwaddr = {};
      request.ifr_hwaddr.sa_family = hardware_type(entry);
      std::memcpy(request.ifr_hwaddr.sa_data, entry.mac.bytes().data(), 6);
      return 0;
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK: return fill_address(stack, what, entry, request);
    case SIOCETHTOOL: return -EOPNOTSUPP;
    default: return -ENOTTY;
  }
}

// One entry for each IPv4 address, as many as there is room for; without room, how many bytes all
// would take.
Answer tell_all(const Stack& stack, const ProgramMemory& memory, std::uint64_t argument) {
  const auto given = memory.read<ifconf>(argument);
  if (!given) return given.error();
  std::vector<ifreq> all;
  stack.for_each_address([&](const AddressEntry& entry) {
    if (!entry.prefix.is_v4()) return;
    const auto interface =
        find(stack, [&](const InterfaceEntry& e) { return e.id == entry.interface; });
    ifreq& told = all.emplace_back();
    if (interface) name_in(told, *interface);
    told.ifr_addr = internet_address(entry.prefix.address().v4_value());
  });
  ifconf answer = *given;
  if (given->ifc_buf == nullptr) {
    answer.ifc_len = static_cast<int>(all.size() * sizeof(ifreq));
    return memory.write(argument, answer);
  }
  const auto room = static_cast<std::size_t>(std::max(given->ifc_len, 0)) / sizeof(ifreq);
  all.resize(std::min(room, all.size()));
  const Answer done =
      memory.write(reinterpret_cast<std::uint64_t>(given->ifc_buf), std::as_bytes(std::span(all)));
  if (done < 0) return done;
  answer.ifc_len = static_cast<int>(all.size() * sizeof(ifreq));
  return memory.write(argument, answer);
}

std::string_view name_of(const ifreq& request) {
  const std::string_view whole(request.ifr_name, ::strnlen(request.ifr_name, IFNAMSIZ));
  return whole.substr(0, whole.find(':'));  // labels of aliases
}

// Whoever wants up what is up has it.
Answer refuse_flags(const Stack& stack, const ProgramMemory& memory, std::uint64_t argument) {
  const auto given = memory.read<ifreq>(argument);
  if (!given) return given.error();
  const auto entry =
      find(stack, [&](const InterfaceEntry& one) { return one.name.view() == name_of(*given); });
  if (!entry) return -ENODEV;
  const auto flags = static_cast<short>(interface_flags(*entry) & 0xffff);
  return given->ifr_flags == flags ? 0 : -EPERM;
}

}  // namespace

bool is_interface_request(unsigned long request) {
  if (request >= SIOCADDRT && request <= SIOCRTMSG) return true;
  const bool is_about_socket = request == SIOCOUTQNSD || request == SIOCGSKNS;
  return request >= SIOCGIFNAME && request < SIOCPROTOPRIVATE && !is_about_socket;
}

Answer answer_interface_request(const Stack& stack, unsigned long request,
                                const ProgramMemory& memory, std::uint64_t argument) {
  if (request == SIOCSIFFLAGS) return refuse_flags(stack, memory, argument);
  if (std::ranges::find(kChanges, request) != std::end(kChanges)) return -EPERM;
  if (request == SIOCGIFCONF) return tell_all(stack, memory, argument);
  if (std::ranges::find(kQuestions, request) == std::end(kQuestions)) return -ENOTTY;
  auto given = memory.read<ifreq>(argument);
  if (!given) return given.error();
  const bool is_by_index = request == SIOCGIFNAME;
  const auto entry = find(stack, [&](const InterfaceEntry& one) {
    return is_by_index ? one.id == given->ifr_ifindex : one.name.view() == name_of(*given);
  });
  if (!entry) return -ENODEV;
  if (is_by_index) {
    name_in(*given, *entry);
  } else if (const Answer filled = fill(stack, request, *entry, *given); filled < 0) {
    return filled;
  }
  return memory.write(argument, *given);
}

}  // namespace strata::attach

// SPDX-License-Identifier: Apache-2.0
// The hosts file: names that need no server (RFC 952's table, in the form of hosts(5)).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/vector.h"
#include "dns/reply.h"
#include "strata/address.h"
#include "strata/wire/dns_name.h"

namespace strata::dns {

class Hosts {
 public:
  Hosts(Memory& memory, std::uint32_t entries_max) : entries_(memory), entries_max_(entries_max) {}

  // Lines of an address and its names; '#' begins a comment. Replaces what was there. The number of
  // the first line that cannot be read or no longer fits, which is left out as all such; else 0.
  std::uint32_t read(std::string_view text);
  // Whether the name is here; its addresses of the family go to `into`.
  bool find(const wire::DnsName& name, bool v4, AddressSet& into) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    wire::DnsName name;  // in lower case
    IpAddress address;
    std::uint32_t place = 0;  // in the file
  };
  [[nodiscard]] static bool is_before(const Entry& a, const Entry& b);
  [[nodiscard]] bool read_line(std::string_view line);
  [[nodiscard]] bool add(const wire::DnsName& name, const IpAddress& address);

  Vector<Entry> entries_;  // sorted by name, those of one name in the order of the file
  std::uint32_t entries_max_;
};

}  // namespace strata::dns

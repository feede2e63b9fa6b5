// SPDX-License-Identifier: Apache-2.0
// The DNS options of router advertisements (RFC 8106): recursive servers and search list.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/group_records.h"
#include "strata/wire/nd_options.h"

namespace strata::wire {

// RFC 8106 5.1 and 5.2 share their first eight bytes:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  |length |   reserved    |
//   +-------+-------+---------------+
//   |         lifetime (s)          |   0: forget what follows
//   |  addresses, or domain names   |
struct NdDnsLayout : NdOptionLayout {
  using Reserved = Field<std::uint16_t, Length::kEnd>;
  using Lifetime = Field<std::uint32_t, Reserved::kEnd>;
  static constexpr std::size_t kSize = Lifetime::kEnd;
  static_assert(kSize == kNdOptionUnit);
};

class RecursiveDnsServersView {
 public:
  [[nodiscard]] static constexpr Parsed<RecursiveDnsServersView> parse(const NdOptionView& option) {
    if (option.type() != NdOptionType::kRecursiveDnsServers) {
      return std::unexpected(ParseError::kBadVersion);
    }
    // RFC 8106 5.3.1: at least one address, and nothing but whole addresses.
    const std::size_t addresses = option.bytes().size() - NdDnsLayout::kSize;
    if (addresses == 0 || addresses % Ipv6AddressList::kAddressSize != 0) {
      return std::unexpected(ParseError::kBadLength);
    }
    return RecursiveDnsServersView(option.bytes());
  }

  [[nodiscard]] constexpr std::uint32_t lifetime_s() const {
    return NdDnsLayout::Lifetime::get(bytes_);
  }
  [[nodiscard]] constexpr Ipv6AddressList servers() const {
    return Ipv6AddressList(bytes_.subspan(NdDnsLayout::kSize));
  }

 private:
  explicit constexpr RecursiveDnsServersView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The size of the option, or 0 when `out` or the option itself (127 addresses) cannot hold it.
constexpr std::size_t write_recursive_dns_servers(std::uint32_t lifetime_s,
                                                  std::span<const IpAddress> servers,
                                                  MutableBytes out) {
  const std::size_t size = NdDnsLayout::kSize + servers.size() * Ipv6AddressList::kAddressSize;
  if (servers.empty() || servers.size() > 127 || size > out.size()) return 0;
  const MutableBytes written = out.first(size);
  write_nd_option_head(NdOptionType::kRecursiveDnsServers, written);
  NdDnsLayout::Reserved::set(written, 0);
  NdDnsLayout::Lifetime::set(written, lifetime_s);
  write_addresses<Ipv6Field>(servers, written.subspan(NdDnsLayout::kSize));
  return size;
}

// Domain names one after the other, uncompressed (RFC 1035 3.1) and padded with zeros. The walk
// ends at the padding and at a name that is malformed.
class DomainNames {
 public:
  class Iterator {
   public:
    using value_type = Bytes;
    using difference_type = std::ptrdiff_t;
    explicit constexpr Iterator(Bytes rest) : rest_(rest), size_(name_size(rest)) {}
    [[nodiscard]] constexpr Bytes operator*() const { return rest_.first(size_); }
    constexpr Iterator& operator++() {
      *this = Iterator(rest_.subspan(size_));
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.size_ == 0;
    }

   private:
    Bytes rest_;
    std::size_t size_;
  };

  explicit constexpr DomainNames(Bytes bytes) : bytes_(bytes) {}
  // Each name is its labels, length bytes and the final zero included.
  [[nodiscard]] constexpr Iterator begin() const { return Iterator(bytes_); }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }

 private:
  static constexpr std::size_t kLabelMax = 63;
  static constexpr std::size_t kNameMax = 255;

  // 0: no name starts here.
  [[nodiscard]] static constexpr std::size_t name_size(Bytes bytes) {
    std::size_t at = 0;
    while (at < std::min(bytes.size(), kNameMax)) {
      const auto label = std::to_integer<std::size_t>(bytes[at]);
      if (label == 0) return at == 0 ? 0 : at + 1;
      if (label > kLabelMax) return 0;
      at += 1 + label;
    }
    return 0;
  }
  Bytes bytes_;
};

class DnsSearchListView {
 public:
  [[nodiscard]] static constexpr Parsed<DnsSearchListView> parse(const NdOptionView& option) {
    if (option.type() != NdOptionType::kDnsSearchList) {
      return std::unexpected(ParseError::kBadVersion);
    }
    // RFC 8106 5.3.1: a list without room for a name is discarded.
    if (option.bytes().size() <= NdDnsLayout::kSize) {
      return std::unexpected(ParseError::kBadLength);
    }
    return DnsSearchListView(option.bytes());
  }

  [[nodiscard]] constexpr std::uint32_t lifetime_s() const {
    return NdDnsLayout::Lifetime::get(bytes_);
  }
  [[nodiscard]] constexpr DomainNames names() const {
    return DomainNames(bytes_.subspan(NdDnsLayout::kSize));
  }

 private:
  explicit constexpr DnsSearchListView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// `names` are encoded as DomainNames hands them out. The size of the option, or 0 when `out` or
// the option itself cannot hold it.
constexpr std::size_t write_dns_search_list(std::uint32_t lifetime_s, std::span<const Bytes> names,
                                            MutableBytes out) {
  std::size_t content = 0;
  for (const Bytes name : names) content += name.size();
  const std::size_t size =
      NdDnsLayout::kSize + (content + kNdOptionUnit - 1) / kNdOptionUnit * kNdOptionUnit;
  if (content == 0 || size > out.size() || size > 255 * kNdOptionUnit) return 0;
  const MutableBytes written = out.first(size);
  std::ranges::fill(written, std::byte{0});
  write_nd_option_head(NdOptionType::kDnsSearchList, written);
  NdDnsLayout::Lifetime::set(written, lifetime_s);
  std::size_t at = NdDnsLayout::kSize;
  for (const Bytes name : names) {
    copy_bytes(name, written.subspan(at, name.size()));
    at += name.size();
  }
  return size;
}

}  // namespace strata::wire

// SPDX-License-Identifier: Apache-2.0
// What DNS records say: A, AAAA, CNAME, PTR, SOA, SRV, TXT (RFC 1035, 2782, 3596), OPT (RFC 6891).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/wire/dns.h"

namespace strata::wire {

// The address of an A or AAAA record. A v4-mapped AAAA reads as the IPv4 address it is.
[[nodiscard]] constexpr Parsed<IpAddress> dns_address(const DnsRecordView& record) {
  const Bytes data = record.data();
  if (record.type == DnsType::kA) {
    if (data.size() != 4) return std::unexpected(ParseError::kBadLength);
    return Ipv4Field<0>::get(data);
  }
  if (record.type != DnsType::kAaaa) return std::unexpected(ParseError::kBadVersion);
  if (data.size() != 16) return std::unexpected(ParseError::kBadLength);
  return Ipv6Field<0>::get(data);
}

// The bytes of an A record for an IPv4 address, of an AAAA record for an IPv6 one.
struct DnsAddressData {
  std::array<std::byte, 16> octets{};
  std::size_t size = 0;

  [[nodiscard]] constexpr Bytes bytes() const { return Bytes(octets).first(size); }
};
[[nodiscard]] constexpr DnsAddressData dns_address_data(const IpAddress& address) {
  DnsAddressData data;
  data.size = address.is_v4() ? 4 : 16;
  copy_bytes(address.bytes().last(data.size), MutableBytes(data.octets).first(data.size));
  return data;
}

// The name a CNAME, NS or PTR record consists of.
[[nodiscard]] constexpr Parsed<DnsNameView> dns_target(const DnsRecordView& record) {
  const bool is_name =
      record.type == DnsType::kCname || record.type == DnsType::kPtr || record.type == DnsType::kNs;
  if (!is_name) return std::unexpected(ParseError::kBadVersion);
  const auto name = record.name_at(0);
  if (name && name->size_in_message() != record.data_length) {
    return std::unexpected(ParseError::kBadLength);
  }
  return name;
}

// RFC 1035 3.3.13.
struct DnsSoa {
  DnsName primary{};
  DnsName mailbox{};
  std::uint32_t serial = 0;
  std::uint32_t refresh_s = 0;
  std::uint32_t retry_s = 0;
  std::uint32_t expire_s = 0;
  std::uint32_t minimum_s = 0;  // RFC 2308 4: how long "there is none" holds

  static constexpr std::size_t kNumbersSize = 20;
  static constexpr std::size_t kSizeMax = 2 * kDnsNameMax + kNumbersSize;

  [[nodiscard]] static constexpr Parsed<DnsSoa> parse(const DnsRecordView& record) {
    if (record.type != DnsType::kSoa) return std::unexpected(ParseError::kBadVersion);
    const auto primary = record.name_at(0);
    if (!primary) return std::unexpected(primary.error());
    const auto mailbox = record.name_at(primary->size_in_message());
    if (!mailbox) return std::unexpected(mailbox.error());
    const std::size_t names = primary->size_in_message() + mailbox->size_in_message();
    if (record.data_length != names + kNumbersSize) {
      return std::unexpected(ParseError::kBadLength);
    }
    const Bytes numbers = record.data().subspan(names);
    return DnsSoa{.primary = DnsName(*primary),
                  .mailbox = DnsName(*mailbox),
                  .serial = Field<std::uint32_t, 0>::get(numbers),
                  .refresh_s = Field<std::uint32_t, 4>::get(numbers),
                  .retry_s = Field<std::uint32_t, 8>::get(numbers),
                  .expire_s = Field<std::uint32_t, 12>::get(numbers),
                  .minimum_s = Field<std::uint32_t, 16>::get(numbers)};
  }
  friend constexpr bool operator==(const DnsSoa&, const DnsSoa&) = default;
};

// The size of the data, or 0 when `out` cannot hold it.
[[nodiscard]] constexpr std::size_t write_soa(const DnsSoa& soa, MutableBytes out) {
  const std::size_t names = soa.primary.size() + soa.mailbox.size();
  if (out.size() < names + DnsSoa::kNumbersSize) return 0;
  copy_bytes(soa.primary.bytes(), out.first(soa.primary.size()));
  copy_bytes(soa.mailbox.bytes(), out.subspan(soa.primary.size(), soa.mailbox.size()));
  const MutableBytes numbers = out.subspan(names);
  Field<std::uint32_t, 0>::set(numbers, soa.serial);
  Field<std::uint32_t, 4>::set(numbers, soa.refresh_s);
  Field<std::uint32_t, 8>::set(numbers, soa.retry_s);
  Field<std::uint32_t, 12>::set(numbers, soa.expire_s);
  Field<std::uint32_t, 16>::set(numbers, soa.minimum_s);
  return names + DnsSoa::kNumbersSize;
}

// RFC 2782.
struct DnsSrv {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  DnsName target{};

  static constexpr std::size_t kNumbersSize = 6;

  [[nodiscard]] static constexpr Parsed<DnsSrv> parse(const DnsRecordView& record) {
    if (record.type != DnsType::kSrv) return std::unexpected(ParseError::kBadVersion);
    if (record.data_length < kNumbersSize) return std::unexpected(ParseError::kTooShort);
    const auto target = record.name_at(kNumbersSize);
    if (!target) return std::unexpected(target.error());
    if (record.data_length != kNumbersSize + target->size_in_message()) {
      return std::unexpected(ParseError::kBadLength);
    }
    const Bytes data = record.data();
    return DnsSrv{Field<std::uint16_t, 0>::get(data), Field<std::uint16_t, 2>::get(data),
                  Field<std::uint16_t, 4>::get(data), DnsName(*target)};
  }
  friend constexpr bool operator==(const DnsSrv&, const DnsSrv&) = default;
};

[[nodiscard]] constexpr std::size_t write_srv(const DnsSrv& srv, MutableBytes out) {
  const std::size_t size = DnsSrv::kNumbersSize + srv.target.size();
  if (out.size() < size) return 0;
  Field<std::uint16_t, 0>::set(out, srv.priority);
  Field<std::uint16_t, 2>::set(out, srv.weight);
  Field<std::uint16_t, 4>::set(out, srv.port);
  copy_bytes(srv.target.bytes(), out.subspan(DnsSrv::kNumbersSize, srv.target.size()));
  return size;
}

// RFC 1035 3.3.14: strings of up to 255 bytes, each behind its length.
class DnsTextReader {
 public:
  [[nodiscard]] static constexpr Parsed<DnsTextReader> parse(const DnsRecordView& record) {
    if (record.type != DnsType::kTxt) return std::unexpected(ParseError::kBadVersion);
    for (Bytes rest = record.data(); !rest.empty();) {
      const std::size_t size = 1 + std::to_integer<std::size_t>(rest.front());
      if (size > rest.size()) return std::unexpected(ParseError::kTooShort);
      rest = rest.subspan(size);
    }
    return DnsTextReader(record.data());
  }
  [[nodiscard]] constexpr std::optional<Bytes> next() {
    if (rest_.empty()) return std::nullopt;
    const auto size = std::to_integer<std::size_t>(rest_.front());
    const Bytes text = rest_.subspan(1, size);
    rest_ = rest_.subspan(1 + size);
    return text;
  }

 private:
  explicit constexpr DnsTextReader(Bytes rest) : rest_(rest) {}
  Bytes rest_;
};

// RFC 6891 6.1.2 and 6.1.3: a record that stretches the header.
struct DnsOpt {
  std::uint16_t udp_payload_max = 512;
  std::uint8_t extended_code = 0;  // the upper eight bits of the response code
  std::uint8_t version = 0;
  bool dnssec_ok = false;

  [[nodiscard]] static constexpr Parsed<DnsOpt> parse(const DnsRecordView& record) {
    if (record.type != DnsType::kOpt) return std::unexpected(ParseError::kBadVersion);
    if (!record.name.is_root()) return std::unexpected(ParseError::kBadValue);
    const std::uint32_t flags = record.time_to_live_s;
    return DnsOpt{.udp_payload_max = static_cast<std::uint16_t>(record.klass),
                  .extended_code = static_cast<std::uint8_t>(flags >> 24U),
                  .version = static_cast<std::uint8_t>(flags >> 16U),
                  .dnssec_ok = (flags & 0x8000U) != 0};
  }
  // To be added with its options (code, length, bytes) as data; stubs send none.
  [[nodiscard]] constexpr DnsRecord record() const {
    return {.section = DnsSection::kAdditional,
            .name = {},
            .type = DnsType::kOpt,
            .klass = static_cast<DnsClass>(udp_payload_max),
            .time_to_live_s = (std::uint32_t{extended_code} << 24U) |
                              (std::uint32_t{version} << 16U) | (dnssec_ok ? 0x8000U : 0U)};
  }
  friend constexpr bool operator==(const DnsOpt&, const DnsOpt&) = default;
};

}  // namespace strata::wire

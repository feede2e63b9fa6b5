// SPDX-License-Identifier: Apache-2.0
// Source lists and group records: the same in IGMPv3 (RFC 3376 4.2) and MLDv2 (RFC 3810 5.2),
// but for the size of an address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include "strata/wire/field.h"

namespace strata::wire {

// RFC 3376 4.2.12, RFC 3810 5.2.12.
enum class GroupRecordType : std::uint8_t {
  kModeIsInclude = 1,
  kModeIsExclude = 2,
  kChangeToIncludeMode = 3,
  kChangeToExcludeMode = 4,
  kAllowNewSources = 5,
  kBlockOldSources = 6,
};

// Addresses one after the other. `AddressField` is Ipv4Field or Ipv6Field.
template <template <std::size_t> class AddressField>
class AddressList {
 public:
  static constexpr std::size_t kAddressSize = AddressField<0>::kEnd;

  class Iterator {
   public:
    using value_type = IpAddress;
    using difference_type = std::ptrdiff_t;
    explicit constexpr Iterator(Bytes rest) : rest_(rest) {}
    [[nodiscard]] constexpr IpAddress operator*() const { return AddressField<0>::get(rest_); }
    constexpr Iterator& operator++() {
      rest_ = rest_.subspan(kAddressSize);
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.rest_.empty();
    }

   private:
    Bytes rest_;
  };

  constexpr AddressList() = default;
  // Bytes that do not fill an address are left out.
  explicit constexpr AddressList(Bytes bytes)
      : bytes_(bytes.first(bytes.size() / kAddressSize * kAddressSize)) {}

  [[nodiscard]] constexpr std::size_t size() const { return bytes_.size() / kAddressSize; }
  [[nodiscard]] constexpr bool empty() const { return bytes_.empty(); }
  // `index` is less than size().
  [[nodiscard]] constexpr IpAddress operator[](std::size_t index) const {
    return AddressField<0>::get(bytes_.subspan(index * kAddressSize));
  }
  [[nodiscard]] constexpr Iterator begin() const { return Iterator(bytes_); }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }

 private:
  Bytes bytes_;
};

using Ipv4AddressList = AddressList<Ipv4Field>;
using Ipv6AddressList = AddressList<Ipv6Field>;

// Writes as many of `addresses` as fit; returns how many those are.
template <template <std::size_t> class AddressField>
constexpr std::size_t write_addresses(std::span<const IpAddress> addresses, MutableBytes out) {
  std::size_t written = 0;
  for (const IpAddress& address : addresses) {
    if (out.size() < AddressField<0>::kEnd) break;
    AddressField<0>::set(out, address);
    out = out.subspan(AddressField<0>::kEnd);
    ++written;
  }
  return written;
}

//   0       8       16              32
//   +-------+-------+---------------+
//   | type  |aux len|    sources    |   aux len counts 32-bit words
//   +-------+-------+---------------+
//   |  group address (4 or 16)      |
//   |  sources, then auxiliary data |
template <template <std::size_t> class AddressField>
struct GroupRecordLayout {
  using Type = Field<std::uint8_t, 0>;
  using AuxiliaryLength = Field<std::uint8_t, Type::kEnd>;
  using SourceCount = Field<std::uint16_t, AuxiliaryLength::kEnd>;
  using Group = AddressField<SourceCount::kEnd>;
  static constexpr std::size_t kSize = Group::kEnd;
};

struct GroupRecordHeader {
  GroupRecordType type = GroupRecordType::kModeIsInclude;
  std::uint8_t auxiliary_words = 0;  // RFC 3376 4.2.10: none is defined, so none is sent
  std::uint16_t source_count = 0;
  IpAddress group{};

  friend constexpr bool operator==(const GroupRecordHeader&, const GroupRecordHeader&) = default;
};

template <template <std::size_t> class AddressField>
class GroupRecordView {
 public:
  using Layout = GroupRecordLayout<AddressField>;

  // `bytes` starts at the record and may hold more behind it. An unknown type is for the caller
  // to skip (RFC 3376 4.2.12).
  [[nodiscard]] static constexpr Parsed<GroupRecordView> parse(Bytes bytes) {
    if (bytes.size() < Layout::kSize) return std::unexpected(ParseError::kTooShort);
    const std::size_t size = Layout::kSize +
                             Layout::SourceCount::get(bytes) * AddressField<0>::kEnd +
                             Layout::AuxiliaryLength::get(bytes) * std::size_t{4};
    if (size > bytes.size()) return std::unexpected(ParseError::kBadLength);
    return GroupRecordView(bytes.first(size));
  }

  [[nodiscard]] constexpr GroupRecordType type() const {
    return static_cast<GroupRecordType>(Layout::Type::get(bytes_));
  }
  [[nodiscard]] constexpr IpAddress group() const { return Layout::Group::get(bytes_); }
  [[nodiscard]] constexpr AddressList<AddressField> sources() const {
    return AddressList<AddressField>(bytes_.subspan(Layout::kSize, sources_size()));
  }
  [[nodiscard]] constexpr Bytes auxiliary_data() const {
    return bytes_.subspan(Layout::kSize + sources_size());
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr GroupRecordHeader header() const {
    return {type(), Layout::AuxiliaryLength::get(bytes_), Layout::SourceCount::get(bytes_),
            group()};
  }

 private:
  explicit constexpr GroupRecordView(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] constexpr std::size_t sources_size() const {
    return Layout::SourceCount::get(bytes_) * AddressField<0>::kEnd;
  }
  Bytes bytes_;
};

// The records of a report. parse proves that all announced records are there.
template <template <std::size_t> class AddressField>
class GroupRecords {
 public:
  using Record = GroupRecordView<AddressField>;

  class Iterator {
   public:
    using value_type = Record;
    using difference_type = std::ptrdiff_t;
    constexpr Iterator(Bytes rest, std::size_t left) : rest_(rest), left_(left) {}
    [[nodiscard]] constexpr Record operator*() const { return *Record::parse(rest_); }
    constexpr Iterator& operator++() {
      rest_ = rest_.subspan((**this).bytes().size());
      --left_;
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.left_ == 0;
    }

   private:
    Bytes rest_;
    std::size_t left_;
  };

  [[nodiscard]] static constexpr Parsed<GroupRecords> parse(Bytes bytes, std::size_t count) {
    Bytes rest = bytes;
    for (std::size_t i = 0; i < count; ++i) {
      const auto record = Record::parse(rest);
      if (!record) return std::unexpected(ParseError::kBadLength);
      rest = rest.subspan(record->bytes().size());
    }
    return GroupRecords(bytes.first(bytes.size() - rest.size()), count);
  }

  [[nodiscard]] constexpr std::size_t size() const { return count_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Iterator begin() const { return Iterator(bytes_, count_); }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }

 private:
  constexpr GroupRecords(Bytes bytes, std::size_t count) : bytes_(bytes), count_(count) {}
  Bytes bytes_;
  std::size_t count_;
};

// Sources follow with write_addresses.
template <template <std::size_t> class AddressField>
constexpr void write_group_record(
    const GroupRecordHeader& header,
    std::span<std::byte, GroupRecordLayout<AddressField>::kSize> out) {
  using Layout = GroupRecordLayout<AddressField>;
  Layout::Type::set(out, static_cast<std::uint8_t>(header.type));
  Layout::AuxiliaryLength::set(out, header.auxiliary_words);
  Layout::SourceCount::set(out, header.source_count);
  Layout::Group::set(out, header.group);
}

}  // namespace strata::wire

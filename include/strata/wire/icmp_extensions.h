// SPDX-License-Identifier: Apache-2.0
// The extension structure behind the quoted datagram of an ICMP error (RFC 4884).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include "strata/wire/field.h"

namespace strata::wire {

// RFC 4884 4.6: the quoted datagram is zero-padded to this before extensions follow, so that
// old receivers, who take everything for the quote, still find its first 128 bytes.
inline constexpr std::size_t kIcmpExtendedQuoteBytesMin = 128;

// RFC 4884 7:
//   0       4                      16                              32
//   +-------+----------------------+-------------------------------+
//   |version|      reserved        |           checksum            |
//   +-------+----------------------+-------------------------------+
// followed by objects. The checksum covers header and objects; 0 means that there is none.
struct IcmpExtensionLayout {
  using VersionAndReserved = Field<std::uint16_t, 0>;
  using Version = Bits<VersionAndReserved, 12, 4>;
  using Checksum = Field<std::uint16_t, VersionAndReserved::kEnd>;
  static constexpr std::size_t kSize = Checksum::kEnd;
  static constexpr std::uint16_t kVersion = 2;
  static_assert(kSize == 4);
};

// RFC 4884 7.1: every object tells its own length, header included.
struct IcmpExtensionObjectLayout {
  using Length = Field<std::uint16_t, 0>;
  using ClassNumber = Field<std::uint8_t, Length::kEnd>;
  using ClassType = Field<std::uint8_t, ClassNumber::kEnd>;
  static constexpr std::size_t kSize = ClassType::kEnd;
  static_assert(kSize == 4);
};

struct IcmpExtensionHeader {
  std::uint16_t checksum = 0;

  friend constexpr bool operator==(const IcmpExtensionHeader&,
                                   const IcmpExtensionHeader&) = default;
};

struct IcmpExtensionObjectHeader {
  std::uint16_t length = IcmpExtensionObjectLayout::kSize;  // header and payload
  std::uint8_t class_number = 0;                            // 1: MPLS (RFC 4950), 2: interface
  std::uint8_t class_type = 0;

  friend constexpr bool operator==(const IcmpExtensionObjectHeader&,
                                   const IcmpExtensionObjectHeader&) = default;
};

class IcmpExtensionObjectView {
 public:
  // `bytes` starts at the object and may hold more behind it.
  [[nodiscard]] static constexpr Parsed<IcmpExtensionObjectView> parse(Bytes bytes) {
    if (bytes.size() < IcmpExtensionObjectLayout::kSize) {
      return std::unexpected(ParseError::kTooShort);
    }
    const std::size_t length = IcmpExtensionObjectLayout::Length::get(bytes);
    if (length < IcmpExtensionObjectLayout::kSize || length > bytes.size()) {
      return std::unexpected(ParseError::kBadLength);
    }
    return IcmpExtensionObjectView(bytes.first(length));
  }

  [[nodiscard]] constexpr std::uint8_t class_number() const {
    return IcmpExtensionObjectLayout::ClassNumber::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t class_type() const {
    return IcmpExtensionObjectLayout::ClassType::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes payload() const {
    return bytes_.subspan(IcmpExtensionObjectLayout::kSize);
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr IcmpExtensionObjectHeader header() const {
    return {IcmpExtensionObjectLayout::Length::get(bytes_), class_number(), class_type()};
  }

 private:
  explicit constexpr IcmpExtensionObjectView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Iterates over the objects; every object has been proved to fit by parse.
class IcmpExtensionsView {
 public:
  class Iterator {
   public:
    using value_type = IcmpExtensionObjectView;
    using difference_type = std::ptrdiff_t;
    explicit constexpr Iterator(Bytes rest) : rest_(rest) {}
    [[nodiscard]] constexpr IcmpExtensionObjectView operator*() const {
      return *IcmpExtensionObjectView::parse(rest_);
    }
    constexpr Iterator& operator++() {
      rest_ = rest_.subspan((**this).bytes().size());
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.rest_.empty();
    }

   private:
    Bytes rest_;
  };

  // `bytes` is everything behind the quoted datagram.
  [[nodiscard]] static constexpr Parsed<IcmpExtensionsView> parse(Bytes bytes) {
    if (bytes.size() < IcmpExtensionLayout::kSize) return std::unexpected(ParseError::kTooShort);
    if (IcmpExtensionLayout::Version::get(bytes) != IcmpExtensionLayout::kVersion) {
      return std::unexpected(ParseError::kBadVersion);
    }
    for (Bytes rest = bytes.subspan(IcmpExtensionLayout::kSize); !rest.empty();) {
      const auto object = IcmpExtensionObjectView::parse(rest);
      if (!object) return std::unexpected(ParseError::kBadLength);
      rest = rest.subspan(object->bytes().size());
    }
    return IcmpExtensionsView(bytes);
  }

  [[nodiscard]] constexpr std::uint16_t checksum() const {
    return IcmpExtensionLayout::Checksum::get(bytes_);
  }
  [[nodiscard]] constexpr Iterator begin() const {
    return Iterator(bytes_.subspan(IcmpExtensionLayout::kSize));
  }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }  // what the checksum covers
  [[nodiscard]] constexpr IcmpExtensionHeader header() const { return {checksum()}; }

 private:
  explicit constexpr IcmpExtensionsView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const IcmpExtensionHeader& header,
                     std::span<std::byte, IcmpExtensionLayout::kSize> out) {
  IcmpExtensionLayout::VersionAndReserved::set(out, 0);
  IcmpExtensionLayout::Version::set(out, IcmpExtensionLayout::kVersion);
  IcmpExtensionLayout::Checksum::set(out, header.checksum);
}

constexpr void write(const IcmpExtensionObjectHeader& header,
                     std::span<std::byte, IcmpExtensionObjectLayout::kSize> out) {
  IcmpExtensionObjectLayout::Length::set(out, header.length);
  IcmpExtensionObjectLayout::ClassNumber::set(out, header.class_number);
  IcmpExtensionObjectLayout::ClassType::set(out, header.class_type);
}

// What stands behind the fixed eight bytes of an ICMP error.
struct IcmpQuote {
  Bytes datagram;    // as much of the offending datagram as the sender quoted
  Bytes extensions;  // empty, or for IcmpExtensionsView::parse
};

// RFC 4884 4.1 to 4.5: `length_bytes` is the announced size of the quote. 0 comes from a sender
// without extensions; a length that cannot be true comes from one who put garbage into a field
// that was once unused. Both mean that everything is quote, so that the error is still heard.
[[nodiscard]] constexpr IcmpQuote split_icmp_quote(Bytes body, std::size_t length_bytes) {
  if (length_bytes < kIcmpExtendedQuoteBytesMin || length_bytes >= body.size()) return {body, {}};
  return {body.first(length_bytes), body.subspan(length_bytes)};
}

}  // namespace strata::wire

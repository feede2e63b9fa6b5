// SPDX-License-Identifier: Apache-2.0
// IPsec as a stack without keys sees it: Authentication Header (RFC 4302) and ESP (RFC 4303).
//
// Both stand in IPv6's chain of extension headers, and in IPv4 where a transport protocol would.
// Nothing is verified or decrypted here.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/ip_protocol.h"

namespace strata::wire {

// RFC 4302 2:
//   0       8       16              32
//   +-------+-------+---------------+
//   | next  |length |   reserved    |
//   |   security parameters index   |
//   |        sequence number        |
//   |  integrity check value ...    |
//   +-------------------------------+
struct AuthenticationLayout {
  using NextHeader = Field<std::uint8_t, 0>;
  using Length = Field<std::uint8_t, NextHeader::kEnd>;  // units of four bytes, less two
  using Reserved = Field<std::uint16_t, Length::kEnd>;
  using SecurityParameters = Field<std::uint32_t, Reserved::kEnd>;
  using SequenceNumber = Field<std::uint32_t, SecurityParameters::kEnd>;
  static constexpr std::size_t kSize = SequenceNumber::kEnd;
  static_assert(kSize == 12);
};

struct AuthenticationHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  // Bytes, the integrity check value included: 12 to 1028, a multiple of four, and in IPv6 of
  // eight (RFC 4302 2.2).
  std::uint16_t header_length = AuthenticationLayout::kSize;
  std::uint32_t security_parameters = 0;
  std::uint32_t sequence_number = 0;

  friend constexpr bool operator==(const AuthenticationHeader&,
                                   const AuthenticationHeader&) = default;
};

class AuthenticationView {
 public:
  // `bytes` begin at the header; more may follow it.
  [[nodiscard]] static constexpr Parsed<AuthenticationView> parse(Bytes bytes) {
    if (bytes.size() < AuthenticationLayout::kSize) return std::unexpected(ParseError::kTooShort);
    const std::size_t size = (std::size_t{AuthenticationLayout::Length::get(bytes)} + 2) * 4;
    if (size < AuthenticationLayout::kSize || size > bytes.size()) {
      return std::unexpected(ParseError::kBadLength);
    }
    return AuthenticationView(bytes.first(size));
  }

  [[nodiscard]] constexpr std::uint8_t next_header() const {
    return AuthenticationLayout::NextHeader::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint32_t security_parameters() const {
    return AuthenticationLayout::SecurityParameters::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint32_t sequence_number() const {
    return AuthenticationLayout::SequenceNumber::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes integrity_check() const {
    return bytes_.subspan(AuthenticationLayout::kSize);
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr AuthenticationHeader header() const {
    return {next_header(), static_cast<std::uint16_t>(bytes_.size()), security_parameters(),
            sequence_number()};
  }

 private:
  explicit constexpr AuthenticationView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The integrity check value follows `out`.
constexpr void write(const AuthenticationHeader& header,
                     std::span<std::byte, AuthenticationLayout::kSize> out) {
  AuthenticationLayout::NextHeader::set(out, header.next_header);
  AuthenticationLayout::Length::set(out,
                                    static_cast<std::uint8_t>((header.header_length / 4U) - 2U));
  AuthenticationLayout::Reserved::set(out, 0);  // RFC 4302 2.3
  AuthenticationLayout::SecurityParameters::set(out, header.security_parameters);
  AuthenticationLayout::SequenceNumber::set(out, header.sequence_number);
}

// RFC 4303 2: two words in the clear; the rest can be read with the key only.
struct EspLayout {
  using SecurityParameters = Field<std::uint32_t, 0>;
  using SequenceNumber = Field<std::uint32_t, SecurityParameters::kEnd>;
  static constexpr std::size_t kSize = SequenceNumber::kEnd;
  static_assert(kSize == 8);
};

struct EspHeader {
  std::uint32_t security_parameters = 0;
  std::uint32_t sequence_number = 0;

  friend constexpr bool operator==(const EspHeader&, const EspHeader&) = default;
};

class EspView {
 public:
  [[nodiscard]] static constexpr Parsed<EspView> parse(Bytes bytes) {
    if (bytes.size() < EspLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return EspView(bytes);
  }

  [[nodiscard]] constexpr std::uint32_t security_parameters() const {
    return EspLayout::SecurityParameters::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint32_t sequence_number() const {
    return EspLayout::SequenceNumber::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes sealed() const { return bytes_.subspan(EspLayout::kSize); }
  [[nodiscard]] constexpr EspHeader header() const {
    return {security_parameters(), sequence_number()};
  }

 private:
  explicit constexpr EspView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const EspHeader& header, std::span<std::byte, EspLayout::kSize> out) {
  EspLayout::SecurityParameters::set(out, header.security_parameters);
  EspLayout::SequenceNumber::set(out, header.sequence_number);
}

}  // namespace strata::wire

// SPDX-License-Identifier: Apache-2.0
// Domain names (RFC 1035 3.1): as they stand in a message, compressed, and as plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "strata/wire/field.h"

//   03 'w' 'w' 'w' 07 'e' 'x' 'a' 'm' 'p' 'l' 'e' 00      www.example.
//   04 'm' 'a' 'i' 'l' c0 10                              mail, and on with what is at offset 16
//
// 1. A pointer leads to before the run of labels it ends (RFC 1035 4.1.4: a prior occurrence), so
//    every walk ends, and a view that exists can be walked without a further check.
// 2. Names compare without regard to ASCII case (RFC 4343); a value keeps the case it was made of.

namespace strata::wire {

inline constexpr std::size_t kDnsNameMax = 255;  // RFC 1035 2.3.4, final zero included
inline constexpr std::size_t kDnsLabelMax = 63;

[[nodiscard]] constexpr std::byte dns_lower(std::byte octet) {
  return octet >= std::byte{'A'} && octet <= std::byte{'Z'} ? octet | std::byte{0x20} : octet;
}

class DnsNameView {
 public:
  // Labels without their length bytes, the root's empty one left out.
  class Iterator {
   public:
    using value_type = Bytes;
    using difference_type = std::ptrdiff_t;
    constexpr Iterator(Bytes message, std::size_t at) : message_(message), at_(at) { jump(); }
    [[nodiscard]] constexpr Bytes operator*() const { return message_.subspan(at_ + 1, length()); }
    constexpr Iterator& operator++() {
      at_ += 1 + length();
      jump();
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.length() == 0;
    }

   private:
    [[nodiscard]] constexpr std::size_t length() const {
      return std::to_integer<std::size_t>(message_[at_]);
    }
    constexpr void jump() {
      while (is_pointer(message_[at_])) at_ = pointer(message_, at_);
    }
    Bytes message_;
    std::size_t at_;
  };

  // The name at `offset` of a message; offsets in pointers count from the message's first byte.
  [[nodiscard]] static constexpr Parsed<DnsNameView> parse(Bytes message, std::size_t offset) {
    std::size_t at = offset;
    std::size_t run = offset;  // where this run of labels began
    std::size_t end = 0;       // behind the name where it stands; 0: not known yet
    std::size_t size = 1;
    for (unsigned jumps = 0;;) {
      if (at >= message.size()) return std::unexpected(ParseError::kTooShort);
      const auto octet = std::to_integer<std::size_t>(message[at]);
      if (octet == 0) {
        return DnsNameView(message, offset, (end == 0 ? at + 1 : end) - offset, size);
      }
      if (is_pointer(message[at])) {
        if (at + 1 >= message.size()) return std::unexpected(ParseError::kTooShort);
        if (end == 0) end = at + 2;
        at = pointer(message, at);
        if (at >= run || ++jumps > kJumpsMax) return std::unexpected(ParseError::kBadValue);
        run = at;
        continue;
      }
      if (octet > kDnsLabelMax) return std::unexpected(ParseError::kBadValue);
      size += 1 + octet;
      if (size > kDnsNameMax) return std::unexpected(ParseError::kBadLength);
      at += 1 + octet;
    }
  }

  // Bytes it takes where it stands.
  [[nodiscard]] constexpr std::size_t size_in_message() const { return size_in_message_; }
  // Bytes it takes when it is written out.
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr bool is_root() const { return size_ == 1; }
  [[nodiscard]] constexpr Iterator begin() const { return {message_, offset_}; }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }

  friend constexpr bool operator==(const DnsNameView& a, const DnsNameView& b) {
    if (a.size() != b.size()) return false;
    Iterator other = b.begin();
    for (const Bytes label : a) {
      if (other == b.end() || !is_same_label(label, *other)) return false;
      ++other;
    }
    return other == b.end();
  }

 private:
  // A name has at most 127 labels, and nobody needs more than one pointer for each.
  static constexpr unsigned kJumpsMax = 127;

  constexpr DnsNameView(Bytes message, std::size_t offset, std::size_t size_in_message,
                        std::size_t size)
      : message_(message), offset_(offset), size_in_message_(size_in_message), size_(size) {}
  [[nodiscard]] static constexpr bool is_pointer(std::byte octet) {
    return (octet & std::byte{0xc0}) == std::byte{0xc0};
  }
  [[nodiscard]] static constexpr std::size_t pointer(Bytes message, std::size_t at) {
    return load_big_endian<std::uint16_t>(message.data() + at) & 0x3fffU;
  }
  [[nodiscard]] static constexpr bool is_same_label(Bytes a, Bytes b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (dns_lower(a[i]) != dns_lower(b[i])) return false;
    }
    return true;
  }

  Bytes message_;
  std::size_t offset_;
  std::size_t size_in_message_;
  std::size_t size_;
};

class DnsName {
 public:
  constexpr DnsName() = default;  // the root
  explicit constexpr DnsName(const DnsNameView& view) {
    std::size_t at = 0;
    for (const Bytes label : view) at = put(label, at);
    finish(at);
  }
  // "www.example.org", with or without the final dot; "." is the root. Letters, digits, hyphens and
  // what else programs use: any visible character but a backslash.
  [[nodiscard]] static constexpr std::optional<DnsName> parse(std::string_view text) {
    DnsName name;
    if (text == ".") return name;
    if (text.empty() || text.size() > kDnsNameMax) return std::nullopt;
    if (text.back() == '.') text.remove_suffix(1);
    std::size_t at = 0;
    for (;;) {
      const std::string_view label = text.substr(0, text.find('.'));
      if (label.empty() || label.size() > kDnsLabelMax) return std::nullopt;
      if (at + 1 + label.size() >= kDnsNameMax) return std::nullopt;
      name.octets_[at++] = static_cast<std::byte>(label.size());
      for (const char letter : label) {
        if (letter <= ' ' || letter > '~' || letter == '\\') return std::nullopt;
        name.octets_[at++] = static_cast<std::byte>(letter);
      }
      if (label.size() == text.size()) break;
      text.remove_prefix(label.size() + 1);
    }
    name.finish(at);
    return name;
  }

  // Length bytes, labels and the final zero.
  [[nodiscard]] constexpr Bytes bytes() const { return Bytes(octets_).first(size_); }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr bool is_root() const { return size_ == 1; }
  // Borrows this value's bytes.
  [[nodiscard]] constexpr DnsNameView view() const { return *DnsNameView::parse(bytes(), 0); }
  [[nodiscard]] constexpr std::size_t label_count() const {
    std::size_t count = 0;
    for (const Bytes label : view()) count += label.empty() ? 0 : 1;
    return count;
  }
  [[nodiscard]] constexpr DnsName lower_case() const {
    DnsName lower = *this;
    for (std::size_t i = 0; i < size_; ++i) lower.octets_[i] = dns_lower(lower.octets_[i]);
    return lower;
  }
  // Turns the case of each letter whose bit is asked for (draft-vixie-dnsext-dns0x20). Length bytes
  // are below 64 and so are no letters.
  template <typename NextBit>
  [[nodiscard]] constexpr DnsName with_case(NextBit next_bit) const {
    DnsName mixed = lower_case();
    for (std::size_t i = 0; i < size_; ++i) {
      std::byte& octet = mixed.octets_[i];
      const bool is_letter = octet >= std::byte{'a'} && octet <= std::byte{'z'};
      if (is_letter && next_bit()) octet &= ~std::byte{0x20};
    }
    return mixed;
  }
  // This name's labels and then those of `suffix`; nothing when that is too long.
  [[nodiscard]] constexpr std::optional<DnsName> joined(const DnsName& suffix) const {
    const std::size_t own = size_ - std::size_t{1};
    if (own + suffix.size_ > kDnsNameMax) return std::nullopt;
    DnsName whole = *this;
    copy_bytes(suffix.bytes(), MutableBytes(whole.octets_).subspan(own, suffix.size_));
    whole.size_ = static_cast<std::uint8_t>(own + suffix.size_);
    return whole;
  }
  // Whether it is `zone` or lies below it.
  [[nodiscard]] constexpr bool is_within(const DnsName& zone) const {
    for (std::size_t at = 0; size_ - at >= zone.size_;
         at += 1 + std::to_integer<std::size_t>(octets_[at])) {
      if (size_ - at == zone.size_) {
        return *DnsNameView::parse(bytes(), at) == zone.view();
      }
    }
    return false;
  }

  friend constexpr bool operator==(const DnsName& a, const DnsName& b) {
    return a.view() == b.view();
  }
  // With regard to case.
  [[nodiscard]] constexpr bool is_identical(const DnsNameView& other) const {
    const DnsName copy(other);
    if (copy.size_ != size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if (octets_[i] != copy.octets_[i]) return false;
    }
    return true;
  }

 private:
  constexpr std::size_t put(Bytes label, std::size_t at) {
    octets_[at] = static_cast<std::byte>(label.size());
    copy_bytes(label, MutableBytes(octets_).subspan(at + 1, label.size()));
    return at + 1 + label.size();
  }
  constexpr void finish(std::size_t at) {
    octets_[at] = std::byte{0};
    size_ = static_cast<std::uint8_t>(at + 1);
  }

  std::array<std::byte, kDnsNameMax> octets_{};
  std::uint8_t size_ = 1;
};

}  // namespace strata::wire

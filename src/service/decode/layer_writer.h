// SPDX-License-Identifier: Apache-2.0
// LayerWriter: puts the fields of one layer down, each only if its bytes are there.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/decode/decode.h"
#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/wire/field.h"

namespace strata::service::decoding {

// A packet and its layers so far.
struct Decoding {
  Bytes packet;
  std::vector<DecodedLayer> layers{};
  bool is_quoted = false;  // inside an ICMP error: often cut, and never to be checked

  [[nodiscard]] bool is_full() const { return layers.size() >= kDecodedLayersMax; }
};

// Where a wire::Field lies, in bits.
template <typename F>
struct FieldPlace {
  static constexpr std::size_t kBit = 8 * F::kBegin;
  static constexpr std::size_t kBits = 8 * (F::kEnd - F::kBegin);
  static constexpr std::size_t kEnd = F::kEnd;
};
template <typename Base, unsigned kShift, unsigned kWidth>
struct FieldPlace<wire::Bits<Base, kShift, kWidth>> {
  static constexpr std::size_t kBit = 8 * Base::kEnd - kShift - kWidth;
  static constexpr std::size_t kBits = kWidth;
  static constexpr std::size_t kEnd = Base::kEnd;
};

// Fields are put down in the order of the wire. The first that does not fit leaves a field
// kUnreadable in its place, and those after it are left out.
class LayerWriter {
 public:
  // `bytes` are the layer's and what follows it; a whole header has `header_size` of them.
  LayerWriter(Decoding& decoding, std::string_view name, Bytes bytes, std::size_t header_size);

  // Each returns the number that it put down, 0 where there is none.
  template <typename F>
  std::uint64_t decimal(std::string_view name) {
    return put<F>(name, [](std::uint64_t value) { return std::to_string(value); });
  }
  template <typename F>
  std::uint64_t hexadecimal(std::string_view name) {
    constexpr std::size_t kDigits = (FieldPlace<F>::kBits + 3) / 4;
    return put<F>(name, [](std::uint64_t value) { return hex_text(value, kDigits); });
  }
  // The note stands only with a set bit.
  template <typename F>
  bool flag(std::string_view name, std::string_view when_set) {
    const bool is_set = decimal<F>(name) != 0;
    if (is_set) note(std::string(when_set));
    return is_set;
  }
  // A MacField, an Ipv4Field or an Ipv6Field.
  template <typename F>
  auto address(std::string_view name) {
    using Address = decltype(F::get(Bytes{}));
    if (!has(FieldPlace<F>::kEnd)) return Address{};
    const Address value = F::get(bytes_);
    append(name, address_text(value, FieldPlace<F>::kBits), FieldPlace<F>::kBit,
           FieldPlace<F>::kBits);
    note(address_note(value));
    return value;
  }

  // `size` bytes at `at` of the layer, which the caller has read.
  void add(std::string_view name, std::string value, std::size_t at, std::size_t size,
           std::string note = {});
  // Of the field before; an empty one changes nothing.
  void note(std::string text);
  // Ends the layer at `at`: what is there cannot be read.
  void stop(std::size_t at, std::string why);
  // Longer than the fixed header.
  void set_size(std::size_t size);

  [[nodiscard]] bool has_stopped() const { return has_stopped_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }

  [[nodiscard]] static std::string hex_text(std::uint64_t value, std::size_t digits);
  // `bits` tells an IPv6 address that reads as a v4-mapped one from an IPv4 address.
  [[nodiscard]] static std::string address_text(const MacAddress& address, std::size_t bits);
  [[nodiscard]] static std::string address_text(const IpAddress& address, std::size_t bits);
  [[nodiscard]] static std::string address_note(const MacAddress& address);
  [[nodiscard]] static std::string address_note(const IpAddress& address);

 private:
  template <typename F, typename ToText>
  std::uint64_t put(std::string_view name, ToText to_text) {
    if (!has(FieldPlace<F>::kEnd)) return 0;
    const std::uint64_t value = F::get(bytes_);
    append(name, to_text(value), FieldPlace<F>::kBit, FieldPlace<F>::kBits);
    return value;
  }
  [[nodiscard]] bool has(std::size_t end);
  void append(std::string_view name, std::string value, std::size_t bit, std::size_t bits);
  [[nodiscard]] DecodedLayer& layer() { return decoding_.layers[index_]; }

  Decoding& decoding_;
  Bytes bytes_;
  std::size_t header_size_;
  std::size_t index_;
  bool has_stopped_ = false;
  bool takes_note_ = false;
};

}  // namespace strata::service::decoding

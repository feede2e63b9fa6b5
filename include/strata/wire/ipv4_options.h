// SPDX-License-Identifier: Apache-2.0
// IPv4 options (RFC 791 3.1, RFC 2113): read one by one, write into at most forty bytes.
//
// A reader stops at the first option whose length makes no sense and says where, so that the good
// ones before it are still seen and ICMP can point at the bad one (RFC 1122 3.2.2.5).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/ipv4.h"

namespace strata::wire {

inline constexpr std::uint8_t kIpv4OptionEnd = 0;
inline constexpr std::uint8_t kIpv4OptionNoOperation = 1;
inline constexpr std::uint8_t kIpv4OptionRecordRoute = 7;
inline constexpr std::uint8_t kIpv4OptionQuickStart = 25;  // RFC 4782
inline constexpr std::uint8_t kIpv4OptionTimestamp = 68;
inline constexpr std::uint8_t kIpv4OptionTraceroute = 82;  // RFC 1393, deprecated by RFC 6814
inline constexpr std::uint8_t kIpv4OptionSecurity = 130;   // RFC 1108
inline constexpr std::uint8_t kIpv4OptionLooseSourceRoute = 131;
inline constexpr std::uint8_t kIpv4OptionExtendedSecurity = 133;
inline constexpr std::uint8_t kIpv4OptionCommercialSecurity = 134;  // CIPSO
inline constexpr std::uint8_t kIpv4OptionStreamId = 136;            // deprecated by RFC 6814
inline constexpr std::uint8_t kIpv4OptionStrictSourceRoute = 137;
inline constexpr std::uint8_t kIpv4OptionRouterAlert = 148;

struct Ipv4Option {
  std::uint8_t type = kIpv4OptionEnd;
  std::size_t offset = 0;  // of the type byte within the options; add 20 for an ICMP pointer
  Bytes data = {};         // after type and length; none for End and NoOperation

  // RFC 791: goes into every fragment, not only the first.
  [[nodiscard]] constexpr bool is_copied() const { return (type & 0x80U) != 0; }
  [[nodiscard]] constexpr unsigned option_class() const { return (type >> 5U) & 3U; }
  [[nodiscard]] constexpr unsigned number() const { return type & 31U; }
};

// Options in order, NoOperation included; End and what pads the header after it are not yielded.
class Ipv4OptionReader {
 public:
  explicit constexpr Ipv4OptionReader(Bytes options) : options_(options) {}

  [[nodiscard]] constexpr std::optional<Ipv4Option> next() {
    if (malformed_at_ || at_ == options_.size()) return std::nullopt;
    const std::size_t begin = at_;
    const auto type = std::to_integer<std::uint8_t>(options_[begin]);
    if (type == kIpv4OptionEnd) {
      at_ = options_.size();
      return std::nullopt;
    }
    if (type == kIpv4OptionNoOperation) {
      at_ = begin + 1;
      return Ipv4Option{type, begin, {}};
    }
    const std::size_t left = options_.size() - begin;
    const std::size_t length = left < 2 ? 0 : std::to_integer<std::size_t>(options_[begin + 1]);
    if (length < 2 || length > left) {
      malformed_at_ = begin;
      return std::nullopt;
    }
    at_ = begin + length;
    return Ipv4Option{type, begin, options_.subspan(begin + 2, length - 2)};
  }

  // The offset of an option that runs out of the header or claims less than its own two bytes.
  [[nodiscard]] constexpr std::optional<std::size_t> malformed_at() const { return malformed_at_; }

 private:
  Bytes options_;
  std::size_t at_ = 0;
  std::optional<std::size_t> malformed_at_;
};

// Record route and both source routes (RFC 791): a pointer, then addresses. The pointer counts
// from the option's type byte, beginning with 1, so 4 is the first address.
class Ipv4RouteOptionView {
 public:
  [[nodiscard]] static constexpr Parsed<Ipv4RouteOptionView> parse(const Ipv4Option& option) {
    if (option.type != kIpv4OptionRecordRoute && option.type != kIpv4OptionLooseSourceRoute &&
        option.type != kIpv4OptionStrictSourceRoute) {
      return std::unexpected(ParseError::kBadValue);
    }
    if (option.data.empty()) return std::unexpected(ParseError::kTooShort);
    const auto pointer = std::to_integer<std::size_t>(option.data[0]);
    if (pointer < 4 || pointer % 4 != 0) return std::unexpected(ParseError::kBadValue);
    // RFC 791: some room left, but not for a whole address, makes the datagram erroneous.
    const std::size_t length = option.data.size() + 2;
    if (pointer <= length && pointer + 3 > length) return std::unexpected(ParseError::kBadLength);
    return Ipv4RouteOptionView(option.data);
  }

  [[nodiscard]] constexpr std::uint8_t pointer() const {
    return std::to_integer<std::uint8_t>(data_[0]);
  }
  [[nodiscard]] constexpr std::size_t slots() const { return (data_.size() - 1) / 4; }
  // RFC 791: a pointer beyond the option means that every slot has been used.
  [[nodiscard]] constexpr std::size_t slots_used() const {
    return std::min<std::size_t>((pointer() / 4U) - 1, slots());
  }
  [[nodiscard]] constexpr bool is_complete() const { return slots_used() == slots(); }
  // `slot` < slots().
  [[nodiscard]] constexpr IpAddress address(std::size_t slot) const {
    return IpAddress::v4(load_big_endian<std::uint32_t>(data_.data() + 1 + (4 * slot)));
  }
  // Where a source-routed packet goes after here.
  [[nodiscard]] constexpr std::optional<IpAddress> next_hop() const {
    if (is_complete()) return std::nullopt;
    return address(slots_used());
  }

 private:
  explicit constexpr Ipv4RouteOptionView(Bytes data) : data_(data) {}
  Bytes data_;
};

enum class Ipv4TimestampFlag : std::uint8_t {
  kTimesOnly = 0,
  kAddressesAndTimes = 1,
  kPrespecified = 3,  // only the named addresses add their times
};

// Internet timestamp (RFC 791): pointer (5 is the first slot), overflow and flag, then slots.
class Ipv4TimestampOptionView {
 public:
  [[nodiscard]] static constexpr Parsed<Ipv4TimestampOptionView> parse(const Ipv4Option& option) {
    if (option.type != kIpv4OptionTimestamp) return std::unexpected(ParseError::kBadValue);
    if (option.data.size() < 2) return std::unexpected(ParseError::kTooShort);
    const Ipv4TimestampOptionView view(option.data);
    const auto flag = static_cast<std::uint8_t>(view.flag());
    if (flag > 3 || flag == 2) return std::unexpected(ParseError::kBadValue);
    const std::size_t pointer = view.pointer();
    if (pointer < 5 || (pointer - 5) % view.slot_size() != 0) {
      return std::unexpected(ParseError::kBadValue);
    }
    // RFC 791: some room left, but not for a whole timestamp, makes the datagram erroneous.
    const std::size_t length = option.data.size() + 2;
    if (pointer <= length && pointer + view.slot_size() - 1 > length) {
      return std::unexpected(ParseError::kBadLength);
    }
    return view;
  }

  [[nodiscard]] constexpr std::uint8_t pointer() const {
    return std::to_integer<std::uint8_t>(data_[0]);
  }
  // How many hosts had no slot left for their time.
  [[nodiscard]] constexpr unsigned overflow() const {
    return std::to_integer<unsigned>(data_[1] >> 4U);
  }
  [[nodiscard]] constexpr Ipv4TimestampFlag flag() const {
    return Ipv4TimestampFlag{std::to_integer<std::uint8_t>(data_[1] & std::byte{0xf})};
  }
  [[nodiscard]] constexpr std::size_t slot_size() const {
    return flag() == Ipv4TimestampFlag::kTimesOnly ? 4 : 8;
  }
  [[nodiscard]] constexpr std::size_t slots() const { return (data_.size() - 2) / slot_size(); }
  [[nodiscard]] constexpr std::size_t slots_used() const {
    return std::min<std::size_t>((pointer() - 5U) / slot_size(), slots());
  }
  [[nodiscard]] constexpr bool is_complete() const { return slots_used() == slots(); }
  // `slot` < slots(); for kTimesOnly there is no address.
  [[nodiscard]] constexpr std::optional<IpAddress> address(std::size_t slot) const {
    if (flag() == Ipv4TimestampFlag::kTimesOnly) return std::nullopt;
    return IpAddress::v4(load_big_endian<std::uint32_t>(data_.data() + 2 + (8 * slot)));
  }
  // Milliseconds since midnight UT, or anything at all when the top bit is set.
  [[nodiscard]] constexpr std::uint32_t time(std::size_t slot) const {
    return load_big_endian<std::uint32_t>(data_.data() + 2 + (slot_size() * (slot + 1)) - 4);
  }

 private:
  explicit constexpr Ipv4TimestampOptionView(Bytes data) : data_(data) {}
  Bytes data_;
};

// RFC 2113 2.1: 0 asks every router on the way to look at the packet.
[[nodiscard]] constexpr Parsed<std::uint16_t> parse_ipv4_router_alert(const Ipv4Option& option) {
  if (option.type != kIpv4OptionRouterAlert) return std::unexpected(ParseError::kBadValue);
  if (option.data.size() != 2) return std::unexpected(ParseError::kBadLength);
  return load_big_endian<std::uint16_t>(option.data.data());
}

struct Ipv4SecurityOption {
  std::uint8_t classification = 0;  // RFC 1108 2.3; under RFC 791 the high half of its S field
  Bytes authorities;                // RFC 1108 2.4: seven flags per byte, low bit "more follows"
};

[[nodiscard]] constexpr Parsed<Ipv4SecurityOption> parse_ipv4_security(const Ipv4Option& option) {
  if (option.type != kIpv4OptionSecurity) return std::unexpected(ParseError::kBadValue);
  if (option.data.empty()) return std::unexpected(ParseError::kTooShort);
  return Ipv4SecurityOption{std::to_integer<std::uint8_t>(option.data[0]), option.data.subspan(1)};
}

// Builds an options area. What does not fit is refused, and leaves the area as it was.
class Ipv4OptionWriter {
 public:
  // An option of any type but End and NoOperation. `data` excludes type and length.
  constexpr bool add(std::uint8_t type, Bytes data) {
    if (data.size() > bytes_.size() - 2) return false;
    const MutableBytes option = extend(data.size() + 2);
    if (option.empty()) return false;
    option[0] = std::byte{type};
    option[1] = static_cast<std::byte>(data.size() + 2);
    copy_bytes(data, option.subspan(2));
    return true;
  }
  constexpr bool add_no_operation() {
    const MutableBytes option = extend(1);
    if (option.empty()) return false;
    option[0] = std::byte{kIpv4OptionNoOperation};
    return true;
  }
  constexpr bool add_router_alert(std::uint16_t value = 0) {
    std::array<std::byte, 2> data{};
    store_big_endian(data.data(), value);
    return add(kIpv4OptionRouterAlert, data);
  }
  // Room for `slots` addresses, at most nine.
  constexpr bool add_record_route(std::size_t slots) {
    const MutableBytes data = add_empty(kIpv4OptionRecordRoute, slots, 4, 1);
    if (data.empty()) return false;
    data[0] = std::byte{4};
    return true;
  }
  // The hops after the first, which is the packet's destination address (RFC 791 3.1).
  constexpr bool add_source_route(bool strict, std::span<const IpAddress> hops) {
    const std::uint8_t type = strict ? kIpv4OptionStrictSourceRoute : kIpv4OptionLooseSourceRoute;
    const MutableBytes data = add_empty(type, hops.size(), 4, 1);
    if (data.empty()) return false;
    data[0] = std::byte{4};
    for (std::size_t i = 0; i < hops.size(); ++i) {
      store_big_endian(data.data() + 1 + (4 * i), hops[i].v4_value());
    }
    return true;
  }
  // Room for `slots` times; with addresses at most four, without at most nine.
  constexpr bool add_timestamp(bool with_addresses, std::size_t slots) {
    const MutableBytes data = add_empty(kIpv4OptionTimestamp, slots, with_addresses ? 8 : 4, 2);
    if (data.empty()) return false;
    data[0] = std::byte{5};
    data[1] = static_cast<std::byte>(with_addresses ? Ipv4TimestampFlag::kAddressesAndTimes
                                                    : Ipv4TimestampFlag::kTimesOnly);
    return true;
  }
  // Asks these hosts, at most four, for their times.
  constexpr bool add_timestamp(std::span<const IpAddress> hosts) {
    const MutableBytes data = add_empty(kIpv4OptionTimestamp, hosts.size(), 8, 2);
    if (data.empty()) return false;
    data[0] = std::byte{5};
    data[1] = static_cast<std::byte>(Ipv4TimestampFlag::kPrespecified);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      store_big_endian(data.data() + 2 + (8 * i), hosts[i].v4_value());
    }
    return true;
  }

  // Padded with End to a multiple of four, so that it may follow the fixed header as it is.
  [[nodiscard]] constexpr Bytes bytes() const { return Bytes(bytes_).first((length_ + 3) / 4 * 4); }

 private:
  [[nodiscard]] constexpr MutableBytes extend(std::size_t by) {
    if (by > bytes_.size() - length_) return {};
    length_ += by;
    return MutableBytes(bytes_).subspan(length_ - by, by);
  }
  // An option of zeroed slots behind `prefix` bytes; empty when it does not fit.
  [[nodiscard]] constexpr MutableBytes add_empty(std::uint8_t type, std::size_t slots,
                                                 std::size_t slot_size, std::size_t prefix) {
    if (slots > Ipv4Layout::kOptionsMax / slot_size) return {};
    const std::size_t size = 2 + prefix + (slots * slot_size);
    const MutableBytes option = extend(size);
    if (option.empty()) return {};
    option[0] = std::byte{type};
    option[1] = static_cast<std::byte>(size);
    return option.subspan(2);
  }

  std::array<std::byte, Ipv4Layout::kOptionsMax> bytes_{};
  std::size_t length_ = 0;
};

// RFC 791 3.2, fragmentation: the options that go into fragments after the first. Options that
// cannot be read end the list, as they do for every receiver.
[[nodiscard]] constexpr Ipv4OptionWriter copied_options(Bytes options) {
  Ipv4OptionWriter writer;
  Ipv4OptionReader reader(options);
  while (const auto option = reader.next()) {
    if (option->is_copied()) writer.add(option->type, option->data);
  }
  return writer;
}

// What a router or the final host does to a route option it found (RFC 791, RFC 1812 4.2.2.6).
enum class Ipv4OptionUpdate : std::uint8_t {
  kRecorded,
  kUnchanged,  // no slot left, or a prespecified slot that waits for another host
  kOverflow,   // RFC 791: the timestamp overflow counter is full, the packet is in error
};

// Writes `address` where the pointer is and moves the pointer on. For a source route, that is the
// address the packet leaves from; its next hop has been read before.
constexpr Ipv4OptionUpdate record_address(MutableBytes options, const Ipv4Option& option,
                                          const IpAddress& address) {
  const Parsed<Ipv4RouteOptionView> view = Ipv4RouteOptionView::parse(option);
  if (!view || view->is_complete()) return Ipv4OptionUpdate::kUnchanged;
  std::byte* const data = options.data() + option.offset + 2;
  store_big_endian(data + view->pointer() - 3, address.v4_value());
  data[0] = static_cast<std::byte>(view->pointer() + 4U);
  return Ipv4OptionUpdate::kRecorded;
}

// `time` is milliseconds since midnight UT, or any number with the top bit set.
constexpr Ipv4OptionUpdate record_time(MutableBytes options, const Ipv4Option& option,
                                       const IpAddress& own_address, std::uint32_t time) {
  const Parsed<Ipv4TimestampOptionView> view = Ipv4TimestampOptionView::parse(option);
  if (!view) return Ipv4OptionUpdate::kUnchanged;
  std::byte* const data = options.data() + option.offset + 2;
  if (view->is_complete()) {
    // RFC 791: prespecified slots are never missing, so there is nothing to count.
    if (view->flag() == Ipv4TimestampFlag::kPrespecified) return Ipv4OptionUpdate::kUnchanged;
    if (view->overflow() == 15) return Ipv4OptionUpdate::kOverflow;
    data[1] = static_cast<std::byte>(std::to_integer<unsigned>(data[1]) + 0x10U);
    return Ipv4OptionUpdate::kRecorded;
  }
  const std::size_t slot = view->slots_used();
  if (view->flag() == Ipv4TimestampFlag::kPrespecified && view->address(slot) != own_address) {
    return Ipv4OptionUpdate::kUnchanged;
  }
  std::byte* const entry = data + 2 + (slot * view->slot_size());
  if (view->flag() == Ipv4TimestampFlag::kAddressesAndTimes) {
    store_big_endian(entry, own_address.v4_value());
  }
  store_big_endian(entry + view->slot_size() - 4, time);
  data[0] = static_cast<std::byte>(view->pointer() + view->slot_size());
  return Ipv4OptionUpdate::kRecorded;
}

}  // namespace strata::wire

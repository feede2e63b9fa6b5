// SPDX-License-Identifier: Apache-2.0
// Netlink messages: a header, a structure of the message's kind, and attributes behind it, each
// aligned to four bytes.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/address.h"
#include "strata/bytes.h"

namespace strata::attach {

// The bytes of an address as netlink has them: 4 or 16.
[[nodiscard]] inline Bytes wire_bytes(const IpAddress& address) {
  return address.is_v4() ? Bytes(address.bytes()).last(4) : Bytes(address.bytes());
}

// Writes one message behind another.
class MessageWriter {
 public:
  // Who asked, and under which number: every answer says so.
  MessageWriter(std::uint32_t port, std::uint32_t sequence) : port_(port), sequence_(sequence) {}

  template <typename Header>
  void begin(int type, int flags, const Header& header) {
    begin(type, flags);
    append(std::as_bytes(std::span(&header, 1)));
  }
  void begin(int type, int flags);
  void append(Bytes bytes);
  void attribute(int type, Bytes value);
  void text(int type, std::string_view value);
  template <typename T>
  void number(int type, T value) {
    attribute(type, std::as_bytes(std::span(&value, 1)));
  }
  // The message begun last is whole: it goes into a datagram. Small ones share one, up to the page
  // that programs have room for.
  void end();

  [[nodiscard]] std::vector<std::vector<std::byte>> take() { return std::move(datagrams_); }

 private:
  std::uint32_t port_;
  std::uint32_t sequence_;
  std::vector<std::byte> message_;
  std::vector<std::vector<std::byte>> datagrams_;
};

// A request of a program: whatever it is, nothing outside `bytes` is looked at.
struct NetlinkRequest {
  nlmsghdr header{};
  Bytes body{};  // behind the header

  // The structure at the beginning of the body; what is missing is zero, but for `least` bytes of
  // it nothing is.
  template <typename T>
  [[nodiscard]] std::optional<T> structure(std::size_t least = sizeof(T)) const {
    if (body.size() < least) return std::nullopt;
    T plain{};
    std::memcpy(&plain, body.data(), body.size() < sizeof(T) ? body.size() : sizeof(T));
    return plain;
  }
  // The attribute of this type behind a structure of `after` bytes.
  [[nodiscard]] std::optional<Bytes> attribute(std::size_t after, int type) const;
};

// The next request of a datagram, which loses it; nothing when it is used up or makes no sense.
[[nodiscard]] std::optional<NetlinkRequest> next_request(Bytes& datagram);

}  // namespace strata::attach

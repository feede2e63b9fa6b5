// SPDX-License-Identifier: Apache-2.0
#include "script/call/arguments.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "script/call/symbols.h"
#include "socket/posix/socket_address.h"

namespace strata::script {
namespace {

using Kind = Expression::Kind;

constexpr std::size_t kBytesMax = std::size_t{64} << 20U;  // of all arguments of one call

}  // namespace

std::optional<std::int64_t> number_of(const Expression& expression, std::string& error) {
  switch (expression.kind) {
    case Kind::kInteger: return expression.integer;
    case Kind::kWord: {
      const auto value = symbol(expression.text);
      if (!value) error = fmt::format("unknown symbol: '{}'", expression.text);
      return value;
    }
    case Kind::kOr: {
      std::int64_t whole = 0;
      for (const Expression& item : expression.items) {
        const auto value = number_of(item, error);
        if (!value) return std::nullopt;
        whole |= *value;
      }
      return whole;
    }
    case Kind::kCall:
      if (expression.text == "htons" && expression.items.size() == 1) {
        return number_of(expression.items[0], error);
      }
      error = fmt::format("'{}' is no number", expression.text);
      return std::nullopt;
    default: error = "expected a number"; return std::nullopt;
  }
}

const Expression* field_of(const Expression& structure, std::string_view name) {
  if (structure.kind != Kind::kStruct) return nullptr;
  for (const Expression& field : structure.items) {
    if (field.kind == Kind::kField && field.text == name) return &field.items.front();
  }
  return nullptr;
}

void Arguments::expect_count(std::size_t least, std::size_t most) {
  if (count() >= least && count() <= most) return;
  fail(least == most ? fmt::format("Expected {} args but got {}", least, count())
                     : fmt::format("Expected {} to {} args but got {}", least, most, count()));
}

const Expression& Arguments::at(std::size_t index) const {
  static const Expression kNone;
  return index < call_.arguments.size() ? call_.arguments[index] : kNone;
}

std::int64_t Arguments::integer(const Expression& expression) {
  std::string wrong;
  const auto value = number_of(expression, wrong);
  if (!value) fail(std::move(wrong));
  return value.value_or(0);
}

int Arguments::whole(std::size_t index) {
  const std::int64_t value = integer(index);
  // Masks are often written as unsigned.
  if (value < INT32_MIN || value > UINT32_MAX) {
    fail(fmt::format("Value out of range for 32-bit integer: {}", value));
    return 0;
  }
  return static_cast<int>(static_cast<std::uint32_t>(value));
}

std::size_t Arguments::size(const Expression& expression) {
  const std::int64_t value = integer(expression);
  if (value < 0 || value > static_cast<std::int64_t>(kBytesMax)) {
    fail(fmt::format("a size of {} bytes: scripts may have up to {}", value, kBytesMax));
    return 0;
  }
  return static_cast<std::size_t>(value);
}

int Arguments::descriptor(const Expression& expression) {
  const std::int64_t number = integer(expression);
  const auto known = descriptors_.find(static_cast<int>(number));
  return known == descriptors_.end() ? -1 : known->second;
}

std::int64_t Arguments::only_element(std::size_t index) {
  const Expression& array = at(index);
  if (array.kind != Kind::kArray || array.items.size() != 1) {
    fail("Expected [<element>]");
    return 0;
  }
  return integer(array.items[0]);
}

std::span<std::byte> Arguments::memory(std::size_t bytes) {
  if (bytes > kBytesMax - bytes_used_) {
    fail("more memory than a script may have");
    bytes = 0;
  }
  bytes_used_ += bytes;
  // A byte more than asked for, so that there always is an address to point to.
  std::vector<std::byte>& block = scratch_.emplace_back(bytes + 1);
  return std::span(block).first(bytes);
}

void* Arguments::buffer(const Expression& expression, std::size_t bytes) {
  const bool is_null = (expression.kind == Kind::kWord && expression.text == "NULL") ||
                       (expression.kind == Kind::kInteger && expression.integer == 0);
  if (is_null) return nullptr;
  const std::span<std::byte> block = memory(bytes);
  switch (expression.kind) {
    case Kind::kEllipsis: break;
    case Kind::kString:
      std::memcpy(block.data(), expression.text.data(),
                  std::min(expression.text.size(), block.size()));
      break;
    default: fail("Expected ... or NULL for buffer"); break;
  }
  return block.data();
}

std::span<iovec> Arguments::vectors(const Expression& array, std::int64_t count) {
  if (array.kind != Kind::kArray) {
    fail("Bad type; expected: array of iovec");
    return {};
  }
  if (count != static_cast<std::int64_t>(array.items.size())) {
    fail(fmt::format("iov_count {} does not match {}-element iovec array", count,
                     array.items.size()));
    return {};
  }
  const std::span<std::byte> block = memory(array.items.size() * sizeof(iovec));
  const std::span<iovec> parts(reinterpret_cast<iovec*>(block.data()),
                               block.size() / sizeof(iovec));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Expression& item = array.items[i];
    if (item.kind != Kind::kStruct || item.items.size() != 2) {
      fail("Bad type; expected: {..., length}");
      return {};
    }
    const std::size_t length = size(item.items[1]);
    parts[i] = {buffer(item.items[0], length), length};
  }
  return parts;
}

std::optional<Endpoint> Arguments::endpoint_of(const Expression& structure) {
  const Expression* family = field_of(structure, "sa_family");
  const Expression* port = field_of(structure, "sin_port");
  if (port == nullptr) port = field_of(structure, "sin6_port");
  const Expression* address = field_of(structure, "sin_addr");
  if (address == nullptr) address = field_of(structure, "sin6_addr");
  if (family == nullptr || port == nullptr || address == nullptr) return std::nullopt;
  const bool is_call = address->kind == Kind::kCall && address->items.size() == 1 &&
                       address->items[0].kind == Kind::kString;
  if (!is_call) return std::nullopt;
  const auto parsed = IpAddress::parse(address->items[0].text);
  if (!parsed) return std::nullopt;
  return Endpoint{*parsed, static_cast<std::uint16_t>(integer(*port))};
}

Arguments::Address Arguments::address(const Expression& expression, const Endpoint& usual) {
  std::optional<Endpoint> endpoint = usual;
  AddressFamily family = options_.is_socket_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  if (expression.kind == Kind::kStruct) {
    endpoint = endpoint_of(expression);
    const Expression* given = field_of(expression, "sa_family");
    if (given != nullptr) {
      family = integer(*given) == AF_INET6 ? AddressFamily::kIpv6 : AddressFamily::kIpv4;
    }
    if (!endpoint) fail("Bad type; expected: {sa_family = ..., sin_port = ..., sin_addr = ...}");
  } else if (expression.kind != Kind::kEllipsis) {
    if (integer(expression) != 0) fail("Expected ... or NULL for an address");
    if (expression.text != "AF_UNSPEC") return {};
    return address_room();  // whose family is this one
  }
  const Address room = address_room();
  const socklen_t size =
      posix::write_address(endpoint.value_or(usual), family, room.address, room.size);
  return {room.address, size};
}

Arguments::Address Arguments::address_room() {
  const std::span<std::byte> block = memory(sizeof(sockaddr_storage));
  return {reinterpret_cast<sockaddr*>(block.data()), static_cast<socklen_t>(block.size())};
}

}  // namespace strata::script

// SPDX-License-Identifier: Apache-2.0
#include "strata/asio/services.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <charconv>

namespace strata::asio {
namespace {

std::optional<std::uint16_t> number_of(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::uint16_t> port_of(const std::string& service, bool is_numeric) {
  if (service.empty()) return 0;
  if (const auto number = number_of(service)) return number;
  if (is_numeric) return std::nullopt;
  std::array<char, 1024> room{};
  servent entry{};
  servent* found = nullptr;
  if (::getservbyname_r(service.c_str(), "tcp", &entry, room.data(), room.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

std::optional<Endpoint> parse_scoped(std::string_view text) {
  const std::size_t percent = text.find('%');
  const auto address = IpAddress::parse(text.substr(0, percent));
  if (!address) return std::nullopt;
  if (percent == std::string_view::npos) return Endpoint{*address};
  const auto zone = number_of(text.substr(percent + 1));
  if (!zone || address->is_v4()) return std::nullopt;
  return Endpoint{*address, 0, *zone};
}

}  // namespace strata::asio

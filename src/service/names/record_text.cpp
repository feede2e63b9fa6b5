// SPDX-License-Identifier: Apache-2.0
#include "service/names/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace strata::service {
namespace {

using wire::DnsType;

constexpr std::array<std::pair<std::string_view, DnsType>, 9> kTypes{{
    {"A", DnsType::kA},
    {"NS", DnsType::kNs},
    {"CNAME", DnsType::kCname},
    {"SOA", DnsType::kSoa},
    {"PTR", DnsType::kPtr},
    {"MX", DnsType::kMx},
    {"TXT", DnsType::kTxt},
    {"AAAA", DnsType::kAaaa},
    {"SRV", DnsType::kSrv},
}};
constexpr std::string_view kUnnamed = "TYPE";
constexpr std::size_t kExchangeOffset = 2;  // RFC 1035 3.3.9: behind the preference

void append(std::string& text, std::byte octet, std::string_view escaped) {
  const auto letter = std::to_integer<unsigned char>(octet);
  if (letter < ' ' || letter > '~') {
    text += fmt::format("\\{:03}", letter);
    return;
  }
  if (escaped.find(static_cast<char>(letter)) != std::string_view::npos) text += '\\';
  text += static_cast<char>(letter);
}

std::string hex_text(Bytes data) {
  std::string text = fmt::format("\\# {}", data.size());
  if (!data.empty()) text += ' ';
  for (const std::byte octet : data) text += fmt::format("{:02x}", std::to_integer<int>(octet));
  return text;
}

std::string strings_text(wire::DnsTextReader reader) {
  std::string text;
  while (const auto next = reader.next()) {
    text += text.empty() ? "\"" : " \"";
    for (const std::byte octet : *next) append(text, octet, "\"\\");
    text += '"';
  }
  return text;
}

}  // namespace

std::string to_text(const wire::DnsNameView& name) {
  std::string text;
  for (const Bytes label : name) {
    for (const std::byte octet : label) append(text, octet, ".\\");
    text += '.';
  }
  return text.empty() ? "." : text;
}

std::string to_text(DnsType type) {
  const auto* const found =
      std::ranges::find(kTypes, type, [](const auto& of) { return of.second; });
  if (found != kTypes.end()) return std::string(found->first);
  return fmt::format("{}{}", kUnnamed, static_cast<unsigned>(type));
}

std::optional<DnsType> parse_dns_type(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const auto& [name, type] : kTypes) {
    if (name == upper) return type;
  }
  if (!upper.starts_with(kUnnamed)) return std::nullopt;
  std::uint16_t number = 0;
  const char* const end = upper.data() + upper.size();
  const auto [stop, error] = std::from_chars(upper.data() + kUnnamed.size(), end, number);
  if (error != std::errc{} || stop != end || number == 0) return std::nullopt;
  return static_cast<DnsType>(number);
}

std::string data_text(const wire::DnsRecordView& record) {
  if (const auto address = wire::dns_address(record)) {
    return std::string(strata::to_text(*address).view());
  }
  if (const auto target = wire::dns_target(record)) return to_text(*target);
  if (const auto soa = wire::DnsSoa::parse(record)) {
    return fmt::format("{} {} {} {} {} {} {}", to_text(soa->primary.view()),
                       to_text(soa->mailbox.view()), soa->serial, soa->refresh_s, soa->retry_s,
                       soa->expire_s, soa->minimum_s);
  }
  if (const auto srv = wire::DnsSrv::parse(record)) {
    return fmt::format("{} {} {} {}", srv->priority, srv->weight, srv->port,
                       to_text(srv->target.view()));
  }
  if (const auto strings = wire::DnsTextReader::parse(record)) return strings_text(*strings);
  if (record.type == DnsType::kMx && record.data_length > kExchangeOffset) {
    if (const auto exchange = record.name_at(kExchangeOffset)) {
      return fmt::format("{} {}", load_big_endian<std::uint16_t>(record.data().data()),
                         to_text(*exchange));
    }
  }
  return hex_text(record.data());
}

}  // namespace strata::service

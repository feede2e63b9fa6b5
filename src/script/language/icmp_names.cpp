// SPDX-License-Identifier: Apache-2.0
#include "script/language/icmp_names.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace strata::script {
namespace {

struct TypeName {
  std::uint8_t type;
  std::string_view name;
};
struct CodeName {
  std::uint8_t type;
  std::uint8_t code;
  std::string_view name;
};

// RFC 792, RFC 950.
constexpr TypeName kTypesV4[] = {
    {0, "echo_reply"},          {3, "unreachable"},
    {4, "source_quench"},       {5, "redirect"},
    {8, "echo_request"},        {11, "time_exceeded"},
    {12, "parameter_problem"},  {13, "timestamp_request"},
    {14, "timestamp_reply"},    {15, "information_request"},
    {16, "information_reply"},  {17, "address_mask_request"},
    {18, "address_mask_reply"},
};
// RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1.
constexpr CodeName kCodesV4[] = {
    {3, 0, "net_unreachable"},
    {3, 1, "host_unreachable"},
    {3, 2, "protocol_unreachable"},
    {3, 3, "port_unreachable"},
    {3, 4, "frag_needed"},
    {3, 5, "source_route_failed"},
    {3, 6, "net_unknown"},
    {3, 7, "host_unknown"},
    {3, 8, "source_host_isolated"},
    {3, 9, "net_prohibited"},
    {3, 10, "host_prohibited"},
    {3, 11, "net_unreachable_for_tos"},
    {3, 12, "host_unreachable_for_tos"},
    {3, 13, "packet_filtered"},
    {3, 14, "precedence_violation"},
    {3, 15, "precedence_cutoff"},
    {11, 0, "ttl_exceeded_in_transit"},
    {11, 1, "reassembly_time_exceeded"},
    {11, 1, "frag_reass_exceeded"},
};
// RFC 4443.
constexpr TypeName kTypesV6[] = {
    {1, "unreachable"},       {2, "packet_too_big"}, {3, "time_exceeded"},
    {4, "parameter_problem"}, {128, "echo_request"}, {129, "echo_reply"},
};
constexpr CodeName kCodesV6[] = {
    {1, 0, "no_route"},
    {1, 0, "net_unreachable"},
    {1, 1, "admin_prohibited"},
    {1, 2, "not_neighbour"},
    {1, 3, "address_unreachable"},
    {1, 4, "port_unreachable"},
    {3, 0, "exceeded_hop_limit"},
    {3, 1, "exceeded_frag_time"},
    {4, 0, "header_field"},
    {4, 1, "unknown_next_header"},
    {4, 2, "unknown_option"},
};

std::span<const TypeName> types(bool is_v4) {
  return is_v4 ? std::span<const TypeName>(kTypesV4) : std::span<const TypeName>(kTypesV6);
}
std::span<const CodeName> codes(bool is_v4) {
  return is_v4 ? std::span<const CodeName>(kCodesV4) : std::span<const CodeName>(kCodesV6);
}

// `type_42`, `code_7`: what has no name.
std::optional<std::uint8_t> numbered(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  std::uint8_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [read, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc{} && read == end ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::uint8_t> icmp_type(std::string_view name, bool is_v4) {
  if (const auto number = numbered(name, "type_")) return number;
  const auto found = std::ranges::find(types(is_v4), name, &TypeName::name);
  if (found == types(is_v4).end()) return std::nullopt;
  return found->type;
}

std::optional<std::uint8_t> icmp_code(std::uint8_t type, std::string_view name, bool is_v4) {
  if (const auto number = numbered(name, "code_")) return number;
  for (const CodeName& code : codes(is_v4)) {
    if (code.type == type && code.name == name) return code.code;
  }
  return std::nullopt;
}

std::string_view icmp_type_name(std::uint8_t type, bool is_v4) {
  const auto found = std::ranges::find(types(is_v4), type, &TypeName::type);
  return found == types(is_v4).end() ? std::string_view{} : found->name;
}

std::string_view icmp_code_name(std::uint8_t type, std::uint8_t code, bool is_v4) {
  for (const CodeName& name : codes(is_v4)) {
    if (name.type == type && name.code == code) return name.name;
  }
  return {};
}

}  // namespace strata::script

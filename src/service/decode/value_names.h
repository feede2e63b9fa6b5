// SPDX-License-Identifier: Apache-2.0
// Numbers of the protocols in words; empty where there is none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "strata/wire/tcp.h"

namespace strata::service::decoding {

[[nodiscard]] std::string_view ethertype_name(std::uint64_t type);
[[nodiscard]] std::string_view protocol_name(std::uint64_t protocol);
[[nodiscard]] std::string_view port_name(std::uint64_t port);
[[nodiscard]] std::string_view icmpv4_type_name(std::uint64_t type);
[[nodiscard]] std::string_view icmpv4_code_name(std::uint64_t type, std::uint64_t code);
[[nodiscard]] std::string_view icmpv6_type_name(std::uint64_t type);
[[nodiscard]] std::string_view icmpv6_code_name(std::uint64_t type, std::uint64_t code);
[[nodiscard]] std::string_view group_record_name(std::uint64_t type);
[[nodiscard]] std::string_view dhcp_option_name(std::uint64_t code);
[[nodiscard]] std::string_view dhcp_message_name(std::uint64_t type);
[[nodiscard]] std::string_view dns_response_name(std::uint64_t code);
[[nodiscard]] std::string tcp_flag_names(wire::TcpFlags flags);  // "SYN, ACK"

}  // namespace strata::service::decoding

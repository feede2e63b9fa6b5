// SPDX-License-Identifier: Apache-2.0
// The words of ping, as people know them from iputils.
#pragma once

#include <string>

#include "service/echo_session.h"

namespace strata::service {

// "PING 10.77.0.1 (10.77.0.1) 56(84) bytes of data."
[[nodiscard]] std::string echo_opening(const EchoOptions& options);
// "64 bytes from 10.77.0.1: icmp_seq=1 ttl=64 time=0.045 ms"
[[nodiscard]] std::string echo_answer_line(const EchoAnswer& answer);
// "From 10.77.0.2 icmp_seq=1 Destination Host Unreachable"
[[nodiscard]] std::string echo_error_line(const SocketError& error);
// "--- 10.77.0.1 ping statistics ---" and what follows.
[[nodiscard]] std::string echo_summary(const EchoOptions& options, const EchoStatistics& totals);

// What an ICMP error says: "Destination Host Unreachable".
[[nodiscard]] std::string icmp_error_text(const SocketError& error);

// One JSON object.
[[nodiscard]] std::string echo_json(const EchoOptions& options, const EchoStatistics& totals);

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/echo_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"

namespace strata::service {
namespace {

std::string text_of(const IpAddress& address) { return std::string(to_text(address).view()); }

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// iputils shows three digits below a millisecond, and fewer the longer it took.
std::string time_text(Duration duration) {
  const double ms = milliseconds(duration);
  if (ms >= 100) return fmt::format("{:.0f}", ms);
  if (ms >= 10) return fmt::format("{:.1f}", ms);
  if (ms >= 1) return fmt::format("{:.2f}", ms);
  return fmt::format("{:.3f}", ms);
}

std::string called(const EchoOptions& options) {
  return options.name.empty() ? text_of(options.destination) : options.name;
}

// All bytes in rows of 32, below the one that is wrong.
std::string wrong_byte_text(const WrongByte& wrong, Bytes payload) {
  std::string text = fmt::format("\nwrong data byte #{} should be 0x{:x} but was 0x{:x}", wrong.at,
                                 std::to_integer<unsigned>(wrong.sent),
                                 std::to_integer<unsigned>(payload[wrong.at]));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    if (i % 32 == 0) text += fmt::format("\n#{}\t", i);
    text += fmt::format("{:x} ", std::to_integer<unsigned>(payload[i]));
  }
  return text;
}

double loss_percent(const EchoStatistics& totals) {
  if (totals.sent == 0) return 0;
  const std::uint64_t lost = totals.sent - std::min(totals.sent, totals.received);
  return 100.0 * static_cast<double>(lost) / static_cast<double>(totals.sent);
}

std::string unreachable_text(std::uint8_t code) {
  using Code = wire::Icmpv4UnreachableCode;
  switch (static_cast<Code>(code)) {
    case Code::kNetwork: return "Destination Net Unreachable";
    case Code::kHost: return "Destination Host Unreachable";
    case Code::kProtocol: return "Destination Protocol Unreachable";
    case Code::kPort: return "Destination Port Unreachable";
    case Code::kSourceRouteFailed: return "Source Route Failed";
    case Code::kNetworkUnknown: return "Destination Net Unknown";
    case Code::kHostUnknown: return "Destination Host Unknown";
    case Code::kNetworkProhibited: return "Destination Net Prohibited";
    case Code::kHostProhibited: return "Destination Host Prohibited";
    case Code::kCommunicationProhibited: return "Packet filtered";
    default: return fmt::format("Dest Unreachable, Bad Code: {}", code);
  }
}

std::string icmpv4_text(const SocketError& error) {
  switch (static_cast<wire::Icmpv4Type>(error.icmp_type)) {
    case wire::Icmpv4Type::kDestinationUnreachable: return unreachable_text(error.icmp_code);
    case wire::Icmpv4Type::kTimeExceeded:
      return error.icmp_code == 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
    case wire::Icmpv4Type::kParameterProblem: return "Parameter problem";
    case wire::Icmpv4Type::kRedirect: return "Redirect";
    default: return fmt::format("Bad ICMP type: {}", error.icmp_type);
  }
}

std::string icmpv6_text(const SocketError& error) {
  switch (static_cast<wire::Icmpv6Type>(error.icmp_type)) {
    case wire::Icmpv6Type::kDestinationUnreachable:
      switch (static_cast<wire::Icmpv6UnreachableCode>(error.icmp_code)) {
        case wire::Icmpv6UnreachableCode::kNoRoute: return "Destination unreachable: No route";
        case wire::Icmpv6UnreachableCode::kProhibited:
          return "Destination unreachable: Administratively prohibited";
        case wire::Icmpv6UnreachableCode::kPort: return "Destination unreachable: Port unreachable";
        default: return "Destination unreachable: Address unreachable";
      }
    case wire::Icmpv6Type::kTimeExceeded:
      return error.icmp_code == 0 ? "Time exceeded: Hop limit"
                                  : "Time exceeded: Defragmentation failure";
    case wire::Icmpv6Type::kParameterProblem: return "Parameter problem";
    default: return fmt::format("Bad ICMP type: {}", error.icmp_type);
  }
}

}  // namespace

std::string icmp_error_text(const SocketError& error) {
  if (error.error == Error::kMessageTooLong) {
    return error.destination.address.is_v4()
               ? fmt::format("Frag needed and DF set (mtu = {})", error.path_mtu)
               : fmt::format("Packet too big: mtu={}", error.path_mtu);
  }
  const bool is_v4 = error.destination.address.is_v4();
  // Type 0 is no error: our own stack found out, as when a neighbour did not answer.
  if (error.icmp_type == 0) {
    return is_v4 ? "Destination Host Unreachable" : "Destination unreachable: Address unreachable";
  }
  return is_v4 ? icmpv4_text(error) : icmpv6_text(error);
}

std::string echo_opening(const EchoOptions& options) {
  const std::string from = options.from.empty() ? "" : fmt::format("from {}: ", options.from);
  const std::string whom =
      fmt::format("PING {} ({}) {}", called(options), text_of(options.destination), from);
  if (options.destination.is_v4()) {
    return fmt::format("{}{}({}) bytes of data.", whom, options.size, options.size + 28);
  }
  return fmt::format("{}{} data bytes", whom, options.size);
}

std::string echo_answer_line(const EchoAnswer& answer) {
  std::string line = fmt::format("{} bytes from {}: icmp_seq={} ttl={}", answer.size,
                                 text_of(answer.source), answer.sequence_number, answer.hop_limit);
  if (answer.is_truncated) return line + " (truncated)";
  line += fmt::format(" time={} ms", time_text(answer.round_trip));
  if (answer.is_duplicate) line += " (DUP!)";
  if (answer.wrong_byte) line += wrong_byte_text(*answer.wrong_byte, answer.payload);
  return line;
}

std::string echo_error_line(const SocketError& error) {
  return fmt::format("From {} icmp_seq={} {}", text_of(error.offender), error.destination.port,
                     icmp_error_text(error));
}

std::string echo_summary(const EchoOptions& options, const EchoStatistics& totals) {
  std::string text = fmt::format("--- {} ping statistics ---\n{} packets transmitted, {} received",
                                 called(options), totals.sent, totals.received);
  if (totals.duplicates != 0) text += fmt::format(", +{} duplicates", totals.duplicates);
  if (totals.errors != 0) text += fmt::format(", +{} errors", totals.errors);
  text += fmt::format(", {:g}% packet loss, time {:.0f}ms\n", loss_percent(totals),
                      std::floor(milliseconds(totals.elapsed)));
  const char* comma = "";
  if (totals.received != 0) {
    text += fmt::format("rtt min/avg/max/mdev = {:.3f}/{:.3f}/{:.3f}/{:.3f} ms",
                        milliseconds(totals.shortest), milliseconds(totals.mean),
                        milliseconds(totals.longest), milliseconds(totals.deviation));
    comma = ", ";
  }
  if (totals.pipe > 1) text += fmt::format("{}pipe {}", std::exchange(comma, ", "), totals.pipe);
  if (options.flood && totals.received != 0 && totals.sent > 1) {
    const double gap = milliseconds(totals.elapsed) / static_cast<double>(totals.sent - 1);
    text += fmt::format(", ipg/ewma {:.3f}/{:.3f} ms", gap, milliseconds(totals.smoothed));
  }
  return text + "\n";
}

std::string echo_json(const EchoOptions& options, const EchoStatistics& totals) {
  std::string text =
      fmt::format(R"({{"destination":"{}","sent":{},"received":{},"duplicates":{},"errors":{},)"
                  R"("loss_percent":{:g},"elapsed_ms":{:.3f})",
                  text_of(options.destination), totals.sent, totals.received, totals.duplicates,
                  totals.errors, loss_percent(totals), milliseconds(totals.elapsed));
  if (totals.received != 0) {
    text += fmt::format(R"(,"rtt_ms":{{"min":{:.3f},"avg":{:.3f},"max":{:.3f},"mdev":{:.3f}}})",
                        milliseconds(totals.shortest), milliseconds(totals.mean),
                        milliseconds(totals.longest), milliseconds(totals.deviation));
  }
  return text + "}";
}

}  // namespace strata::service

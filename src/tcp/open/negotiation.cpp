// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/negotiation.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "tcp/isn.h"

namespace strata::tcp {
namespace {

constexpr std::uint32_t kUnscaledWindowMax = 65535;

std::uint32_t receive_buffer_limit(const TcpConfig& config, const TcpSocketOptions& options) {
  const std::uint32_t buffer =
      options.receive_buffer != 0 ? options.receive_buffer : config.receive_buffer_max;
  return options.window_clamp != 0 ? std::min(buffer, options.window_clamp) : buffer;
}

}  // namespace

wire::TcpUserTimeout user_timeout_of(Duration timeout) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
  if (seconds <= 0x7fff) return {static_cast<std::uint16_t>(seconds), false};
  const auto minutes = std::min<std::int64_t>((seconds + 59) / 60, 0x7fff);
  return {static_cast<std::uint16_t>(minutes), true};
}

std::uint8_t receive_scale_for(const TcpConfig& config, const TcpSocketOptions& options) {
  const std::uint32_t limit = receive_buffer_limit(config, options);
  const auto bits = static_cast<int>(std::bit_width(limit));
  return static_cast<std::uint8_t>(std::clamp(bits - 16, 0, int{wire::kTcpWindowScaleMax}));
}

std::uint32_t first_window(const TcpConfig& config, const TcpSocketOptions& options) {
  return std::min(receive_buffer_limit(config, options), options.receive_buffer != 0
                                                             ? options.receive_buffer
                                                             : config.receive_buffer_first);
}

std::uint16_t mss_for(std::uint32_t mtu, bool is_v4) {
  const std::uint32_t headers = (is_v4 ? 20U : 40U) + wire::TcpLayout::kSize;
  const std::uint32_t text = mtu > headers ? mtu - headers : 0;
  // RFC 2675 5.1: 65535 would mean "no limit".
  return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(text, kMssMin, 65534));
}

std::uint16_t send_mss_of(const wire::TcpOptions& syn, bool is_v4) {
  return std::max(syn.maximum_segment_size.value_or(is_v4 ? kMssDefaultV4 : kMssDefaultV6),
                  kMssMin);
}

Terms Terms::of(const TcpConfig& config, const TcpSocketOptions& options, bool is_v4,
                std::uint32_t mtu, bool is_active) {
  Terms terms;
  terms.receive_mss = mss_for(mtu, is_v4);
  if (options.mss_max != 0) {
    terms.receive_mss = std::min(terms.receive_mss, std::max(options.mss_max, kMssMin));
  }
  terms.window_scaling = config.window_scaling;
  terms.receive_scale = config.window_scaling ? receive_scale_for(config, options) : 0;
  terms.window =
      static_cast<std::uint16_t>(std::min(first_window(config, options), kUnscaledWindowMax));
  terms.timestamps = config.timestamps;
  terms.sack = config.sack;
  terms.ecn = is_active ? config.ecn == TcpEcn::kRequest : config.ecn != TcpEcn::kOff;
  if (options.user_timeout_option) terms.user_timeout = options.user_timeout;
  return terms;
}

bool is_ecn_setup(wire::TcpFlags flags) {
  if (flags.ack()) return flags.ece() && !flags.cwr();
  return flags.ece() && flags.cwr();
}

Negotiated agree(const Terms& terms, const Segment& syn) {
  const wire::TcpOptions& theirs = syn.options;
  Negotiated agreed;
  agreed.send_mss = send_mss_of(theirs, syn.flow.is_v4());
  agreed.receive_mss = terms.receive_mss;
  // RFC 7323 2.2: both or neither.
  agreed.window_scaling = terms.window_scaling && theirs.window_scale.has_value();
  if (agreed.window_scaling) {
    agreed.send_scale = *theirs.window_scale;
    agreed.receive_scale = terms.receive_scale;
  }
  agreed.timestamps = terms.timestamps && theirs.timestamps.has_value();
  agreed.timestamp_offset = terms.timestamp_offset;
  if (agreed.timestamps) agreed.ts_recent = theirs.timestamps->value;
  agreed.sack = terms.sack && theirs.sack_permitted;
  agreed.ecn = terms.ecn && is_ecn_setup(syn.flags);
  agreed.user_timeout = theirs.user_timeout;
  return agreed;
}

wire::TcpOptions syn_options(const Terms& terms, Time now) {
  wire::TcpOptions options;
  options.maximum_segment_size = terms.receive_mss;
  options.sack_permitted = terms.sack;
  if (terms.timestamps) {
    options.timestamps = wire::TcpTimestamps{timestamp_clock(now) + terms.timestamp_offset, 0};
  }
  if (terms.window_scaling) options.window_scale = terms.receive_scale;
  if (terms.user_timeout != Duration{}) options.user_timeout = user_timeout_of(terms.user_timeout);
  return options;
}

wire::TcpOptions syn_ack_options(const Negotiated& agreed, const Terms& terms, Time now) {
  wire::TcpOptions options;
  options.maximum_segment_size = agreed.receive_mss;
  options.sack_permitted = agreed.sack;
  if (agreed.timestamps) {
    options.timestamps =
        wire::TcpTimestamps{timestamp_clock(now) + agreed.timestamp_offset, agreed.ts_recent};
  }
  if (agreed.window_scaling) options.window_scale = agreed.receive_scale;
  if (terms.user_timeout != Duration{}) options.user_timeout = user_timeout_of(terms.user_timeout);
  return options;
}

Outgoing compose(const Flow& flow, wire::TcpFlags flags, SequenceNumber seq, SequenceNumber ack,
                 std::uint16_t window, const wire::TcpOptions& options,
                 const TcpSocketOptions& socket) {
  Outgoing out;
  out.flow = flow;
  out.header.sequence_number = seq.value();
  out.header.acknowledgment_number = ack.value();
  out.header.flags = flags;
  out.header.window = window;
  out.hop_limit = socket.hop_limit;
  out.traffic_class = socket.traffic_class & 0xfcU;
  out.bound_interface = socket.bound_interface;
  out.ignores_path_mtu = socket.path_mtu == TcpPathMtu::kIgnore && flow.is_v4();
  std::optional<std::size_t> size = write(options, std::span(out.option_bytes));
  if (!size) {
    wire::TcpOptions fewer = options;
    fewer.user_timeout.reset();
    size = write(fewer, std::span(out.option_bytes));
    if (!size) {
      fewer.fast_open.reset();
      size = write(fewer, std::span(out.option_bytes));
    }
  }
  out.header.header_length =
      static_cast<std::uint8_t>(wire::TcpLayout::kSize + size.value_or(std::size_t{0}));
  return out;
}

}  // namespace strata::tcp

// SPDX-License-Identifier: Apache-2.0
// CapturedSegment: the TCP segment in a frame as a capture has it, which may be its beginning only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/wire/tcp.h"
#include "strata/wire/tcp_options.h"

namespace strata::service {

struct CapturedSegment {
  // As much of a frame as has to be there: Ethernet with two tags, IP and TCP with all their
  // options.
  static constexpr std::size_t kHeadBytes = 22 + 60 + wire::TcpLayout::kSizeMax;

  Endpoint source{};
  Endpoint destination{};
  wire::TcpFlags flags{};
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint16_t window = 0;      // as it stands there, not scaled
  std::uint32_t text_bytes = 0;  // that IP tells of
  wire::TcpOptions options{};
};

// Nothing for what is no TCP, and where the TCP header is cut or in a later fragment.
[[nodiscard]] std::optional<CapturedSegment> captured_segment(Medium medium, Bytes frame);

}  // namespace strata::service

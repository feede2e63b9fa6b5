// SPDX-License-Identifier: Apache-2.0
// TCP and every option of it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/tcp.h"
#include "strata/wire/tcp_options.h"

namespace strata::service::decoding {
namespace {

using Layout = wire::TcpLayout;
using Kind = wire::TcpOptionKind;

struct Option {
  std::string_view name;
  std::string value{};
  std::string note{};
};

std::uint64_t number_of(Bytes data) {
  std::uint64_t value = 0;
  for (const std::byte byte : data) value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
  return value;
}

std::string sack_text(Bytes data) {
  std::string text;
  for (; data.size() >= 8; data = data.subspan(8)) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{}-{}", number_of(data.first(4)), number_of(data.subspan(4, 4)));
  }
  return text;
}

// RFC 8684 8: the high four bits of the first byte.
std::string_view multipath_name(Bytes data) {
  constexpr std::string_view kNames[] = {"MP_CAPABLE", "MP_JOIN",      "DSS",
                                         "ADD_ADDR",   "REMOVE_ADDR",  "MP_PRIO",
                                         "MP_FAIL",    "MP_FASTCLOSE", "MP_TCPRST"};
  const std::size_t subtype = data.empty() ? 15 : std::to_integer<std::size_t>(data[0] >> 4U);
  return subtype < std::size(kNames) ? kNames[subtype] : "";
}

Option fast_open(Bytes cookie) {
  return {"Option: fast open", bytes_text(cookie), cookie.empty() ? "asks for a cookie" : ""};
}

Option timeout(Bytes data) {
  const std::uint64_t value = number_of(data);
  return {"Option: user timeout", std::to_string(value & 0x7fffU),
          (value & 0x8000U) != 0 ? "minutes" : "seconds"};
}

// RFC 9768 3.2.3: three counters of 24 bits, fewer where there is no room.
Option accurate_ecn(Bytes data, bool is_first) {
  std::string text;
  for (; data.size() >= 3; data = data.subspan(3)) {
    if (!text.empty()) text += ' ';
    text += std::to_string(number_of(data.first(3)));
  }
  return {"Option: accurate ECN", text, is_first ? "E0B CEB E1B" : "E1B CEB E0B"};
}

// Of a kind whose length is not what the kind wants; the receiver skips it (RFC 9293 MUST-6).
Option misfit(const wire::TcpRawOption& option) {
  return {"Option", bytes_text(option.data),
          fmt::format("kind {} of an unusual length", static_cast<unsigned>(option.kind))};
}

Option option_of(const wire::TcpRawOption& option) {
  const Bytes data = option.data;
  const auto sized = [&](std::size_t size, Option read) {
    return data.size() == size ? std::move(read) : misfit(option);
  };
  switch (option.kind) {
    case Kind::kNoOperation: return {"Option: no operation"};
    case Kind::kMaximumSegmentSize:
      return sized(2, {"Option: maximum segment size", std::to_string(number_of(data))});
    case Kind::kWindowScale: {
      const std::uint64_t shift = number_of(data);
      return sized(1, {"Option: window scale", std::to_string(shift),
                       fmt::format("times {}", 1U << std::min<std::uint64_t>(shift, 14))});
    }
    case Kind::kSackPermitted: return sized(0, {"Option: SACK permitted"});
    case Kind::kSack:
      return data.size() % 8 == 0 ? Option{"Option: SACK", sack_text(data)} : misfit(option);
    case Kind::kMd5Signature: return sized(16, {"Option: MD5 signature", bytes_text(data)});
    case Kind::kUserTimeout: return sized(2, timeout(data));
    case Kind::kAuthentication: return {"Option: authentication", bytes_text(data)};
    case Kind::kMultipath:
      return {"Option: multipath", bytes_text(data), std::string(multipath_name(data))};
    case Kind::kFastOpen: return fast_open(data);
    case Kind::kAccurateEcn0: return accurate_ecn(data, true);
    case Kind::kAccurateEcn1: return accurate_ecn(data, false);
    case Kind::kExperiment1: return {"Option: experiment", bytes_text(data), "kind 253"};
    case Kind::kExperiment2: {
      const bool is_cookie =
          data.size() >= 2 && number_of(data.first(2)) == wire::kTcpFastOpenExperiment;
      if (is_cookie) return fast_open(data.subspan(2));
      return {"Option: experiment", bytes_text(data), "kind 254"};
    }
    default:
      return {"Option", bytes_text(data),
              fmt::format("kind {}", static_cast<unsigned>(option.kind))};
  }
}

}  // namespace

void decode_tcp_options(LayerWriter& writer, Bytes options, std::size_t at) {
  const std::size_t end = at + options.size();
  auto option = wire::TcpRawOptions(options).begin();
  for (; option != std::default_sentinel; ++option) {
    const std::size_t size = option->size();
    if (option->kind == Kind::kTimestamps && option->data.size() == 8) {
      writer.add("Option: timestamp", std::to_string(number_of(option->data.first(4))), at, 6);
      writer.add("Option: timestamp echo", std::to_string(number_of(option->data.last(4))), at + 6,
                 4);
    } else {
      Option text = option_of(*option);
      writer.add(text.name, std::move(text.value), at, size, std::move(text.note));
    }
    at += size;
  }
  if (option.malformed()) return writer.stop(at, "an option that is longer than the header");
  if (at < end) writer.add("Option: end of list", "", at, end - at);
}

void decode_tcp(Decoding& decoding, Bytes segment, const Carrier& carrier) {
  LayerWriter writer(decoding, "TCP", segment, Layout::kSize);
  writer.note(std::string(port_name(writer.decimal<Layout::SourcePort>("Source port"))));
  writer.note(std::string(port_name(writer.decimal<Layout::DestinationPort>("Destination port"))));
  writer.decimal<Layout::SequenceNumber>("Sequence number");
  writer.decimal<Layout::AcknowledgmentNumber>("Acknowledgment number");
  const std::size_t header = 4 * writer.decimal<Layout::DataOffset>("Data offset");
  writer.note(fmt::format("{} bytes", header));
  const std::uint64_t flags = writer.hexadecimal<Layout::Flags>("Flags");
  writer.note(tcp_flag_names(wire::TcpFlags(static_cast<std::uint16_t>(flags))));
  writer.decimal<Layout::Window>("Window");
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Checksum");
  writer.note(transport_checksum_note(checksum, wire::kIpProtocolTcp, segment, carrier));
  writer.decimal<Layout::UrgentPointer>("Urgent pointer");
  if (writer.has_stopped()) return;
  if (header < Layout::kSize) {
    return writer.stop(Layout::kSize, fmt::format("a header length of {} bytes", header));
  }
  writer.set_size(header);
  const std::size_t options = std::min(header, segment.size()) - Layout::kSize;
  decode_tcp_options(writer, segment.subspan(Layout::kSize, options), Layout::kSize);
  const auto view = wire::TcpView::parse(segment);
  if (!view) return writer.stop(segment.size(), "the segment ends inside its header");
  decode_data(decoding, "Data", view->payload());
}

}  // namespace strata::service::decoding

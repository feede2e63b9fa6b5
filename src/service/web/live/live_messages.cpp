// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/live_messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "service/json_text.h"
#include "service/packet_line.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kSubjects{"status", "connections", "connection",
                                                    "packets"};
static_assert(kSubjects.size() == static_cast<std::size_t>(LiveSubject::kCount));

std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::size_t number(const Json& object, const char* key, std::size_t otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::size_t>()
                                                              : otherwise;
}

Duration every_of(const Json& message, std::size_t otherwise_ms) {
  const std::size_t ms = std::min<std::size_t>(number(message, "every_ms", otherwise_ms), 60'000);
  return std::max<Duration>(LiveWish::kEveryMin,
                            std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
}

Outcome<void> read_status(const Json& message, LiveWish& wish) {
  wish.every = every_of(message, 1000);
  const std::string parts = word(message, "parts");
  if (parts.empty()) return {};
  const auto known = SnapshotParts::parse(parts);
  if (!known) return failed("parts: a name in it is none of a part's");
  wish.query.parts = *known;
  return {};
}

Outcome<void> read_connections(const Json& message, LiveWish& wish) {
  wish.every = every_of(message, 1000);
  wish.query.kind = FaceQuery::Kind::kConnections;
  wish.query.stack = number(message, "stack", 0);
  ConnectionQuery& query = wish.query.connections;
  query.offset = std::min<std::size_t>(number(message, "offset", 0), UINT32_MAX);
  query.limit =
      std::clamp<std::size_t>(number(message, "limit", 100), 1, ConnectionQuery::kLimitMax);
  query.filter = word(message, "filter");
  const std::string sort = word(message, "sort");
  if (sort.empty() || parse_connection_order(sort, query)) return {};
  return failed("sort: connections have no such order");
}

Outcome<void> read_connection(const Json& message, LiveWish& wish) {
  wish.every = every_of(message, 200);
  wish.query.kind = FaceQuery::Kind::kConnection;
  wish.query.stack = number(message, "stack", 0);
  const auto id = parse_connection_id(word(message, "id"));
  if (!id) return failed("id: there is no such connection");
  wish.query.id = *id;
  return {};
}

Outcome<void> read_packets(const Json& message, LiveWish& wish) {
  if (number(message, "stack", 0) != 0) {
    return failed("packets: only those of the first stack are shown");
  }
  wish.every = LiveWish::kEveryMin;
  wish.filter = word(message, "filter");
  return {};
}

std::string whose(std::size_t number) {
  return number == 0 ? std::string() : fmt::format(R"("number":{},)", number);
}

double wall_seconds(Time time) {
  return std::chrono::duration<double>(time.time_since_epoch() + wall_clock_offset()).count();
}

std::string hex_of(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte) / 16];
    text += kDigits[std::to_integer<std::size_t>(byte) % 16];
  }
  return text;
}

// Which of the page's colours it has.
std::string_view again_of(TcpLossCause cause) {
  switch (cause) {
    case TcpLossCause::kTimeout: return "\"timeout\"";
    case TcpLossCause::kProbe:
    case TcpLossCause::kWindowProbe: return "\"probe\"";
    default: return "\"fast\"";
  }
}

std::string flags_of(wire::TcpFlags flags) {
  std::string text;
  if (flags.fin()) text += 'F';
  if (flags.syn()) text += 'S';
  if (flags.rst()) text += 'R';
  if (flags.psh()) text += 'P';
  if (flags.ack()) text += 'A';
  if (flags.urg()) text += 'U';
  if (flags.ece()) text += 'E';
  if (flags.cwr()) text += 'W';
  return text;
}

std::string text_of(const SeenSegment& segment) {
  std::string sack;
  for (std::size_t i = 0; i < segment.sacked_count; ++i) {
    sack += fmt::format("{}[{},{}]", i == 0 ? "" : ",", segment.sacked[i].first,
                        segment.sacked[i].second);
  }
  return fmt::format(
      R"({{"time":{:.6f},"out":{},"flags":"{}","seq":{},"length":{},"ack":{},"window":{},)"
      R"("sack":[{}],"again":{}}})",
      wall_seconds(segment.time), segment.is_out, flags_of(segment.flags), segment.sequence,
      segment.length, segment.acknowledgment, segment.window, sack,
      segment.cause ? again_of(*segment.cause) : "null");
}

std::string text_of(const SeenPacket& packet) {
  return fmt::format(
      R"({{"number":{},"time":{:.6f},"interface":{},"out":{},"medium":"{}","size":{},"line":{},)"
      R"("bytes":"{}","dropped":{},"comment":{}}})",
      packet.number, wall_seconds(packet.time), json_string(packet.interface), !packet.is_incoming,
      packet.medium == Medium::kEthernet ? "ethernet" : "ip", packet.size,
      json_string(packet_line(packet.medium, packet.kept(), packet.size)), hex_of(packet.kept()),
      packet.dropped ? json_string(name_of(*packet.dropped)) : "null",
      packet.comment.empty() ? "null" : json_string(packet.comment));
}

// {"a":1} and a newline without the brace in front.
std::string_view inside(std::string_view told) {
  while (told.ends_with('\n')) told.remove_suffix(1);
  return told.starts_with('{') ? told.substr(1) : told;
}

template <typename Entries>
std::string list_of(const Entries& entries) {
  std::string list;
  for (const auto& entry : entries) {
    if (!list.empty()) list += ',';
    list += text_of(entry);
  }
  return list;
}

}  // namespace

Outcome<LiveWish> parse_live_wish(std::string_view text) {
  const Json message = Json::parse(text, nullptr, false);
  if (!message.is_object()) return failed("expected one JSON object a message");
  LiveWish wish;
  wish.is_wanted = !message.contains("unwatch");
  const std::string subject = word(message, wish.is_wanted ? "watch" : "unwatch");
  const auto found = std::ranges::find(kSubjects, subject);
  if (found == kSubjects.end()) {
    return failed(
        R"(expected "watch" or "unwatch" with status, connections, connection or packets)");
  }
  wish.subject = static_cast<LiveSubject>(found - kSubjects.begin());
  if (!wish.is_wanted) return wish;
  wish.number = number(message, "number", 0);
  Outcome<void> read;
  switch (wish.subject) {
    case LiveSubject::kStatus: read = read_status(message, wish); break;
    case LiveSubject::kConnections: read = read_connections(message, wish); break;
    case LiveSubject::kConnection: read = read_connection(message, wish); break;
    default: read = read_packets(message, wish);
  }
  if (!read) return std::unexpected(std::move(read).error());
  return wish;
}

std::string live_message(std::string_view type, std::string_view told) {
  return fmt::format(R"({{"type":"{}",{})", type, inside(told));
}

std::string live_connection(std::string_view told, Time now) {
  return fmt::format(R"({{"type":"connection","time":{:.6f},"info":{{{}}})", wall_seconds(now),
                     inside(told));
}

std::string live_error(std::string_view sentence, std::size_t number) {
  return fmt::format(R"({{"type":"error",{}"error":{}}})", whose(number), json_string(sentence));
}

std::string live_packets(std::span<const SeenPacket> packets, std::uint64_t missed,
                         std::size_t number) {
  return fmt::format(R"({{"type":"packets",{}"packets":[{}],"missed":{}}})", whose(number),
                     list_of(packets), missed);
}

std::string live_segments(const ConnectionId& id, std::span<const SeenSegment> segments,
                          std::uint64_t missed) {
  return fmt::format(R"({{"type":"segments","id":"{}","segments":[{}],"missed":{}}})", to_text(id),
                     list_of(segments), missed);
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// What a script says, as plain values: options, and events in the order in which they happen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "script/language/options.h"
#include "strata/address.h"
#include "strata/time.h"
#include "strata/wire/tcp.h"

namespace strata::script {

// ── When ────────────────────────────────────────────────────────────────────────────────────────

// `0.1`, `+.1`, `*`, `.1~.2`, `+.1~+.2`. Times are counted from the start of the script, or from
// when the event before happened.
struct EventTime {
  enum class Kind : std::uint8_t { kAbsolute, kRelative, kAny, kAbsoluteRange, kRelativeRange };
  Kind kind = Kind::kAbsolute;
  Duration start{};
  Duration end{};  // ranges only

  [[nodiscard]] bool is_relative() const {
    return kind == Kind::kRelative || kind == Kind::kRelativeRange;
  }
  [[nodiscard]] bool is_range() const {
    return kind == Kind::kAbsoluteRange || kind == Kind::kRelativeRange;
  }
};

// ── Packets ─────────────────────────────────────────────────────────────────────────────────────

// What is said of the IP header: `[ect0]`, `(ttl 64)`, `[tos 0x10, flowlabel 0x123]`.
struct IpSpec {
  enum class TrafficClass : std::uint8_t {
    kAny,    // not looked at; sent as zero
    kEcn,    // the two bits of ECN are `value`
    kEct01,  // ECT(0) or ECT(1)
    kWhole,  // all eight bits are `value`
  };
  TrafficClass traffic_class = TrafficClass::kAny;
  std::uint8_t value = 0;
  std::optional<std::uint8_t> hop_limit;
  std::optional<std::uint32_t> flow_label;
};

struct PortPair {
  std::uint16_t source = 0;
  std::uint16_t destination = 0;
};

// Kind and data of one option, in the script's numbers; `is_raw` has bytes of its own making.
struct TcpOptionSpec {
  std::uint8_t kind = 1;
  bool is_raw = false;
  std::vector<std::byte> data;  // without kind and length, unless raw

  [[nodiscard]] std::size_t size() const {
    if (is_raw) return data.size();
    return kind <= 1 ? 1 : data.size() + 2;
  }
};

struct TcpSpec {
  wire::TcpFlags flags;
  std::uint32_t sequence = 0;
  std::uint32_t payload = 0;
  std::optional<std::uint32_t> acknowledgment;
  std::optional<std::uint16_t> window;
  std::optional<std::uint16_t> urgent_pointer;
  bool any_options = false;  // `<...>`
  std::vector<TcpOptionSpec> options;
};

struct UdpSpec {
  std::uint32_t payload = 0;
};

struct IcmpSpec {
  // The packet that an error quotes: `[1:1001(1000)]`, `[udp (10)]`, `[raw (10)]`.
  struct Quote {
    std::uint8_t protocol = 0;
    std::uint32_t sequence = 0;
    std::uint32_t payload = 0;
  };
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::optional<std::uint32_t> mtu;
  std::optional<std::uint16_t> identifier;
  std::optional<Quote> quote;
};

enum class Direction : std::uint8_t { kIn, kOut };

struct PacketSpec {
  Direction direction = Direction::kIn;
  IpSpec ip;
  std::string inside;  // what it is wrapped in, which we speak none of: "gre", "psp", ...
  std::optional<PortPair> ports;
  std::variant<TcpSpec, UdpSpec, IcmpSpec> what;
};

// ── System calls ────────────────────────────────────────────────────────────────────────────────

struct Expression {
  enum class Kind : std::uint8_t {
    kEllipsis,      // `...`
    kInteger,       // `integer`
    kWord,          // `text`
    kString,        // `text`
    kStringPrefix,  // `text` and then whatever comes: "GET "...
    kOr,            // items, joined by |
    kArray,         // [items]
    kStruct,        // {items}
    kField,         // text = items[0]; behind it what stood in parentheses: msg_iov(1) = [...]
    kCall,          // text(items): htons(80), inet_addr("10.0.0.1")
  };
  Kind kind = Kind::kEllipsis;
  std::uint32_t line = 0;
  std::int64_t integer = 0;
  std::string text;
  std::vector<Expression> items;
};

struct SystemCall {
  std::string name;
  std::vector<Expression> arguments;
  Expression result;
  std::string error;              // `EAGAIN`; empty: none
  std::optional<Duration> until;  // of a call that blocks: `.1...0.3`
};

// ── Commands and code ───────────────────────────────────────────────────────────────────────────

struct ShellCommand {
  std::uint32_t line = 0;
  std::string text;
};

struct CodeBlock {
  std::string text;
};

struct Event {
  std::uint32_t line = 0;
  EventTime time;
  std::variant<PacketSpec, SystemCall, ShellCommand, CodeBlock> action;
};

struct Script {
  Options options;
  std::optional<ShellCommand> before;  // first, and without a time
  std::vector<Event> events;
  std::optional<ShellCommand> after;  // last, without a time, whatever has happened
};

// What is wrong with a text, and where.
struct SyntaxError {
  std::uint32_t line = 0;
  std::string at;  // the word it was noticed at; may be empty
  std::string text;
};

}  // namespace strata::script

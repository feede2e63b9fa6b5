// SPDX-License-Identifier: Apache-2.0
// Log: the hook through which the stack tells what it does. It passes values; the sink writes text.
//
//   if (log.wants(LogLevel::kInfo)) log.write(LogLevel::kInfo, "neighbor", "resolved", {{"address",
//   address}, {"tries", tries}});
//
// A level that nobody wants costs one comparison. The sink runs inside the stack: it may not call
// back into it, and what it wants to keep it copies.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

#include "strata/address.h"
#include "strata/time.h"

namespace strata {

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kOff };

[[nodiscard]] constexpr std::string_view to_text(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace: return "trace";
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
    case LogLevel::kOff: return "off";
  }
  return "unknown";
}

using LogValue = std::variant<std::uint64_t, std::int64_t, std::string_view, Duration, MacAddress,
                              IpAddress, Prefix, Endpoint>;

struct LogField {
  std::string_view name;
  LogValue value;

  template <typename T>
  constexpr LogField(std::string_view field_name, const T& field_value)
      : name(field_name), value(widen(field_value)) {}

 private:
  template <typename T>
  [[nodiscard]] static constexpr auto widen(const T& value) {
    if constexpr (std::unsigned_integral<T>) {
      return std::uint64_t{value};
    } else if constexpr (std::signed_integral<T>) {
      return std::int64_t{value};
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
      return std::string_view(value);
    } else {
      return LogValue(value);
    }
  }
};

struct LogRecord {
  LogLevel level;
  std::string_view subject;  // the folder that speaks: "ip", "tcp"
  std::string_view message;
  std::span<const LogField> fields;
};

struct Log {
  using Sink = void (*)(void* context, const LogRecord& record);

  Sink sink = nullptr;
  void* context = nullptr;
  LogLevel level = LogLevel::kOff;  // the least level that is wanted

  [[nodiscard]] bool wants(LogLevel of) const {
    return of >= level && level != LogLevel::kOff && of != LogLevel::kOff && sink != nullptr;
  }

  void write(LogLevel of, std::string_view subject, std::string_view message,
             std::initializer_list<LogField> fields = {}) const {
    if (!wants(of)) return;
    sink(context, {of, subject, message, {fields.begin(), fields.size()}});
  }
};

}  // namespace strata

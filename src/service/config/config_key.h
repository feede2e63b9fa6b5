// SPDX-License-Identifier: Apache-2.0
// ConfigKey: all there is to say of one key of a configuration file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "service/failure.h"
#include "service/stack_options.h"

//   config_keys() ─┬─> config_file       reads files
//                  ├─> config_reference  docs/configuration.md
//                  ├─> config_schema     docs/strata.schema.json
//                  └─> reload/           what has changed, and what becomes of it
//
// 1. A key that has no row here does not exist: not for the reader, nor for anybody else.
// 2. A key of [[device]] or [[device.vlan]] is about the last of them.
// 3. What show() says, take() reads, and the options are as they were.

namespace strata::service {

enum class KeyKind : std::uint8_t {
  kText,
  kTexts,   // a string, or an array of them
  kNumber,  // whole
  kSwitch,  // true or false
  kWord,    // one of `words`
  kTable,   // [path]
  kTables,  // [[path]]
};

// What a running stack does about another value.
enum class KeyReload : std::uint8_t {
  kAtOnce,
  kNewConnections,  // those there are go on as they began
  kRestart,
  kByKey,  // a table: as each of its keys says
};

struct KeyValue {
  std::string_view text{};  // of numbers the decimal digits
  std::int64_t number = 0;
  bool is_on = false;
};

struct ConfigKey {
  std::string_view path;  // "device.vlan.mtu"
  KeyKind kind = KeyKind::kText;
  std::string_view form{};                    // what a value looks like, or is: "a number of cores"
  std::string_view pattern{};                 // for the schema; what it refuses, take() refuses
  std::span<const std::string_view> words{};  // kWord
  std::int64_t low = 0;                       // kNumber, here and below
  std::int64_t high = 0;
  std::string_view unit{};
  bool is_required = false;    // of every table of its kind
  std::string_view what;       // sentences
  std::string_view without{};  // what holds when the key is left out and show() has no word for it
  std::string_view example{};  // as it stands behind the equals sign
  std::string_view reloading{};  // what `reload` leaves unsaid
  KeyReload reload = KeyReload::kRestart;
  // One value; of an array one after the other. For [[...]] it makes another one.
  Outcome<void> (*take)(StackOptions& options, const KeyValue& value) = nullptr;
  // As a file says it; empty for what a file says by leaving the key out.
  std::string (*show)(const StackOptions& options) = nullptr;

  [[nodiscard]] constexpr std::string_view name() const { return path.substr(path.rfind('.') + 1); }
  // The table it stands in; empty at the top.
  [[nodiscard]] constexpr std::string_view table() const {
    return path.substr(0, path.rfind('.') == path.npos ? 0 : path.rfind('.'));
  }
  [[nodiscard]] constexpr bool is_table() const {
    return kind == KeyKind::kTable || kind == KeyKind::kTables;
  }
};

// In the order in which they are told of; a table stands before its keys.
[[nodiscard]] std::span<const ConfigKey> config_keys();
// Null: there is none.
[[nodiscard]] const ConfigKey* find_config_key(std::string_view path);
// Checks a value against words and bounds, and takes it.
[[nodiscard]] Outcome<void> take_value(const ConfigKey& key, StackOptions& options,
                                       const KeyValue& value);
// "a number of segments from 1 to 64", "true or false".
[[nodiscard]] std::string expectation_of(const ConfigKey& key);

// The parts of which config_keys() is made.
[[nodiscard]] std::span<const ConfigKey> top_keys();
[[nodiscard]] std::span<const ConfigKey> device_keys();
[[nodiscard]] std::span<const ConfigKey> service_keys();
[[nodiscard]] std::span<const ConfigKey> tcp_keys();  // service/tcp_settings.cpp

// Keys that do not go together.
struct ConfigRule {
  std::string_view table;  // looked at when one of these has been read; empty: the whole file
  std::string_view key;    // of the table: who is told so
  std::string_view what;   // "needs dhcp = true"
  bool (*is_broken)(const StackOptions& options);
};
[[nodiscard]] std::span<const ConfigRule> config_rules();

}  // namespace strata::service

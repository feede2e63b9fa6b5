// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "service/config/config_key.h"
#include "service/config/nearest_word.h"
#include "service/config/table_reader.h"
#include "service/text_file.h"

namespace strata::service {
namespace {

std::string path_of(std::string_view table, std::string_view key) {
  return table.empty() ? std::string(key) : fmt::format("{}.{}", table, key);
}

std::string keys_of(std::string_view table) {
  std::string names;
  for (const ConfigKey& key : config_keys()) {
    if (key.table() == table) names += fmt::format("{}{}", names.empty() ? "" : ", ", key.name());
  }
  return names;
}

// The tables that have a key of this name, as they are written.
std::string tables_with(std::string_view name) {
  std::string tables;
  for (const ConfigKey& key : config_keys()) {
    if (key.name() != name || key.is_table()) continue;
    const ConfigKey* const table = find_config_key(key.table());
    const bool is_list = table != nullptr && table->kind == KeyKind::kTables;
    tables += tables.empty() ? "" : " or ";
    if (table == nullptr) {
      tables += "the top of the file";
    } else {
      tables += is_list ? fmt::format("[[{}]]", table->path) : fmt::format("[{}]", table->path);
    }
  }
  return tables;
}

// What becomes of a key that its table does not have.
std::string advice_for(std::string_view table, std::string_view name) {
  const std::string expected = keys_of(table);
  std::vector<std::string_view> known;
  for (const ConfigKey& key : config_keys()) {
    if (key.table() == table) known.push_back(key.name());
  }
  const std::string_view nearest = nearest_word(name, known);
  if (!nearest.empty()) {
    return fmt::format("unknown key, perhaps {}; expected one of: {}", nearest, expected);
  }
  const std::string elsewhere = tables_with(name);
  if (!elsewhere.empty()) return fmt::format("unknown key here; it belongs into {}", elsewhere);
  return fmt::format("unknown key, expected one of: {}", expected);
}

std::optional<KeyValue> value_of(const toml::node& node, std::string& text) {
  KeyValue value;
  if (const auto word = node.value_exact<std::string>()) {
    text = *word;
  } else if (const auto number = node.value_exact<std::int64_t>()) {
    text = std::to_string(*number);
    value.number = *number;
  } else if (const auto is_on = node.value_exact<bool>()) {
    value.is_on = *is_on;
  } else {
    return std::nullopt;
  }
  value.text = text;
  return value;
}

// What a single value of this kind is called, and whether a node is one.
std::pair<std::string_view, bool> kind_of(const ConfigKey& key, const toml::node& node) {
  switch (key.kind) {
    case KeyKind::kNumber: return {"a number", node.is_integer()};
    case KeyKind::kSwitch: return {"true or false", node.is_boolean()};
    default: return {"a string", node.is_string()};
  }
}

class Reader {
 public:
  explicit Reader(ConfigReading& reading) : reading_(reading) {}

  void read_table(const toml::table& table, const toml::node& where, std::string_view path) {
    for (const ConfigKey& key : config_keys()) {
      if (key.table() != path) continue;
      const toml::node* const node = table.get(key.name());
      if (node != nullptr) {
        read(key, *node);
      } else if (key.is_required) {
        fault(where.source().begin, std::string(key.path),
              fmt::format("missing, expected {}", key.form));
      }
    }
    for (const auto& [key, node] : table) {
      // A quoted key may hold dots and look like another table's.
      const ConfigKey* const known = find_config_key(path_of(path, key.str()));
      if (known != nullptr && known->table() == path && known->name() == key.str()) continue;
      fault(key.source().begin, path_of(path, key.str()), advice_for(path, key.str()));
    }
    for (const ConfigRule& rule : config_rules()) {
      if (rule.table != path || !rule.is_broken(reading_.options)) continue;
      const toml::node* const node = table.get(rule.key);
      fault((node == nullptr ? where : *node).source().begin, path_of(path, rule.key),
            std::string(rule.what));
    }
  }

 private:
  void read(const ConfigKey& key, const toml::node& node) {
    if (key.kind == KeyKind::kTable) return read_one_table(key, node);
    if (key.kind == KeyKind::kTables) return read_tables(key, node);
    const toml::array* const array = node.as_array();
    if (key.kind != KeyKind::kTexts || array == nullptr) return read_value(key, node);
    for (const toml::node& item : *array) read_value(key, item);
  }

  void read_one_table(const ConfigKey& key, const toml::node& node) {
    const toml::table* const table = node.as_table();
    if (table != nullptr) return read_table(*table, node, key.path);
    fault(node.source().begin, std::string(key.path),
          fmt::format("expected {}", expectation_of(key)));
  }

  void read_tables(const ConfigKey& key, const toml::node& node) {
    const toml::array* const array = node.as_array();
    bool has_others = array == nullptr;
    for (std::size_t i = 0; !has_others && i < array->size(); ++i) {
      has_others = !array->get(i)->is_table();
    }
    if (has_others) {
      return fault(node.source().begin, std::string(key.path),
                   fmt::format("expected {}", expectation_of(key)));
    }
    for (const toml::node& item : *array) {
      // Making one more cannot fail.
      static_cast<void>(key.take(reading_.options, {}));
      read_table(*item.as_table(), item, key.path);
    }
  }

  void read_value(const ConfigKey& key, const toml::node& node) {
    const auto [expected, is_one] = kind_of(key, node);
    std::string text;
    const auto value = value_of(node, text);
    if (!is_one || !value) {
      return fault(node.source().begin, std::string(key.path),
                   fmt::format("expected {}, found {}", expected, name_of_type(node)));
    }
    const auto taken = take_value(key, reading_.options, *value);
    if (!taken) fault(node.source().begin, std::string(key.path), taken.error().text);
  }

  void fault(const toml::source_position& at, std::string key, std::string what) {
    // Who makes more mistakes than that has given us the wrong file.
    if (reading_.faults.size() == ConfigReading::kFaultsMax) return;
    reading_.faults.push_back({at.line, at.column, std::move(key), std::move(what)});
  }

  ConfigReading& reading_;
};

}  // namespace

std::string to_text(const ConfigFault& fault, const std::string& path) {
  std::string text = path;
  if (fault.line != 0) text += fmt::format(":{}", fault.line);
  if (fault.column != 0) text += fmt::format(":{}", fault.column);
  if (!fault.key.empty()) text += fmt::format(": {}", fault.key);
  return fmt::format("{}: {}", text, fault.what);
}

ConfigReading check_config_text(std::string_view text) {
  ConfigReading reading;
  const auto parsed = parse_toml(text);
  if (!parsed) {
    const TomlFault& fault = parsed.error();
    reading.faults.push_back({fault.line, fault.column, {}, fault.what});
    return reading;
  }
  Reader(reading).read_table(*parsed, *parsed, {});
  std::ranges::sort(reading.faults, {}, [](const ConfigFault& fault) {
    return std::tie(fault.line, fault.column, fault.key, fault.what);
  });
  return reading;
}

ConfigReading check_config_file(const std::string& path) {
  const auto text = read_text_file(path);
  if (text) return check_config_text(*text);
  ConfigReading reading;
  // The text begins with the path, as the text of a fault does.
  reading.faults.push_back({.key = {}, .what = text.error().text.substr(path.size() + 2)});
  return reading;
}

namespace {

Outcome<StackOptions> first_of(ConfigReading reading, const std::string& path) {
  if (reading.faults.empty()) return std::move(reading.options);
  const std::size_t others = reading.faults.size() - 1;
  return failed(to_text(reading.faults.front(), path),
                others == 0 ? "" : fmt::format("{} more: strata config check {}", others, path));
}

}  // namespace

Outcome<StackOptions> read_config_text(std::string_view text, const std::string& path) {
  return first_of(check_config_text(text), path);
}

Outcome<StackOptions> read_config_file(const std::string& path) {
  return first_of(check_config_file(path), path);
}

}  // namespace strata::service

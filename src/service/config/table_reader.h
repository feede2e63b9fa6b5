// SPDX-License-Identifier: Apache-2.0
// TableReader: a TOML table, read key by key. Costly to compile: for those who read files only.
#pragma once

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
// toml++ 3.3 asserts that a table's name begins as names do, and complains of it a few lines below:
// "[" alone would end the program.
#define TOML_ASSERT(...) static_assert(true)
// Values inside values: no file of ours has more, and each may bring a thousand tables along.
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "service/failure.h"

namespace strata::service {

[[nodiscard]] inline std::string_view name_of_type(const toml::node& node) {
  if (node.is_string()) return "a string";
  if (node.is_integer()) return "a number";
  if (node.is_array()) return "an array";
  if (node.is_table()) return "a table";
  if (node.is_boolean()) return "true or false";
  if (node.is_floating_point()) return "a number with a fraction";
  return "a date or time";
}

// Reads one table key by key and remembers the first thing that is wrong.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& path, std::string prefix,
              std::optional<Failure>& failure)
      : table_(table), path_(path), prefix_(std::move(prefix)), failure_(failure) {}

  template <typename Parse, typename Into>
  void text(std::string_view key, Parse parse, Into into) {
    const toml::node* node = known(key);
    if (node != nullptr) read_text(key, *node, parse, into);
  }

  // An array of strings, or one string.
  template <typename Parse, typename Into>
  void texts(std::string_view key, Parse parse, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return read_text(key, *node, parse, into);
    for (const toml::node& item : *array) read_text(key, item, parse, into);
  }

  template <typename Parse, typename Into>
  void number(std::string_view key, Parse parse, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value)
      return fail(key, *node, fmt::format("expected a number, found {}", name_of_type(*node)));
    settle(key, *node, parse(*value), into);
  }

  // An array of numbers. `begin` is called before the first of them, also when there are none.
  template <typename Parse, typename Begin, typename Into>
  void numbers(std::string_view key, Parse parse, Begin begin, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return fail(key, *node, "expected an array of numbers");
    begin();
    for (const toml::node& item : *array) {
      const auto value = item.value_exact<std::int64_t>();
      if (!value) {
        return fail(key, item, fmt::format("expected a number, found {}", name_of_type(item)));
      }
      settle(key, item, parse(*value), into);
    }
  }

  template <typename Into>
  void boolean(std::string_view key, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) {
      return fail(key, *node, fmt::format("expected true or false, found {}", name_of_type(*node)));
    }
    into(*value);
  }

  template <typename Visit>
  void tables(std::string_view key, Visit visit) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const toml::table* table = array->get(i)->as_table();
      if (table == nullptr) {
        array = nullptr;
        break;
      }
      visit(*table, *array->get(i));
    }
    if (array == nullptr) fail(key, *node, fmt::format("expected [[{}]] tables", key));
  }

  // One table, whose keys visit() reads with a TableReader of its own.
  template <typename Visit>
  void table(std::string_view key, Visit visit) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) return fail(key, *node, fmt::format("expected a [{}] table", key));
    visit(*table);
  }

  // One table, whose keys are another's to know. Switches and numbers come as text.
  template <typename Set>
  void settings(std::string_view key, Set set) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) return fail(key, *node, fmt::format("expected a [{}] table", key));
    for (const auto& [name, node_of_value] : *table) {
      const toml::node& value = node_of_value;
      std::string text;
      if (const auto word = value.value_exact<std::string>()) text = *word;
      if (const auto number = value.value_exact<std::int64_t>()) text = fmt::format("{}", *number);
      if (const auto is_on = value.value_exact<bool>()) text = *is_on ? "on" : "off";
      const Outcome<void> done = set(name.str(), text);
      if (!done) fail(fmt::format("{}.{}", key, name.str()), value, done.error().text);
    }
  }

  // After all keys have been asked for.
  void refuse_others() {
    for (const auto& [key, node] : table_) {
      if (known_.find(fmt::format(" {},", key.str())) != std::string::npos) continue;
      std::string expected = known_.substr(1, known_.size() - 2);
      return fail(key.str(), node, fmt::format("unknown key, expected one of: {}", expected));
    }
  }

  void fail(std::string_view key, const toml::node& node, std::string_view what) {
    if (failure_) return;
    failure_ = Failure{
        fmt::format("{}:{}: {}{}: {}", path_, node.source().begin.line, prefix_, key, what)};
  }

 private:
  [[nodiscard]] const toml::node* known(std::string_view key) {
    known_ += fmt::format(" {},", key);
    return table_.get(key);
  }

  template <typename Parse, typename Into>
  void read_text(std::string_view key, const toml::node& node, Parse parse, Into into) {
    const auto value = node.value_exact<std::string>();
    if (!value) {
      return fail(key, node, fmt::format("expected a string, found {}", name_of_type(node)));
    }
    settle(key, node, parse(std::string_view(*value)), into);
  }

  template <typename Value, typename Into>
  void settle(std::string_view key, const toml::node& node, Outcome<Value> value, Into into) {
    if (!value) return fail(key, node, value.error().text);
    into(*std::move(value));
  }

  const toml::table& table_;
  const std::string& path_;
  std::string prefix_;
  std::optional<Failure>& failure_;
  std::string known_;
};

// toml++ 3.3 makes a table of each part of a dotted key and lets go of them one inside the other:
// a key of a hundred thousand parts ends the program's stack. The line of the first such key. What
// is quoted counts as well, so that nothing here has to know TOML's kinds of string.
[[nodiscard]] inline std::optional<std::size_t> line_of_endless_key(std::string_view text) {
  constexpr std::size_t kDotsMax = 1024;
  std::size_t line = 1;
  std::size_t dots = 0;
  for (const char c : text) {
    if (c == '.' && ++dots > kDotsMax) return line;
    if (c != '\n') continue;
    dots = 0;
    ++line;
  }
  return std::nullopt;
}

// TOML 1.0 has no control characters but tabs and ends of lines. The line of the first one.
[[nodiscard]] inline std::optional<std::size_t> line_of_control_character(std::string_view text) {
  std::size_t line = 1;
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (c == '\n') ++line;
    if (is_control && c != '\n' && c != '\r' && c != '\t') return line;
  }
  return std::nullopt;
}

// The whole of a file's text; `read(table, failure)` makes what it means. `path` is what failures
// call it.
template <typename Read>
[[nodiscard]] auto read_toml(std::string_view text, const std::string& path, Read read)
    -> Outcome<decltype(read(std::declval<const toml::table&>(),
                             std::declval<std::optional<Failure>&>()))> {
  if (const auto line = line_of_endless_key(text)) {
    return failed(fmt::format("{}:{}: a key of more parts than any has", path, *line));
  }
  if (const auto line = line_of_control_character(text)) {
    return failed(fmt::format("{}:{}: a control character, which no such file has", path, *line));
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return failed(fmt::format("{}:{}: {}", path, parsed.error().source().begin.line,
                              parsed.error().description()));
  }
  std::optional<Failure> failure;
  auto value = read(parsed.table(), failure);
  if (failure) return std::unexpected(*std::move(failure));
  return value;
}

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
#include "service/web/query.h"

#include <algorithm>

#include "base/number_text.h"

namespace strata::service {
namespace {

std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain += ' ';
    } else if (text[i] != '%') {
      plain += text[i];
    } else {
      const std::string_view digits = text.substr(i + 1, 2);
      const auto value = number_in<unsigned char>(digits, 16);
      if (digits.size() != 2 || !value) return std::nullopt;
      plain += static_cast<char>(*value);
      i += 2;
    }
  }
  return plain;
}

}  // namespace

std::optional<Query> Query::of_target(std::string_view target) {
  Query query;
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = unescaped(pair.substr(0, equals));
    auto value = unescaped(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value || query.values_.size() == kNamesMax) return std::nullopt;
    query.values_.emplace_back(*std::move(name), *std::move(value));
  }
  return query;
}

std::string_view Query::text(std::string_view name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return value;
  }
  return {};
}

std::optional<std::size_t> Query::number(std::string_view name, std::size_t otherwise) const {
  const std::string_view digits = text(name);
  return digits.empty() ? otherwise : number_in<std::size_t>(digits);
}

std::string_view Query::stranger(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : values_) {
    if (std::ranges::find(known, name) == known.end()) return name;
  }
  return {};
}

}  // namespace strata::service

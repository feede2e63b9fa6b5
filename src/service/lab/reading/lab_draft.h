// SPDX-License-Identifier: Apache-2.0
// LabDraft: a lab while its file is read, and what the readers of its parts share.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "service/config/table_reader.h"
#include "service/failure.h"
#include "service/lab/lab.h"

namespace strata::service {

struct LabDraft {
  const std::string& path;
  std::optional<Failure>& failure;
  LabFile lab{};
  std::unordered_map<std::string, std::size_t> nodes{};  // by name; for looking up only
  std::set<std::pair<std::size_t, std::size_t>> linked{};
  std::unordered_map<std::string, std::size_t> links{};    // by name
  std::unordered_map<std::string, std::size_t> traffic{};  // by name
  // Of links, by events: read when all of these are known.
  struct Change {
    std::size_t event = 0;  // of lab.events
    const toml::table* table = nullptr;
    const toml::node* node = nullptr;
  };
  std::vector<Change> changes{};

  [[nodiscard]] TableReader open(const toml::table& table, std::string prefix) {
    return {table, path, std::move(prefix), failure};
  }
  [[nodiscard]] std::optional<std::size_t> find_node(const std::string& name) const {
    const auto found = nodes.find(name);
    return found == nodes.end() ? std::nullopt : std::optional(found->second);
  }
  // False: there is a node of this name.
  [[nodiscard]] bool add_node(LabNode node) {
    const bool is_new = nodes.emplace(node.name, lab.nodes.size()).second;
    if (is_new) lab.nodes.push_back(std::move(node));
    return is_new;
  }
  // Between lab.nodes[from_node] and [to_node]. False: they are linked already.
  [[nodiscard]] bool add_link(LabLink link) {
    const auto [low, high] = std::minmax(link.from_node, link.to_node);
    if (!linked.emplace(low, high).second) return false;
    link.from = lab.nodes[link.from_node].name;
    link.to = lab.nodes[link.to_node].name;
    links.emplace(link.name(), lab.links.size());
    lab.links.push_back(std::move(link));
    return true;
  }
};

template <typename Value>
struct LabWord {
  std::string_view word;
  Value value;
};

// One of a few words.
template <typename Value, std::size_t kCount>
auto one_of(const std::array<LabWord<Value>, kCount>& words) {
  return [&words](std::string_view text) -> Outcome<Value> {
    std::string all;
    for (const LabWord<Value>& known : words) {
      if (known.word == text) return known.value;
      all += fmt::format("{}{}", all.empty() ? "" : ", ", known.word);
    }
    return failed(fmt::format("'{}' is none of: {}", text, all));
  };
}

// A number from `least` to `most`.
template <typename Value>
auto number_between(std::int64_t least, std::int64_t most) {
  return [least, most](std::int64_t number) -> Outcome<Value> {
    if (number >= least && number <= most) return static_cast<Value>(number);
    return failed(fmt::format("{} is not from {} to {}", number, least, most));
  };
}

auto into(auto& place) {
  return [&place](auto value) { place = std::move(value); };
}

[[nodiscard]] inline Outcome<std::string> parse_any_text(std::string_view text) {
  return std::string(text);
}

// 1 to 32 letters, digits, '_' or '.'.
[[nodiscard]] inline Outcome<std::string> parse_lab_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
  constexpr std::size_t kNameMax = 32;
  if (text.empty() || text.size() > kNameMax ||
      text.find_first_not_of(kAllowed) != std::string_view::npos) {
    return failed(fmt::format("'{}' is no name: 1 to 32 letters, digits, '_' or '.'", text));
  }
  return std::string(text);
}

// ── Parts of the file ──────────────────────────────────────────────────────────────────────────

// What both directions of a link say, and `back`.
void read_link_keys(LabDraft& draft, TableReader& reader, const toml::node& node, LabLink& link);
// The keys of an event that makes another link of event.change.
void read_link_change(LabDraft& draft, const toml::table& table, const toml::node& node,
                      LabEvent& event);
void read_topology(LabDraft& draft, const toml::table& table, const toml::node& node);
void read_traffic(LabDraft& draft, const toml::table& table, const toml::node& node);
void read_event(LabDraft& draft, const toml::table& table, const toml::node& node);
// After all events: each change begins with what the one before it left, as it will be.
void read_link_changes(LabDraft& draft);

// Nodes that are called so; with a '*' at its end, those whose names begin so.
[[nodiscard]] std::vector<std::size_t> nodes_called(const LabDraft& draft,
                                                    const std::string& pattern);
// A name, or the beginning of one and a '*'.
[[nodiscard]] Outcome<std::string> parse_name_or_beginning(std::string_view text);

}  // namespace strata::service

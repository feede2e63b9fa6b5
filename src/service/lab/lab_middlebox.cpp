// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_middlebox.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "service/config/table_reader.h"
#include "service/lab/lab_middlebox_keys.h"
#include "service/lab/quantity.h"
#include "strata/wire/tcp_options.h"

namespace strata::service {
namespace {

struct OptionWord {
  std::string_view word;
  wire::TcpOptionKind kind;
};
constexpr std::array<OptionWord, 6> kOptionWords{
    {{"mss", wire::TcpOptionKind::kMaximumSegmentSize},
     {"window_scale", wire::TcpOptionKind::kWindowScale},
     {"sack_permitted", wire::TcpOptionKind::kSackPermitted},
     {"sack", wire::TcpOptionKind::kSack},
     {"timestamps", wire::TcpOptionKind::kTimestamps},
     {"fast_open", wire::TcpOptionKind::kFastOpen}}};

Outcome<std::uint8_t> parse_option_kind(std::string_view text) {
  std::string all;
  for (const OptionWord& known : kOptionWords) {
    if (known.word == text) return static_cast<std::uint8_t>(known.kind);
    all += fmt::format("{}{}", all.empty() ? "" : ", ", known.word);
  }
  return failed(fmt::format("'{}' is none of: {}", text, all));
}

Outcome<IpAddress> parse_outside(std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address || !address->is_v4()) return failed(fmt::format("'{}' is no IPv4 address", text));
  return *address;
}

Outcome<std::uint32_t> parse_box_count(std::int64_t number) {
  constexpr std::int64_t kMost = 1'000'000;
  if (number >= 1 && number <= kMost) return static_cast<std::uint32_t>(number);
  return failed(fmt::format("{} is not from 1 to {}", number, kMost));
}

auto put_into(auto& place) {
  return [&place](auto value) { place = std::move(value); };
}

// What filters and translators share.
void read_memory_keys(TableReader& reader, auto& config) {
  reader.text("idle", parse_duration, put_into(config.idle));
  reader.texts("forgets", parse_duration, [&](Duration at) { config.forgets.push_back(Time(at)); });
  reader.boolean("resets", put_into(config.resets));
  std::ranges::sort(config.forgets);
}

sim::OptionStripperConfig read_stripper(TableReader& reader) {
  sim::OptionStripperConfig config;
  reader.texts("options", parse_option_kind,
               [&](std::uint8_t kind) { config.kinds.push_back(kind); });
  const std::array<std::pair<std::string_view, bool*>, 3> segments{
      {{"syn", &config.on_syn}, {"syn_ack", &config.on_syn_ack}, {"data", &config.on_others}}};
  bool is_told = false;
  const auto parse_segment = [&](std::string_view text) -> Outcome<bool*> {
    for (const auto& [word, flag] : segments) {
      if (word == text) return flag;
    }
    return failed(fmt::format("'{}' is none of: syn, syn_ack, data", text));
  };
  reader.texts("on", parse_segment, [&](bool* flag) {
    if (!std::exchange(is_told, true)) {
      config.on_syn = config.on_syn_ack = config.on_others = false;
    }
    *flag = true;
  });
  return config;
}

LabMiddlebox read_kind(TableReader& reader, std::string_view does) {
  if (does == "nat") {
    sim::NatConfig config;
    reader.text("outside", parse_outside, put_into(config.outside));
    read_memory_keys(reader, config);
    return config;
  }
  if (does == "strip_options") return read_stripper(reader);
  if (does == "reorder") {
    sim::ReordererConfig config;
    reader.number("every", parse_box_count, put_into(config.every));
    reader.number("behind", parse_box_count, put_into(config.behind));
    reader.text("wait", parse_duration, put_into(config.wait_max));
    return config;
  }
  if (does == "corrupt") {
    sim::CorruptorConfig config;
    reader.number("every", parse_box_count, put_into(config.every));
    const auto parse_part = [](std::string_view text) -> Outcome<sim::CorruptorConfig::Part> {
      if (text == "payload") return sim::CorruptorConfig::Part::kPayload;
      if (text == "header") return sim::CorruptorConfig::Part::kHeader;
      return failed(fmt::format("'{}' is neither payload nor header", text));
    };
    reader.text("part", parse_part, put_into(config.part));
    reader.boolean("mends_checksum", put_into(config.mends_checksum));
    return config;
  }
  sim::FilterConfig config;
  read_memory_keys(reader, config);
  return config;
}

}  // namespace

LabMiddlebox read_middlebox_keys(TableReader& reader, const toml::node& node) {
  std::string does;
  const auto parse_does = [](std::string_view text) -> Outcome<std::string> {
    constexpr std::array<std::string_view, 5> kKinds{"filter", "nat", "strip_options", "reorder",
                                                     "corrupt"};
    if (std::ranges::find(kKinds, text) != kKinds.end()) return std::string(text);
    return failed(
        fmt::format("'{}' is none of: filter, nat, strip_options, reorder, corrupt", text));
  };
  bool is_told = false;
  reader.text("does", parse_does, [&](std::string word) {
    does = std::move(word);
    is_told = true;
  });
  if (!is_told)
    reader.fail("does", node, "missing: filter, nat, strip_options, reorder or corrupt");
  return read_kind(reader, does);
}

std::unique_ptr<sim::MiddleboxRules> make_rules(const LabMiddlebox& box) {
  struct Maker {
    auto operator()(const sim::FilterConfig& config) const { return sim::make_filter(config); }
    auto operator()(const sim::NatConfig& config) const { return sim::make_nat(config); }
    auto operator()(const sim::OptionStripperConfig& config) const {
      return sim::make_option_stripper(config);
    }
    auto operator()(const sim::ReordererConfig& config) const {
      return sim::make_reorderer(config);
    }
    auto operator()(const sim::CorruptorConfig& config) const {
      return sim::make_corruptor(config);
    }
  };
  return std::visit(Maker{}, box);
}

bool may_end_connections(const LabMiddlebox& box) {
  return std::holds_alternative<sim::FilterConfig>(box) ||
         std::holds_alternative<sim::NatConfig>(box) ||
         std::holds_alternative<sim::OptionStripperConfig>(box);
}

bool may_change_bytes(const LabMiddlebox& box) {
  const auto* corruptor = std::get_if<sim::CorruptorConfig>(&box);
  return corruptor != nullptr && corruptor->mends_checksum;
}

}  // namespace strata::service

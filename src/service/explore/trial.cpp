// SPDX-License-Identifier: Apache-2.0
#include "service/explore/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/number_text.h"
#include "service/lab/quantity.h"
#include "service/text_file.h"

namespace strata::service {
namespace {

// What stands behind the kind and the place of a line.
enum class FieldForm : std::uint8_t { kNone, kCount, kTime };

struct ItemWords {
  ItemKind kind;
  std::string_view word;
  FieldForm at = FieldForm::kNone;
  FieldForm amount = FieldForm::kNone;
  FieldForm left = FieldForm::kNone;
};

constexpr std::array<ItemWords, 28> kItemWords{{
    {ItemKind::kLose, "lose", FieldForm::kCount},
    {ItemKind::kCorrupt, "corrupt", FieldForm::kCount, FieldForm::kCount},
    {ItemKind::kDuplicate, "duplicate", FieldForm::kCount},
    {ItemKind::kHold, "hold", FieldForm::kCount, FieldForm::kTime},
    {ItemKind::kDown, "down", FieldForm::kTime, FieldForm::kTime},
    {ItemKind::kPartition, "partition", FieldForm::kTime, FieldForm::kTime},
    {ItemKind::kStarve, "starve", FieldForm::kTime, FieldForm::kTime, FieldForm::kCount},
    {ItemKind::kCrash, "crash", FieldForm::kTime, FieldForm::kTime},
    {ItemKind::kExchange, "exchange", FieldForm::kTime, FieldForm::kCount},
    {ItemKind::kTalk, "talk", FieldForm::kCount},
    {ItemKind::kReadSize, "read_size", FieldForm::kCount, FieldForm::kCount},
    {ItemKind::kReadPause, "read_pause", FieldForm::kCount, FieldForm::kTime},
    {ItemKind::kWriteSize, "write_size", FieldForm::kCount, FieldForm::kCount},
    {ItemKind::kWritePause, "write_pause", FieldForm::kCount, FieldForm::kTime},
    {ItemKind::kPackets, "packets", FieldForm::kCount},
    {ItemKind::kEnd, "end", FieldForm::kCount},
    {ItemKind::kAnswerLast, "answer_last"},
    {ItemKind::kAcceptLate, "accept_late", FieldForm::kTime},
    {ItemKind::kClose, "close", FieldForm::kCount},
    {ItemKind::kAbort, "abort", FieldForm::kCount},
    {ItemKind::kCoroutines, "coroutines"},
    {ItemKind::kNoDelay, "no_delay", FieldForm::kCount},
    {ItemKind::kCork, "cork", FieldForm::kCount},
    {ItemKind::kQuickAck, "quick_ack", FieldForm::kCount},
    {ItemKind::kSlowAck, "slow_ack", FieldForm::kCount},
    {ItemKind::kSmallReceive, "small_receive", FieldForm::kCount},
    {ItemKind::kSmallSend, "small_send", FieldForm::kCount},
    {ItemKind::kSmallSegments, "small_segments", FieldForm::kCount},
}};

const ItemWords& item_words(ItemKind kind) { return kItemWords[static_cast<std::size_t>(kind)]; }

// The largest unit that says it exactly.
std::string item_time(std::uint64_t nanoseconds) {
  constexpr std::array<std::pair<std::uint64_t, const char*>, 3> kUnits{
      {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}}};
  for (const auto& [size, name] : kUnits) {
    if (nanoseconds % size == 0) return fmt::format("{}{}", nanoseconds / size, name);
  }
  return fmt::format("{}ns", nanoseconds);
}

std::string item_field(FieldForm form, std::uint64_t value) {
  if (form == FieldForm::kNone) return {};
  return " " + (form == FieldForm::kTime ? item_time(value) : fmt::format("{}", value));
}

std::vector<std::string_view> item_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  line = line.substr(0, line.find('#'));
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return fields;
    const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

Outcome<std::uint64_t> parse_item_field(FieldForm form, std::string_view text) {
  if (form == FieldForm::kTime) {
    const auto time = parse_duration(text);
    if (!time) return std::unexpected(time.error());
    return static_cast<std::uint64_t>(time->count());
  }
  const auto number = number_in<std::uint64_t>(text);
  if (!number) return failed(fmt::format("'{}' is no number", text));
  return *number;
}

Outcome<TrialItem> parse_item(const std::vector<std::string_view>& fields) {
  const auto words = std::ranges::find(kItemWords, fields[0], &ItemWords::word);
  if (words == kItemWords.end())
    return failed(fmt::format("'{}' is no fault or choice", fields[0]));
  const std::array<FieldForm, 3> forms{words->at, words->amount, words->left};
  const auto wanted = 2 + static_cast<std::size_t>(std::ranges::count_if(
                              forms, [](FieldForm form) { return form != FieldForm::kNone; }));
  if (fields.size() != wanted) {
    return failed(
        fmt::format("'{}' takes {} words, not {}", fields[0], wanted - 1, fields.size() - 1));
  }
  TrialItem item{.kind = words->kind, .where = std::string(fields[1])};
  const std::array<std::uint64_t*, 3> places{&item.at, &item.amount, &item.left};
  for (std::size_t i = 0; i + 2 < fields.size(); ++i) {
    const auto value = parse_item_field(forms[i], fields[i + 2]);
    if (!value) return std::unexpected(value.error());
    *places[i] = *value;
  }
  return item;
}

}  // namespace

bool is_frame_fault(ItemKind kind) { return kind <= ItemKind::kHold; }
bool is_program_choice(ItemKind kind) { return kind >= ItemKind::kTalk; }
bool is_option(ItemKind kind) { return kind >= ItemKind::kNoDelay; }

std::vector<TrialItem> choices_of(const Trial& trial, std::string_view program) {
  std::vector<TrialItem> choices;
  for (const TrialItem& item : trial.items) {
    if (is_program_choice(item.kind) && item.where == program) choices.push_back(item);
  }
  return choices;
}

std::string to_text(const TrialItem& item) {
  const ItemWords& words = item_words(item.kind);
  return fmt::format("{} {}{}{}{}", words.word, item.where, item_field(words.at, item.at),
                     item_field(words.amount, item.amount), item_field(words.left, item.left));
}

std::string to_text(const Trial& trial) {
  std::string text = fmt::format("seed {}\n{}", trial.seed, trial.is_listed ? "chance off\n" : "");
  for (const TrialItem& item : trial.items) text += to_text(item) + "\n";
  return text;
}

Outcome<Trial> read_trial_text(std::string_view text, const std::string& path) {
  Trial trial;
  bool has_seed = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto fields = item_fields(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (fields.empty()) continue;
    const auto complain = [&](const std::string& why) {
      return failed(fmt::format("{}:{}: {}", path, number, why));
    };
    if (fields[0] == "seed") {
      const auto seed = fields.size() == 2 ? number_in<std::uint64_t>(fields[1]) : std::nullopt;
      if (!seed) return complain("expected 'seed' and a number");
      trial.seed = *seed;
      has_seed = true;
      continue;
    }
    if (fields[0] == "chance") {
      if (fields.size() != 2 || fields[1] != "off") return complain("expected 'chance off'");
      trial.is_listed = true;
      continue;
    }
    auto item = parse_item(fields);
    if (!item) return complain(item.error().text);
    trial.items.push_back(std::move(*item));
  }
  if (!has_seed) return failed(fmt::format("{}: there is no line 'seed N'", path));
  return trial;
}

Outcome<Trial> read_trial_file(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return std::unexpected(std::move(text).error());
  return read_trial_text(*text, path);
}

}  // namespace strata::service

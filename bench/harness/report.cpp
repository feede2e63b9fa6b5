// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/report.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace strata::bench {
namespace {

std::string spread(const Statistics& statistics) {
  return fmt::format("{} [{} - {}]", figure(statistics.median), figure(statistics.min),
                     figure(statistics.max));
}

std::string details_text(const ContestantResult& contestant) {
  std::string text;
  for (const Detail& detail : contestant.details) {
    fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : ", ",
                   figure(detail.value), detail.name);
  }
  return text;
}

std::string verdict(const Result& result) {
  const auto reached = result.reaches_goal();
  if (!reached) return "";
  return *reached ? "reached" : "missed";
}

// Only what benchmarks and machines say of themselves: no need for the whole of JSON.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string("null");
}

std::string json_of(const ContestantResult& contestant) {
  std::string out = fmt::format("{{\"name\": {}", quoted(contestant.name));
  if (!contestant.ran()) {
    return out + fmt::format(", \"unavailable\": {}}}", quoted(contestant.unavailable));
  }
  const Statistics statistics = contestant.statistics();
  fmt::format_to(
      std::back_inserter(out), ", \"median\": {}, \"min\": {}, \"max\": {}, \"samples\": [",
      json_number(statistics.median), json_number(statistics.min), json_number(statistics.max));
  for (std::size_t i = 0; i < contestant.samples.size(); ++i) {
    out += (i == 0 ? "" : ", ") + json_number(contestant.samples[i]);
  }
  fmt::format_to(std::back_inserter(out), "], \"cores\": {:.2f}, \"details\": {{",
                 contestant.cores());
  for (std::size_t i = 0; i < contestant.details.size(); ++i) {
    const Detail& detail = contestant.details[i];
    fmt::format_to(std::back_inserter(out), "{}{}: {}", i == 0 ? "" : ", ", quoted(detail.name),
                   json_number(detail.value));
  }
  return out + "}}";
}

std::string json_of(const Result& result) {
  std::string out = fmt::format(
      "    {{\"name\": {}, \"unit\": {}, \"better\": \"{}\", \"load\": {},\n"
      "     \"claim\": {},\n",
      quoted(result.name), quoted(result.unit),
      result.better == Better::kHigher ? "higher" : "lower", json_number(result.load),
      quoted(result.claim));
  if (result.goal) fmt::format_to(std::back_inserter(out), "     \"goal\": {},\n", *result.goal);
  if (result.ratio_goal) {
    fmt::format_to(std::back_inserter(out), "     \"ratio_goal\": {},\n", *result.ratio_goal);
  }
  if (result.point) {
    fmt::format_to(
        std::back_inserter(out), "     \"point\": {{\"curve\": {}, \"of\": {}, \"at\": {}}},\n",
        quoted(result.point->curve), quoted(result.point->of), json_number(result.point->at));
  }
  if (const auto ratio = result.ratio()) {
    fmt::format_to(std::back_inserter(out), "     \"ratio\": {},\n", json_number(*ratio));
  }
  if (const auto reached = result.reaches_goal()) {
    fmt::format_to(std::back_inserter(out), "     \"reaches_goal\": {},\n", *reached);
  }
  out += "     \"contestants\": [";
  for (std::size_t i = 0; i < result.contestants.size(); ++i) {
    out += (i == 0 ? "\n      " : ",\n      ") + json_of(result.contestants[i]);
  }
  return out + "]}";
}

}  // namespace

std::string figure(double value) {
  const double size = std::abs(value);
  if (size >= 1000 || size == std::floor(size)) return fmt::format("{:.0f}", value);
  if (size >= 100) return fmt::format("{:.1f}", value);
  if (size >= 1) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

std::optional<double> Result::ratio() const {
  if (contestants.size() < 2 || !contestants[0].ran() || !contestants[1].ran()) {
    return std::nullopt;
  }
  const double peer = contestants[1].statistics().median;
  if (peer == 0) return std::nullopt;
  return contestants[0].statistics().median / peer;
}

std::optional<bool> Result::reaches_goal() const {
  if (contestants.empty() || !contestants[0].ran()) return std::nullopt;
  if (!goal && !ratio_goal) return std::nullopt;
  const auto holds = [this](double value, double wanted) {
    return better == Better::kHigher ? value >= wanted : value <= wanted;
  };
  bool reached = true;
  if (goal) reached = holds(contestants[0].statistics().median, *goal);
  if (ratio_goal) {
    const auto measured = ratio();
    if (!measured) return std::nullopt;
    reached = reached && holds(*measured, *ratio_goal);
  }
  return reached;
}

std::string goal_text(const Result& result) {
  const char* relation = result.better == Better::kHigher ? ">=" : "<=";
  std::string text;
  if (result.goal) text = fmt::format("{} {}", relation, figure(*result.goal));
  if (result.ratio_goal) {
    text += fmt::format("{}{} {}x peer", text.empty() ? "" : ", ", relation,
                        figure(*result.ratio_goal));
  }
  return text;
}

std::string text_of(const Result& result) {
  std::string out =
      fmt::format("{}  ({}, {} is better, load {:.1f})\n  {}\n", result.name, result.unit,
                  result.better == Better::kHigher ? "more" : "less", result.load, result.claim);
  for (const ContestantResult& contestant : result.contestants) {
    if (!contestant.ran()) {
      fmt::format_to(std::back_inserter(out), "    {:<34} not available: {}\n", contestant.name,
                     contestant.unavailable);
      continue;
    }
    fmt::format_to(std::back_inserter(out), "    {:<34} {}, {:.1f} cores\n", contestant.name,
                   spread(contestant.statistics()), contestant.cores());
    if (!contestant.details.empty()) {
      fmt::format_to(std::back_inserter(out), "    {:<34}   {}\n", "", details_text(contestant));
    }
  }
  if (const auto ratio = result.ratio()) {
    fmt::format_to(std::back_inserter(out), "    ratio to {}: {:.2f}\n", result.contestants[1].name,
                   *ratio);
  }
  if (const std::string goal = goal_text(result); !goal.empty()) {
    const std::string said = verdict(result);
    fmt::format_to(std::back_inserter(out), "    goal {}: {}\n", goal,
                   said.empty() ? "cannot be judged" : said);
  }
  return out;
}

std::string json_of(const std::vector<Result>& results, const Machine& machine) {
  std::string out =
      fmt::format("{{\"machine\": {{\"cpu\": {}, \"kernel\": {}, \"cores\": {}}},\n \"results\": [",
                  quoted(machine.cpu), quoted(machine.kernel), machine.cores);
  for (std::size_t i = 0; i < results.size(); ++i) {
    out += (i == 0 ? "\n" : ",\n") + json_of(results[i]);
  }
  return out + "]}\n";
}

}  // namespace strata::bench

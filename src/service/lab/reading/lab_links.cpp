// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "base/number_text.h"
#include "service/lab/quantity.h"
#include "service/lab/reading/lab_draft.h"
#include "service/lab/reading/link_files.h"
#include "service/stack_options.h"

namespace strata::service {
namespace {

constexpr std::array<LabWord<LabQueue::Kind>, 3> kQueues{{{"tail", LabQueue::Kind::kTail},
                                                          {"codel", LabQueue::Kind::kCodel},
                                                          {"fq_codel", LabQueue::Kind::kFqCodel}}};
constexpr std::int64_t kQueuePacketsMax = 1'000'000;

constexpr std::array<LabWord<sim::JitterShape>, 4> kJitters{
    {{"uniform", sim::JitterShape::kUniform},
     {"normal", sim::JitterShape::kNormal},
     {"pareto", sim::JitterShape::kPareto},
     {"empirical", sim::JitterShape::kEmpirical}}};

// "2.5" and the like, in thousandths.
Outcome<Ratio> parse_tail(std::string_view text) {
  constexpr std::uint64_t kParts = 1000;
  const auto value = number_in<double>(text);
  if (!value || !(*value >= 0.1 && *value <= 100)) {
    return failed(fmt::format("'{}' is no tail: a number from 0.1 to 100", text));
  }
  return Ratio{static_cast<std::uint64_t>(std::llround(*value * double{kParts})), kParts};
}

// Files are named as seen from the lab's.
std::string beside(const LabDraft& draft, std::string_view path) {
  return (std::filesystem::path(draft.path).parent_path() / path).string();
}

void read_jitter(LabDraft& draft, TableReader& reader, sim::LinkConfig& line) {
  reader.text("jitter", parse_duration, into(line.jitter));
  reader.text("jitter_shape", one_of(kJitters), into(line.jitter_shape));
  reader.text("jitter_tail", parse_tail, into(line.jitter_tail));
  reader.text(
      "jitter_file",
      [&](std::string_view path) { return read_jitter_samples(beside(draft, path)); },
      [&](auto samples) {
        line.jitter_samples = std::move(samples);
        line.jitter_shape = sim::JitterShape::kEmpirical;
      });
  reader.boolean("jitter_reorders", into(line.jitter_reorders));
}

void read_burst_loss(LabDraft& draft, TableReader& reader, sim::GilbertElliott& burst) {
  reader.table("burst_loss", [&](const toml::table& table) {
    TableReader own = draft.open(table, "link.burst_loss.");
    burst = {};
    own.text("enter", parse_share, into(burst.good_to_bad));
    own.text("leave", parse_share, into(burst.bad_to_good));
    own.text("good", parse_share, into(burst.loss_in_good));
    own.text("bad", parse_share, into(burst.loss_in_bad));
    own.refuse_others();
  });
}

void read_rates(LabDraft& draft, TableReader& reader, LabRates& rates) {
  bool is_first = true;
  reader.tables("rates", [&](const toml::table& table, const toml::node& node) {
    if (std::exchange(is_first, false)) rates.steps.clear();
    LabRates::Step step;
    TableReader own = draft.open(table, "link.rates.");
    own.text("at", parse_duration, into(step.at));
    own.text("rate", parse_bit_rate, into(step.bits_per_second));
    own.refuse_others();
    if (step.bits_per_second == 0) own.fail("rate", node, "missing");
    if (!rates.steps.empty() && step.at <= rates.steps.back().at) {
      own.fail("at", node, "is not later than the step before it");
    }
    rates.steps.push_back(step);
  });
  reader.text("rates_repeat", parse_duration, into(rates.repeat));
}

// The later of a rate and a trace takes over. True: there is one.
bool read_rate(LabDraft& draft, TableReader& reader, const toml::node& node,
               sim::LinkConfig& line) {
  bool has_rate = false, has_trace = false;
  reader.text("rate", parse_bit_rate, [&](std::uint64_t bits_per_second) {
    line.bits_per_second = bits_per_second;
    line.trace = nullptr;
    has_rate = true;
  });
  reader.text(
      "rate_trace", [&](std::string_view path) { return read_rate_trace(beside(draft, path)); },
      [&](auto trace) {
        line.trace = std::move(trace);
        has_trace = true;
      });
  if (has_rate && has_trace) reader.fail("rate_trace", node, "it is instead of a rate");
  return has_rate || has_trace;
}

void read_queue(TableReader& reader, const toml::node& node, sim::LinkConfig& line,
                LabQueue& queue) {
  bool has_bytes = false;
  reader.text("queue", one_of(kQueues), [&](LabQueue::Kind kind) {
    queue = {.kind = kind, .marks = queue.marks && kind != LabQueue::Kind::kTail};
  });
  reader.boolean("queue_marks", into(queue.marks));
  reader.number("queue_packets", number_between<std::size_t>(1, kQueuePacketsMax),
                into(line.queue_packets_max));
  reader.text("queue_bytes", parse_byte_count, [&](auto bytes) {
    line.queue_bytes_max = bytes;
    has_bytes = true;
  });
  if (has_bytes && queue.kind != LabQueue::Kind::kTail) {
    reader.fail("queue_bytes", node, "only a tail drop counts bytes: codel and fq_codel do not");
  }
}

// What one direction of a link may say. True: also what it carries.
bool read_direction(LabDraft& draft, TableReader& reader, const toml::node& node,
                    sim::LinkConfig& line, LabQueue& queue, LabRates& rates) {
  const bool has_rate = read_rate(draft, reader, node, line);
  read_rates(draft, reader, rates);
  reader.text("delay", parse_duration, into(line.delay));
  read_jitter(draft, reader, line);
  read_burst_loss(draft, reader, line.burst_loss);
  reader.numbers(
      "lost_frames", number_between<std::uint64_t>(0, INT64_MAX), [&] { line.lost_frames.clear(); },
      [&](std::uint64_t position) { line.lost_frames.push_back(position); });
  reader.number("reorder_every", number_between<std::uint32_t>(0, UINT32_MAX),
                into(line.reorder_every));
  reader.number("corrupted_bits", number_between<std::uint32_t>(1, 65'535),
                into(line.corrupted_bits));
  reader.number("mtu", check_mtu, into(line.mtu));
  reader.text("loss", parse_share, into(line.loss));
  reader.text("duplication", parse_share, into(line.duplication));
  reader.text("corruption", parse_share, into(line.corruption));
  reader.text("reordering", parse_share, into(line.reordering));
  reader.text("reorder_delay", parse_duration, into(line.reorder_delay));
  read_queue(reader, node, line, queue);
  return has_rate;
}

bool read_back(LabDraft& draft, TableReader& reader, LabLink& link) {
  bool has_rate = false;
  reader.table("back", [&](const toml::table& back) {
    TableReader own = draft.open(back, "link.back.");
    has_rate = read_direction(draft, own, back, link.back, link.queue_back, link.rates_back);
    own.refuse_others();
  });
  return has_rate;
}

void read_flaps(LabDraft& draft, TableReader& reader, LabLink& link) {
  reader.table("flaps", [&](const toml::table& table) {
    LabFlaps flaps;
    TableReader own = draft.open(table, "link.flaps.");
    own.text("first", parse_duration, into(flaps.first));
    own.text("down", parse_duration, into(flaps.down));
    own.text("up", parse_duration, into(flaps.up));
    own.boolean("random", into(flaps.is_random));
    own.refuse_others();
    for (const auto& [key, time] : {std::pair("down", flaps.down), std::pair("up", flaps.up)}) {
      if (time == Duration::zero()) own.fail(key, table, "expected a time longer than nothing");
    }
    link.flaps = flaps;
  });
}

// Says which key is wrong, where the link alone knows only that something is.
void check_direction(TableReader& reader, const toml::node& node, const sim::LinkConfig& line,
                     const LabQueue& queue, const LabRates& rates) {
  const auto& lost = line.lost_frames;
  if (std::ranges::adjacent_find(lost, std::greater_equal<>()) != lost.end()) {
    reader.fail("lost_frames", node, "expected ascending numbers, the first frame being 0");
  }
  if (line.jitter_shape == sim::JitterShape::kEmpirical && line.jitter_samples == nullptr) {
    reader.fail("jitter_file", node, "missing: an empirical jitter has samples");
  }
  if (line.trace != nullptr && !rates.steps.empty()) {
    reader.fail("rate_trace", node, "with a trace there are no rates");
  }
  if (rates.repeat != Duration::zero() &&
      (rates.steps.empty() || rates.repeat <= rates.steps.back().at)) {
    reader.fail("rates_repeat", node, "is not later than the last step of rates");
  }
  if (queue.marks && queue.kind == LabQueue::Kind::kTail) {
    reader.fail("queue_marks", node, "a tail drop does not mark: codel and fq_codel do");
  }
  if (!sim::validate(line))
    reader.fail("mtu", node, "no link can be like this (mtu, queue, times)");
}

}  // namespace

void read_link_keys(LabDraft& draft, TableReader& reader, const toml::node& node, LabLink& link) {
  read_direction(draft, reader, node, link.there, link.queue_there, link.rates_there);
  link.back = link.there;
  link.queue_back = link.queue_there;
  link.rates_back = link.rates_there;
  read_back(draft, reader, link);
  read_flaps(draft, reader, link);
  check_direction(reader, node, link.there, link.queue_there, link.rates_there);
  check_direction(reader, node, link.back, link.queue_back, link.rates_back);
}

// What both directions say changes both and leaves all else as it is.
void read_link_change(LabDraft& draft, const toml::table& table, const toml::node& node,
                      LabEvent& event) {
  LabLink& link = event.change;
  const LabRates there_before = std::exchange(link.rates_there, {});
  const LabRates back_before = std::exchange(link.rates_back, {});
  TableReader there = draft.open(table, "event.change.");
  event.keeps_rate_there =
      !read_direction(draft, there, node, link.there, link.queue_there, link.rates_there);
  TableReader both = draft.open(table, "event.change.");
  event.keeps_rate_back =
      !read_direction(draft, both, node, link.back, link.queue_back, link.rates_back);
  if (read_back(draft, both, link)) event.keeps_rate_back = false;
  both.refuse_others();
  for (const LabRates& rates : {link.rates_there, link.rates_back}) {
    if (rates.steps.empty() && rates.repeat == Duration::zero()) continue;
    both.fail("rates", node, "belong to the link: an event changes its rate once");
  }
  link.rates_there = there_before;
  link.rates_back = back_before;
  check_direction(both, node, link.there, link.queue_there, link.rates_there);
  check_direction(both, node, link.back, link.queue_back, link.rates_back);
}

}  // namespace strata::service

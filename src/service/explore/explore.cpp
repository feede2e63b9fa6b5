// SPDX-License-Identifier: Apache-2.0
#include "service/explore/explore.h"

#include <poll.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "service/explore/draw.h"
#include "service/explore/isolated.h"
#include "service/explore/shrink.h"

namespace strata::service {
namespace {

struct RunningTrial {
  Trial trial;
  IsolatedTrial process;
};

// Keeps as many trials running as it may, and hands out verdicts as they come.
class SeedSearch {
 public:
  SeedSearch(const LabFile& lab, const ExploreOptions& options)
      : lab_(lab), options_(options), next_(options.first_seed) {}

  Outcome<Exploration> run(const ExploreWatch& goes_on) {
    while (true) {
      if (auto filled = fill(); !filled) return std::unexpected(std::move(filled).error());
      if (running_.empty()) break;
      if (auto waited = wait(); !waited) return std::unexpected(std::move(waited).error());
      if (goes_on(found_)) continue;
      found_.is_whole = false;
      return std::move(found_);
    }
    if (!broken_) return std::move(found_);
    auto finding = minimise(broken_->first, broken_->second, goes_on);
    if (!finding) return std::unexpected(std::move(finding).error());
    found_.finding = std::move(*finding);
    return std::move(found_);
  }

 private:
  Outcome<void> fill() {
    while (running_.size() < std::max(options_.jobs, 1U) && !is_drawn_out_) {
      // Seeds below one that broke something may yet do so themselves; those above need not run.
      if (broken_ && next_ > broken_->first.seed) return {};
      Trial trial = draw_trial(lab_, next_);
      auto process = IsolatedTrial::start(lab_, trial);
      if (!process) return std::unexpected(std::move(process).error());
      running_.push_back({std::move(trial), std::move(*process)});
      is_drawn_out_ = next_++ == options_.last_seed;
    }
    return {};
  }

  Outcome<void> wait() {
    std::vector<pollfd> waiting;
    waiting.reserve(running_.size());
    for (const RunningTrial& each : running_) {
      waiting.push_back({.fd = each.process.descriptor(), .events = POLLIN, .revents = 0});
    }
    if (::poll(waiting.data(), waiting.size(), -1) <= 0) return {};  // a signal: the watch asks
    for (std::size_t i = waiting.size(); i-- != 0;) {
      if (waiting[i].revents == 0 || !running_[i].process.read()) continue;
      auto verdict = running_[i].process.verdict();
      if (!verdict) return std::unexpected(std::move(verdict).error());
      note(running_[i].trial, std::move(*verdict));
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return {};
  }

  void note(const Trial& trial, TrialVerdict verdict) {
    ++found_.seeds;
    found_.bytes += verdict.bytes;
    found_.items += listed(trial, verdict).items.size();
    if (verdict.broken == Broken::kNothing) return;
    if (broken_ && broken_->first.seed < trial.seed) return;
    broken_ = {trial, std::move(verdict)};
  }

  Outcome<Finding> minimise(const Trial& drawn, const TrialVerdict& first,
                            const ExploreWatch& goes_on) {
    Finding finding{.trial = drawn, .verdict = first};
    std::optional<Failure> failure;
    const auto breaks = [&](const Trial& trial) {
      if (failure || !goes_on(found_)) return false;
      ++finding.trials;
      auto verdict = run_isolated(lab_, trial);
      if (!verdict) {
        failure = std::move(verdict).error();
        return false;
      }
      if (!is_same_trouble(first, *verdict)) return false;
      finding.verdict = std::move(*verdict);
      return true;
    };
    // A child that died told nothing of what chance did: then chance stays.
    if (const Trial all = listed(drawn, first); breaks(all)) finding.trial = all;
    finding.items_drawn = finding.trial.items.size();
    Trial tried = finding.trial;
    finding.trial.items = shrink(finding.trial.items, [&](const std::vector<TrialItem>& items) {
      tried.items = items;
      return breaks(tried);
    });
    // The last that broke it was this list, or a list of it was refused by the watch.
    static_cast<void>(breaks(finding.trial));
    if (failure) return std::unexpected(std::move(*failure));
    return finding;
  }

  const LabFile& lab_;
  ExploreOptions options_;
  std::uint64_t next_;
  bool is_drawn_out_ = false;
  std::vector<RunningTrial> running_;
  std::optional<std::pair<Trial, TrialVerdict>> broken_;
  Exploration found_;
};

}  // namespace

Trial listed(const Trial& drawn, const TrialVerdict& verdict) {
  if (verdict.broken == Broken::kCrashed || verdict.broken == Broken::kHung) return drawn;
  Trial all{.seed = drawn.seed, .is_listed = true, .items = verdict.struck};
  for (const TrialItem& item : drawn.items) {
    if (!is_frame_fault(item.kind)) all.items.push_back(item);
  }
  return all;
}

Outcome<Exploration> explore(const LabFile& lab, const ExploreOptions& options,
                             const ExploreWatch& goes_on) {
  return SeedSearch(lab, options).run(goes_on);
}

}  // namespace strata::service

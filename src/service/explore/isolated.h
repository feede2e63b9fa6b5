// SPDX-License-Identifier: Apache-2.0
// Trials in processes of their own: a failed STRATA_CHECK or a crash is a verdict like another.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "service/explore/verdict.h"
#include "service/lab/lab.h"

namespace strata::service {

// A child made by fork(2), and the pipe on which it tells its verdict. Ending one that runs kills
// its child.
class IsolatedTrial {
 public:
  [[nodiscard]] static Outcome<IsolatedTrial> start(const LabFile& lab, const Trial& trial);
  IsolatedTrial(IsolatedTrial&& other) noexcept;
  IsolatedTrial& operator=(IsolatedTrial&& other) noexcept;
  ~IsolatedTrial();

  [[nodiscard]] int descriptor() const { return pipe_; }
  // Takes in what has come. True: that was all, and verdict() may be asked, once.
  [[nodiscard]] bool read();
  // Fails when the trial does not fit the lab.
  [[nodiscard]] Outcome<TrialVerdict> verdict();

 private:
  IsolatedTrial(pid_t child, int pipe) : child_(child), pipe_(pipe) {}
  void end();

  pid_t child_ = -1;
  int pipe_ = -1;
  std::string told_;
};

// Start to end.
[[nodiscard]] Outcome<TrialVerdict> run_isolated(const LabFile& lab, const Trial& trial);

// How verdicts cross the pipe.
[[nodiscard]] std::string verdict_line(const TrialVerdict& verdict);
[[nodiscard]] Outcome<TrialVerdict> parse_verdict(const std::string& text);

}  // namespace strata::service

// SPDX-License-Identifier: Apache-2.0
// LiveLab: a lab that runs by the machine's clock, with the real devices its file names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/lab/lab_run.h"
#include "service/lab/live/paced_world.h"
#include "service/lab/live/rate_meter.h"
#include "strata/inline_function.h"
#include "strata/loop.h"

namespace strata::service {

// Why a lab with this node runs in real time only: "FILE:LINE: KEY: ...". Nothing: it has no
// device.
[[nodiscard]] Outcome<void> check_needs_no_device(const LabFile& lab, const std::string& path);

class LiveLab {
 public:
  // Makes the interfaces of the lab's devices. `run` outlives this; `path` is what failures call
  // the file.
  [[nodiscard]] static Outcome<std::unique_ptr<LiveLab>> create(LabRun& run, const LabFile& lab,
                                                                const std::string& path,
                                                                LoopPolicy policy);
  ~LiveLab();
  LiveLab(const LiveLab&) = delete;
  LiveLab& operator=(const LiveLab&) = delete;

  // Which interfaces there are now, a line each.
  [[nodiscard]] const std::string& announcement() const { return announcement_; }
  // As LabRun::run(); `goes_on` is asked many times a second.
  [[nodiscard]] LabResults run(InlineFunction<bool(double share)> goes_on);

 private:
  struct Metered;
  LiveLab(LabRun& run, const LabFile& lab, std::unique_ptr<Loop> loop);
  [[nodiscard]] Outcome<void> open(std::size_t node, const std::string& path);
  void meter_links();
  [[nodiscard]] bool reach(Time time);
  [[nodiscard]] LabAccuracy accuracy() const;
  void add_rates(LabAccuracy& accuracy) const;

  LabRun& run_;
  const LabFile& lab_;
  std::unique_ptr<Loop> loop_;
  PacedWorld paced_;
  std::vector<std::unique_ptr<Metered>> meters_;
  std::vector<std::string> interfaces_;  // of PacedWorld::joined(), for people
  std::string announcement_;
  InlineFunction<bool(double share)> goes_on_;
  int former_slack_ = 0;  // nanoseconds by which the kernel may wake this thread late
};

}  // namespace strata::service

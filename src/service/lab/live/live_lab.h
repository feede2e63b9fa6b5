// SPDX-License-Identifier: Apache-2.0
// LiveLab: a lab that runs by the machine's clock, with the real devices its file names.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/failure.h"
#include "service/lab/lab_run.h"
#include "strata/inline_function.h"
#include "strata/sim_live.h"

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
  LiveLab(const LiveLab&) = delete;
  LiveLab& operator=(const LiveLab&) = delete;

  // Which interfaces there are now, a line each.
  [[nodiscard]] const std::string& announcement() const { return announcement_; }
  // As LabRun::run(); `goes_on` is asked many times a second.
  [[nodiscard]] LabResults run(InlineFunction<bool(double share)> goes_on);

 private:
  LiveLab(LabRun& run, const LabFile& lab, std::unique_ptr<sim::LiveWorld> live)
      : run_(run), lab_(lab), live_(std::move(live)) {}
  [[nodiscard]] Outcome<void> open(std::size_t node, const std::string& path);
  [[nodiscard]] bool reach(Time time);

  LabRun& run_;
  const LabFile& lab_;
  std::unique_ptr<sim::LiveWorld> live_;
  std::vector<std::string> interfaces_;  // of the devices, for people
  std::string announcement_;
  InlineFunction<bool(double share)> goes_on_;
};

}  // namespace strata::service

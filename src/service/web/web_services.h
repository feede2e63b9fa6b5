// SPDX-License-Identifier: Apache-2.0
// WebServices: the HTTP ports of a stack on all its cores, as its options want them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/cores/cores.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/stack_options.h"

namespace strata::service {

struct WebSubjects {
  std::vector<HostedStack*> cores;    // the front one first: whose addresses are listened on
  std::vector<HostedStack*> watched;  // what is told of: the front one first
  Cores* all_cores = nullptr;
  std::string version{};
  std::function<void(const Failure&)> tell{};  // of trouble with clients, from any core
};

// What options want of HTTP, with all that files say for it: from here on nothing needs to be read.
struct WebPlan;

class WebServices {
 public:
  // The dashboard is left out where its port is somebody else's; what was asked for must come
  // about.
  [[nodiscard]] static Outcome<std::unique_ptr<WebServices>> open(const WebSubjects& subjects,
                                                                  const StackOptions& options);
  ~WebServices();
  WebServices(const WebServices&) = delete;
  WebServices& operator=(const WebServices&) = delete;

  // Where the dashboard is: port and path; empty: there is none.
  struct Place {
    std::uint16_t port = 0;
    std::string path{};
    bool is_encrypted = false;
  };
  [[nodiscard]] const std::vector<Place>& dashboards() const { return dashboards_; }
  // Why there is none, though nobody asked for its absence; empty: there is.
  [[nodiscard]] const std::string& absence() const { return absence_; }
  [[nodiscard]] std::size_t connections() const;

  // Other options while it runs: what the plan reads and checks can fail, and then nothing has
  // changed. The rest is for the thread of each core, in this order. Whether there is a dashboard
  // stays as it is.
  using PlanPtr = std::shared_ptr<const WebPlan>;
  [[nodiscard]] Outcome<PlanPtr> plan(const StackOptions& options) const;
  // Connections go on.
  void close_others(std::size_t core, const WebPlan& plan);
  [[nodiscard]] Outcome<void> open_missing(std::size_t core, const WebPlan& plan);
  // Of what is open: folders, certificates, and whom the dashboard talks to.
  void settle(std::size_t core, const WebPlan& plan);

 private:
  struct Shared;
  struct OfCore;

  WebServices();
  [[nodiscard]] Outcome<void> start(const WebSubjects& subjects, const StackOptions& options);
  void note_places(const StackOptions& options);

  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<OfCore>> cores_;
  std::vector<Place> dashboards_;
  std::string absence_;
};

}  // namespace strata::service

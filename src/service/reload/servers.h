// SPDX-License-Identifier: Apache-2.0
// Servers: all that `strata up` serves, on all cores, and how it becomes something else.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "service/cores/cores.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/serve/tcp_services.h"
#include "service/serve/udp_services.h"
#include "service/stack_options.h"
#include "service/web/web_services.h"

namespace strata::service {

// 1. A change is tried on the front core: what goes is closed, what comes is opened, and when that
//    fails what was there is opened again, within one turn. Nothing else changes before.
// 2. The other cores do the same in turns of their own.
// 3. Connections that were accepted go on.

class Servers {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Servers>> open(const WebSubjects& subjects,
                                                              const StackOptions& options);
  ~Servers();
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  // Files that options name are read again, too. From the front core's thread, between turns.
  [[nodiscard]] Outcome<void> change(const StackOptions& from, const StackOptions& to);

  [[nodiscard]] const WebServices& web() const { return *web_; }

 private:
  struct OfCore;

  Servers();
  [[nodiscard]] Outcome<void> start(const WebSubjects& subjects, const StackOptions& options);
  [[nodiscard]] Outcome<void> become(std::size_t core, const std::vector<ServeOptions>& services,
                                     const WebPlan& plan);

  std::vector<std::unique_ptr<OfCore>> cores_;
  std::unique_ptr<WebServices> web_;
  WebServices::PlanPtr plan_;  // what holds now
};

}  // namespace strata::service

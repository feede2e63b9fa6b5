// SPDX-License-Identifier: Apache-2.0
// StackCores: the stacks that are told of, each on the cores that it has.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "service/cores/cores.h"
#include "service/hosted_stack.h"
#include "strata/loop.h"

namespace strata::service {

class StackCores {
 public:
  // The first stack is that of the front core, and with `cores` of the others as well.
  StackCores(std::vector<HostedStack*> stacks, Cores* cores)
      : stacks_(std::move(stacks)), cores_(cores) {}

  [[nodiscard]] const std::vector<HostedStack*>& stacks() const { return stacks_; }
  [[nodiscard]] Cores* cores_of_front() const { return cores_; }
  [[nodiscard]] Loop& front() const { return stacks_.front()->loop(); }
  [[nodiscard]] std::size_t count(std::size_t stack) const {
    return stack == 0 && cores_ != nullptr ? cores_->followers().size() + 1 : 1;
  }
  // Runs it where that core of the stack is: at once on the front one, where this is called.
  void run_on(std::size_t stack, std::size_t core, std::function<void(HostedStack&)> task) const {
    if (core == 0) return task(*stacks_[stack]);
    Follower& follower = *cores_->followers()[core - 1];
    follower.loop().post_from_outside(
        [&follower, task = std::make_shared<std::function<void(HostedStack&)>>(std::move(task))] {
          (*task)(follower.hosted());
        });
  }

 private:
  std::vector<HostedStack*> stacks_;
  Cores* cores_;
};

// From other cores, whose tasks may outlive an owner on the front core, to that owner.
template <typename Owner>
struct FrontHome {
  Loop& front;
  std::shared_ptr<Owner*> alive;  // looked into on the front core alone

  template <typename Task>
  void post(Task task) const {
    front.post_from_outside([known = alive, task = std::move(task)]() mutable {
      if (*known != nullptr) task(**known);
    });
  }
  // The same from a core; from the front one at once.
  template <typename Task>
  void tell(std::size_t core, Task task) const {
    if (core != 0) return post(std::move(task));
    if (*alive != nullptr) task(**alive);
  }
};

}  // namespace strata::service

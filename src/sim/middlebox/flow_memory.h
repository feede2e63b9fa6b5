// SPDX-License-Identifier: Apache-2.0
// What a box remembers of flows: until they fall silent, it forgets, or there are too many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "strata/time.h"

namespace strata::sim {

// Every order in here is that of keys: none comes from an address or a hash.
template <typename Key, typename Value>
class FlowMemory {
 public:
  FlowMemory(Duration idle, std::vector<Time> forgets, std::size_t flows_max)
      : idle_(idle), forgets_(std::move(forgets)), flows_max_(std::max<std::size_t>(flows_max, 1)) {
    std::ranges::sort(forgets_);
  }

  // The same as find(), without hearing of it.
  [[nodiscard]] const Value* look_at(const Key& key, Time now) {
    pass_time(now);
    const auto found = flows_.find(key);
    const bool is_known = found != flows_.end() && now - found->second.heard <= idle_;
    return is_known ? &found->second.value : nullptr;
  }

  // Null when it is unknown. Who is found has been heard of.
  [[nodiscard]] Value* find(const Key& key, Time now) {
    pass_time(now);
    const auto found = flows_.find(key);
    if (found == flows_.end()) return nullptr;
    if (now - found->second.heard > idle_) {
      flows_.erase(found);
      return nullptr;
    }
    found->second.heard = now;
    return &found->second.value;
  }

  Value& insert(const Key& key, Value value, Time now) {
    pass_time(now);
    if (flows_.size() >= flows_max_) {
      flows_.erase(
          std::ranges::min_element(flows_, {}, [](const auto& flow) { return flow.second.heard; }));
    }
    return flows_.insert_or_assign(key, Flow{std::move(value), now}).first->second.value;
  }

  void forget() { flows_.clear(); }
  [[nodiscard]] std::size_t size() const { return flows_.size(); }

 private:
  struct Flow {
    Value value;
    Time heard{};
  };

  void pass_time(Time now) {
    for (; forgotten_ != forgets_.size() && forgets_[forgotten_] <= now; ++forgotten_) forget();
  }

  Duration idle_;
  std::vector<Time> forgets_;
  std::size_t forgotten_ = 0;
  std::size_t flows_max_;
  std::map<Key, Flow> flows_;
};

}  // namespace strata::sim

// SPDX-License-Identifier: Apache-2.0
// OptionSets: what sockets were told, kept once for all that were told the same.
//
// A server's million connections have their listener's options, so each holds a 32-bit index and
// the set counts its users. 0 names the defaults, which nobody has to count.
#pragma once

#include <array>
#include <cstdint>

#include "base/slab.h"
#include "strata/tcp_config.h"

namespace strata::tcp {

using OptionSetIndex = Index;
inline constexpr OptionSetIndex kDefaultOptions = kNoIndex;

class OptionSets {
 public:
  OptionSets(Memory& memory, std::uint32_t sets_max) : sets_(memory, sets_max) {}

  [[nodiscard]] const TcpSocketOptions& operator[](OptionSetIndex index) const {
    return index == kDefaultOptions ? defaults_ : sets_[index].options;
  }

  // Room for one more user of these options; false, and `to` as before, when Memory has none.
  [[nodiscard]] bool try_take(const TcpSocketOptions& options, OptionSetIndex& to) {
    if (options == defaults_) {
      to = kDefaultOptions;
      return true;
    }
    for (const Index recent : recent_) {
      Set* const set = sets_.find(recent);
      if (set == nullptr || !(set->options == options)) continue;
      ++set->users;
      to = recent;
      return true;
    }
    const Index made = sets_.try_create(options);
    if (made == kNoIndex) return false;
    recent_[next_recent_] = made;
    next_recent_ = (next_recent_ + 1) % kRecent;
    to = made;
    return true;
  }
  // One more user of a set that has some.
  void share(OptionSetIndex index) {
    if (index != kDefaultOptions) ++sets_[index].users;
  }
  void give_back(OptionSetIndex index) {
    if (index != kDefaultOptions && --sets_[index].users == 0) sets_.destroy(index);
  }
  [[nodiscard]] std::uint32_t size() const { return sets_.size(); }

 private:
  static constexpr std::size_t kRecent = 8;
  struct Set {
    explicit Set(const TcpSocketOptions& set_options) : options(set_options) {}
    TcpSocketOptions options;
    std::uint32_t users = 1;
  };

  Slab<Set> sets_;
  TcpSocketOptions defaults_{};
  std::array<Index, kRecent> recent_{kNoIndex, kNoIndex, kNoIndex, kNoIndex,
                                     kNoIndex, kNoIndex, kNoIndex, kNoIndex};
  std::size_t next_recent_ = 0;
};

}  // namespace strata::tcp

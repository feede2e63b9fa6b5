// SPDX-License-Identifier: Apache-2.0
#include "service/log/journal.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace strata::service {
namespace {

std::string_view name_of(NeighborState state) {
  switch (state) {
    case NeighborState::kIncomplete: return "being asked for";
    case NeighborState::kReachable: return "reachable";
    case NeighborState::kStale: return "stale";
    case NeighborState::kDelay: return "stale and in use";
    case NeighborState::kProbe: return "being probed";
    case NeighborState::kUnreachable: return "unreachable";
    case NeighborState::kPermanent: return "permanent";
  }
  return "unknown";
}

struct AddressNews {
  LogLevel level;
  std::string_view state, words;
};
constexpr AddressNews kDuplicate{LogLevel::kWarning, "duplicate", "belongs to another host"};
constexpr AddressNews kTentative{LogLevel::kInfo, "tentative", "is being checked for duplicates"};
constexpr AddressNews kUsable{LogLevel::kInfo, "usable", "can be used"};
constexpr AddressNews kGone{LogLevel::kInfo, "gone", "is gone"};

void tell_address(const Log& log, const std::string& address, const AddressNews& news) {
  log.write(news.level, "address", fmt::format("address {} {}", address, news.words),
            {{"address", address}, {"state", news.state}});
}

}  // namespace

Journal::Journal(HostedStack& host, const Log& log) : host_(host), log_(log) {
  look();
  arm();
}

Journal::~Journal() {
  if (timer_) host_.loop().cancel_timer(*timer_);
}

void Journal::arm() {
  timer_ = host_.loop().start_timer(host_.loop().now() + std::chrono::seconds(1), [this] {
    look();
    arm();
  });
}

void Journal::look() {
  look_at_interfaces();
  look_at_addresses();
  if (!log_.wants(LogLevel::kDebug)) return;
  look_at_neighbors();
  look_at_drops();
}

void Journal::look_at_interfaces() {
  host_.stack().for_each_interface([this](const InterfaceEntry& entry) {
    const std::string name(entry.name.view());
    const auto [known, is_new] = interfaces_.try_emplace(name, entry.is_up);
    if (!is_new && known->second == entry.is_up) return;
    known->second = entry.is_up;
    const std::string_view state = entry.is_up ? "up" : "down";
    log_.write(entry.is_up ? LogLevel::kInfo : LogLevel::kWarning, "interface",
               fmt::format("interface {} is {}", name, state),
               {{"interface", name}, {"state", state}});
  });
}

void Journal::look_at_addresses() {
  std::map<std::string, AddressState> found;
  host_.stack().for_each_address([&](const AddressEntry& entry) {
    found.emplace(strata::to_text(entry.prefix).view(), entry.state);
  });
  for (const auto& [text, state] : found) {
    const auto known = addresses_.find(text);
    if (known != addresses_.end() && known->second == state) continue;
    tell_address(log_, text,
                 state == AddressState::kDuplicate   ? kDuplicate
                 : state == AddressState::kTentative ? kTentative
                                                     : kUsable);
  }
  for (const auto& [text, state] : addresses_) {
    if (!found.contains(text)) tell_address(log_, text, kGone);
  }
  addresses_ = std::move(found);
}

void Journal::look_at_neighbors() {
  std::map<std::string, NeighborState> found;
  host_.stack().for_each_neighbor(host_.loop().now(), [&](const NeighborEntry& entry) {
    found.emplace(strata::to_text(entry.address).view(), entry.state);
  });
  for (const auto& [text, state] : found) {
    const auto known = neighbors_.find(text);
    if (known != neighbors_.end() && known->second == state) continue;
    log_.write(LogLevel::kDebug, "neighbor",
               fmt::format("neighbour {} is {}", text, name_of(state)),
               {{"address", text}, {"state", name_of(state)}});
  }
  neighbors_ = std::move(found);
}

void Journal::look_at_drops() {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const std::uint64_t count = host_.stack().drops(reason);
    const std::uint64_t more = count - std::exchange(drops_[i], count);
    if (more == 0) continue;
    log_.write(LogLevel::kDebug, "drops",
               fmt::format("dropped {} packet{}: {}: {}", more, more == 1 ? "" : "s",
                           strata::name_of(reason), explanation_of(reason)),
               {{"reason", strata::name_of(reason)}, {"packets", more}});
  }
}

}  // namespace strata::service

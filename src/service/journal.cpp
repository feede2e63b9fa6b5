// SPDX-License-Identifier: Apache-2.0
#include "service/journal.h"

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

}  // namespace

Journal::Journal(HostedStack& host, LogLevel level, Sink sink)
    : host_(host), level_(level), sink_(std::move(sink)) {
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

void Journal::tell(LogLevel level, const std::string& text) {
  if (level >= level_) sink_(level, text);
}

void Journal::look() {
  look_at_interfaces();
  look_at_addresses();
  if (level_ > LogLevel::kDebug) return;
  look_at_neighbors();
  look_at_drops();
}

void Journal::look_at_interfaces() {
  host_.stack().for_each_interface([this](const InterfaceEntry& entry) {
    const std::string name(entry.name.view());
    const auto [known, is_new] = interfaces_.try_emplace(name, entry.is_up);
    if (!is_new && known->second == entry.is_up) return;
    known->second = entry.is_up;
    tell(entry.is_up ? LogLevel::kInfo : LogLevel::kWarning,
         fmt::format("interface {} is {}", name, entry.is_up ? "up" : "down"));
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
    if (state == AddressState::kDuplicate) {
      tell(LogLevel::kWarning, fmt::format("address {} belongs to another host", text));
    } else {
      tell(LogLevel::kInfo,
           fmt::format("address {} {}", text,
                       state == AddressState::kTentative ? "is being checked for duplicates"
                                                         : "can be used"));
    }
  }
  for (const auto& [text, state] : addresses_) {
    if (!found.contains(text)) tell(LogLevel::kInfo, fmt::format("address {} is gone", text));
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
    tell(LogLevel::kDebug, fmt::format("neighbour {} is {}", text, name_of(state)));
  }
  neighbors_ = std::move(found);
}

void Journal::look_at_drops() {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const std::uint64_t count = host_.stack().drops(reason);
    const std::uint64_t more = count - std::exchange(drops_[i], count);
    if (more == 0) continue;
    tell(LogLevel::kDebug, fmt::format("dropped {} packet{}: {}: {}", more, more == 1 ? "" : "s",
                                       strata::name_of(reason), explanation_of(reason)));
  }
}

}  // namespace strata::service

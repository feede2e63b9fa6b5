// SPDX-License-Identifier: Apache-2.0
// Group membership under any calls, queries and times: the merged filter is what the sockets want,
// messages fit their limit, and all memory comes back.
#include <algorithm>
#include <array>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "multicast/membership.h"

namespace strata::multicast {
namespace {

class Harness {
 public:
  explicit Harness(Bytes bytes) : input_(bytes), membership_(memory_, rng_, config()) {}

  void run() {
    while (!input_.empty()) {
      event();
      check_filters();
    }
    for (SocketKey socket = 0; socket < kSockets; ++socket) membership_.leave_all(socket, now_);
    membership_.on_link_change(false, now_);
    fuzz::require(memory_.bytes_used() == 0);
  }

 private:
  static constexpr SocketKey kSockets = 4;
  static Config config() {
    Config config;
    config.groups_max = 4;
    config.memberships_max = 8;
    config.sources_max = 24;
    config.sources_per_filter_max = 8;
    return config;
  }

  static IpAddress group(unsigned number) {
    switch (number % 8) {
      case 0: return IpAddress::all_hosts_v4();
      case 1: return IpAddress::all_nodes_v6();
      case 2: return IpAddress::v6(0xff01'0000'0000'0000, 2);
      case 3:
      case 4: return IpAddress::v6(0xff15'0000'0000'0000, number % 8);
      case 5: return IpAddress::v4(10, 0, 0, 1);  // no group
      default: return IpAddress::v4(0xef00'0000 + number % 8);
    }
  }
  static IpAddress source(const IpAddress& group, unsigned number) {
    return group.is_v4() ? IpAddress::v4(0x0a00'0000 + number % 8)
                         : IpAddress::v6(0xfd77'0000'0000'0000, number % 8);
  }

  void set_filter() {
    const SocketKey socket = input_.byte() % kSockets;
    const IpAddress address = group(input_.byte());
    const auto mode = (input_.byte() & 1U) != 0 ? FilterMode::kInclude : FilterMode::kExclude;
    std::array<IpAddress, 10> sources;
    const std::size_t count = input_.byte() % (sources.size() + 1);
    for (std::size_t i = 0; i < count; ++i) sources[i] = source(address, input_.byte());
    (void)membership_.set_filter(socket, address, mode, std::span(sources).first(count), now_);
  }
  void change_source() {
    const SocketKey socket = input_.byte() % kSockets;
    const IpAddress address = group(input_.byte());
    const IpAddress from = source(address, input_.byte());
    switch (input_.byte() % 6) {
      case 0: (void)membership_.add_source(socket, address, from, now_); break;
      case 1: (void)membership_.drop_source(socket, address, from, now_); break;
      case 2: (void)membership_.block_source(socket, address, from, now_); break;
      case 3: (void)membership_.unblock_source(socket, address, from, now_); break;
      case 4: (void)membership_.join(socket, address, now_); break;
      default: (void)membership_.leave(socket, address, now_); break;
    }
  }
  void query() {
    const std::size_t asked = input_.byte();
    const Bytes message = input_.bytes(asked);
    const IpAddress destination = group(input_.byte());
    if (const auto igmp = wire::IgmpQueryView::parse(message)) {
      (void)membership_.on_query(*igmp, destination, now_);
    }
    if (const auto mld = wire::MldQueryView::parse(message)) {
      (void)membership_.on_query(*mld, destination, now_);
    }
  }
  void pull() {
    for (int count = 0; const auto output = membership_.next_output(now_); ++count) {
      fuzz::require(count < 1000);
      const auto* const report = std::get_if<SendReport>(&*output);
      if (report == nullptr) continue;
      std::size_t bytes = 0;
      for (const Record& record : report->records) {
        const bool is_v4 = record.group.is_v4();
        fuzz::require(is_v4 == report->destination.is_v4() && is_reported(record.group));
        bytes += is_v4 ? 8 + 4 * record.sources.size() : 20 + 16 * record.sources.size();
      }
      fuzz::require(!report->records.empty() && bytes + 32 <= 1500);
    }
  }
  void pass_time() {
    const Time end = now_ + std::chrono::milliseconds(1 << (input_.byte() % 18));
    while (const auto deadline = membership_.next_deadline()) {
      if (*deadline > end) break;
      now_ = std::max(now_, *deadline);
      membership_.on_deadline(now_);
      pull();
      // Whatever was due is not due any more.
      const auto next = membership_.next_deadline();
      fuzz::require(!next || *next >= now_);
    }
    now_ = end;
  }
  void check_filters() const {
    for (unsigned number = 0; number < 8; ++number) {
      const IpAddress address = group(number);
      for (unsigned from = 0; from < 8; ++from) {
        bool is_wanted = false;
        for (SocketKey socket = 0; socket < kSockets; ++socket) {
          is_wanted |= membership_.accepts(socket, address, source(address, from));
        }
        fuzz::require(is_wanted == membership_.is_wanted(address, source(address, from)));
      }
    }
  }
  void event() {
    switch (input_.byte() % 8) {
      case 0: return set_filter();
      case 1: return change_source();
      case 2: return membership_.leave_all(input_.byte() % kSockets, now_);
      case 3: return query();
      case 4: return membership_.on_report(group(input_.byte()), now_);
      case 5: return membership_.on_link_change(input_.byte() % 4 != 0, now_);
      case 6: return pull();
      default: return pass_time();
    }
  }

  HeapMemory memory_;
  Rng rng_{1};
  fuzz::Input input_;
  Membership membership_;
  Time now_{std::chrono::seconds(1)};
};

}  // namespace
}  // namespace strata::multicast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::multicast::Harness(strata::fuzz::as_input(data, size)).run();
  return 0;
}

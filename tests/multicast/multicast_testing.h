// SPDX-License-Identifier: Apache-2.0
// A membership engine under virtual time, told queries as bytes and answering in readable records.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "multicast/membership.h"
#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::multicast {

using namespace std::chrono_literals;
using Type = wire::GroupRecordType;
using Sources = std::vector<IpAddress>;

inline const IpAddress kGroup4 = IpAddress::v4(239, 1, 2, 3);
inline const IpAddress kGroup6 = IpAddress::v6(0xff15'0000'0000'0000, 0x123);

// Sources named by a number, of the family of a group.
inline IpAddress source(const IpAddress& group, unsigned number) {
  return group.is_v4() ? IpAddress::v4(0x0a00'0000 + number)
                       : IpAddress::v6(0xfd77'0000'0000'0000, number);
}
inline Sources sources(const IpAddress& group, std::initializer_list<unsigned> numbers) {
  Sources made;
  for (const unsigned number : numbers) made.push_back(source(group, number));
  return made;
}

// One record of a report, or one older message, with values of its own.
struct Told {
  Type type{};
  IpAddress group;
  Sources sources;
  friend bool operator==(const Told&, const Told&) = default;
};

struct Sent {
  Time at;
  IpAddress destination;
  std::vector<Told> records;  // SendReport
  std::optional<wire::IgmpHeader> igmp;
  std::optional<wire::MldHeader> mld;
};

class World {
 public:
  explicit World(const Config& config = {}, std::uint64_t seed = 1)
      : rng(seed), membership(memory, rng, config) {}

  std::vector<Sent> pull() {
    std::vector<Sent> all;
    while (const auto output = membership.next_output(now)) all.push_back(taken(*output));
    return all;
  }
  std::vector<Sent> run(Duration duration) {
    const Time end = now + duration;
    std::vector<Sent> all = pull();
    while (const auto deadline = membership.next_deadline()) {
      if (*deadline > end) break;
      now = std::max(now, *deadline);
      membership.on_deadline(now);
      for (Sent& sent : pull()) all.push_back(std::move(sent));
    }
    now = end;
    return all;
  }
  // All records of all reports, in order.
  std::vector<Told> told(Duration duration) {
    std::vector<Told> all;
    for (Sent& sent : run(duration)) {
      for (Told& record : sent.records) all.push_back(std::move(record));
    }
    return all;
  }

  DropReason query_v3(const IpAddress& group, unsigned response_code = 100,
                      const Sources& asked = {}, unsigned robustness = 2) {
    std::array<std::byte, 512> bytes{};
    wire::write(
        wire::IgmpV3QueryHeader{.max_response_code = static_cast<std::uint8_t>(response_code),
                                .group = group,
                                .robustness_variable = static_cast<std::uint8_t>(robustness),
                                .query_interval_code = 125,
                                .source_count = static_cast<std::uint16_t>(asked.size())},
        std::span(bytes).first<wire::IgmpV3QueryLayout::kSize>());
    const std::size_t size = wire::IgmpV3QueryLayout::kSize;
    (void)wire::write_addresses<wire::Ipv4Field>(asked, std::span(bytes).subspan(size));
    return query_igmp(std::span(bytes).first(size + asked.size() * 4), group);
  }
  DropReason query_v2(const IpAddress& group, unsigned response_code = 100) {
    std::array<std::byte, wire::IgmpLayout::kSize> bytes{};
    wire::write(wire::IgmpHeader{.type = wire::IgmpType::kMembershipQuery,
                                 .max_response_code = static_cast<std::uint8_t>(response_code),
                                 .group = group},
                std::span(bytes));
    return query_igmp(bytes, group);
  }
  DropReason query_v1() { return query_v2(IpAddress::any_v4(), 0); }

  DropReason query_mld2(const IpAddress& group, unsigned response_code = 10000,
                        const Sources& asked = {}) {
    std::array<std::byte, 2048> bytes{};
    wire::write(
        wire::MldV2QueryHeader{.max_response_code = static_cast<std::uint16_t>(response_code),
                               .group = group,
                               .robustness_variable = 2,
                               .query_interval_code = 125,
                               .source_count = static_cast<std::uint16_t>(asked.size())},
        std::span(bytes).first<wire::MldV2QueryLayout::kSize>());
    const std::size_t size = wire::MldV2QueryLayout::kSize;
    (void)wire::write_addresses<wire::Ipv6Field>(asked, std::span(bytes).subspan(size));
    return query_mld(std::span(bytes).first(size + asked.size() * 16), group);
  }
  DropReason query_mld1(const IpAddress& group, unsigned response_ms = 10000) {
    std::array<std::byte, wire::MldLayout::kSize> bytes{};
    wire::write(wire::MldHeader{.type = wire::Icmpv6Type::kMulticastListenerQuery,
                                .max_response_code = static_cast<std::uint16_t>(response_ms),
                                .group = group},
                std::span(bytes));
    return query_mld(bytes, group);
  }
  // Of the newest version, in the family of the group.
  DropReason query_newest(const IpAddress& group, const Sources& asked = {}) {
    return group.is_v4() ? query_v3(group, 100, asked) : query_mld2(group, 10000, asked);
  }
  DropReason query_general(const IpAddress& like) {
    return like.is_v4() ? query_v3(IpAddress::any_v4()) : query_mld2(IpAddress::any_v6());
  }

  HeapMemory memory;
  Rng rng;
  Time now{100s};
  Membership membership;

 private:
  DropReason query_igmp(Bytes bytes, const IpAddress& group) {
    const auto view = wire::IgmpQueryView::parse(bytes);
    EXPECT_TRUE(view.has_value());
    return membership.on_query(*view, group.is_unspecified() ? IpAddress::all_hosts_v4() : group,
                               now);
  }
  DropReason query_mld(Bytes bytes, const IpAddress& group) {
    const auto view = wire::MldQueryView::parse(bytes);
    EXPECT_TRUE(view.has_value());
    return membership.on_query(*view, group.is_unspecified() ? IpAddress::all_nodes_v6() : group,
                               now);
  }
  Sent taken(const Output& output) {
    Sent sent{.at = now, .destination = {}, .records = {}, .igmp = {}, .mld = {}};
    if (const auto* const igmp = std::get_if<SendIgmp>(&output)) {
      sent.destination = igmp->destination;
      sent.igmp = igmp->header;
    } else if (const auto* const mld = std::get_if<SendMld>(&output)) {
      sent.destination = mld->destination;
      sent.mld = mld->header;
    } else {
      const auto& report = std::get<SendReport>(output);
      sent.destination = report.destination;
      for (const Record& record : report.records) {
        sent.records.push_back(
            {record.type, record.group, Sources(record.sources.begin(), record.sources.end())});
      }
    }
    return sent;
  }
};

}  // namespace strata::multicast
